"""Where git connects to, and what it takes along."""

from __future__ import annotations

import datetime
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from greatwheel.core.errors import BadInput, GitFailed
from greatwheel.registry.agents import Git
from greatwheel.registry.git import GitReader
from greatwheel.tools.addresses import parse_network

NAME = "git.example.org"
"""A host that only this test's resolver knows."""
LOOPBACK = [parse_network("127.0.0.0/8")]
CODE = "def handle(task):\n    return 1\n"


@dataclass
class Host:
    """A git server by https; `redirect` and `status` make it answer otherwise."""

    repositories: Path
    redirect: str = ""
    status: int = 0
    port: int = 0
    seen: list[str] = field(default_factory=list)
    """The authorization of each request."""

    def url(self, name: str = NAME) -> str:
        return f"https://{name}:{self.port}/agents.git"


class Handler(BaseHTTPRequestHandler):
    """Passes requests to git's own server program."""

    host: Host

    def do_GET(self) -> None:
        self.host.seen.append(self.headers.get("authorization", ""))
        if self.host.redirect or self.host.status:
            self.send_response(self.host.status or 302)
            self.send_header("location", self.host.redirect + self.path)
            self.send_header("www-authenticate", "Basic realm=x")
            self.send_header("content-length", "0")
            self.end_headers()
            return
        self._pass_on()

    do_POST = do_GET

    def _pass_on(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        variables = {
            "GIT_PROJECT_ROOT": str(self.host.repositories), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path,
            "QUERY_STRING": query, "REQUEST_METHOD": self.command, "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": self.headers.get("content-type", ""), "GIT_PROTOCOL": self.headers.get("git-protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("content-encoding", ""), "PATH": os.environ["PATH"],
        }  # fmt: skip
        ran = subprocess.run(["git", "http-backend"], input=body, env=variables, capture_output=True, check=True)
        head, _, content = ran.stdout.partition(b"\r\n\r\n")
        length = f"\r\ncontent-length: {len(content)}\r\n\r\n".encode()
        self.wfile.write(b"HTTP/1.0 200 OK\r\n" + head + length + content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for NAME and 127.0.0.1, with its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    names = x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(ip_address("127.0.0.1"))])
    built = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(built.public_bytes(pem) + private)
    return file


@pytest.fixture
def repositories(tmp_path: Path) -> Path:
    """A folder with one repository."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "one.py").write_text(CODE)
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "one"]):
        subprocess.run(["git", *who, "-C", str(work), *arguments], check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(work), str(tmp_path / "served" / "agents.git")], check=True)
    return tmp_path / "served"


@pytest.fixture
def host(repositories: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A server that git trusts, and whose name only we resolve."""
    found = Host(repositories=repositories)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Handler,), {"host": found}))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    found.port = server.server_address[1]
    monkeypatch.setenv("GIT_SSL_CAINFO", str(certificate))
    resolves_to(monkeypatch, "127.0.0.1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def resolves_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Have the name resolve to these."""
    known = socket.getaddrinfo

    def look_up(name: Any, port: Any, *rest: Any, **options: Any) -> Any:
        if name != NAME:
            return known(name, port, *rest, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def place(url: str) -> Git:
    return Git(repository=url, path="one.py")


async def test_git_connects_to_the_address_that_was_checked(host: Host) -> None:
    """A file comes by https from the address that we found for a name, which git can't look up by itself."""
    found = await GitReader(networks=LOOPBACK).read(place(host.url()))
    assert found.source == CODE
    assert len(host.seen) > 2


async def test_proxies_of_the_environment_are_not_used(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would connect to addresses that nobody checked."""
    for name in ("https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await GitReader(networks=LOOPBACK).read(place(host.url()))).source == CODE


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "LOCALHOST", NAME])
async def test_addresses_that_are_not_public_are_refused(host: Host, name: str) -> None:
    """However loopback is written, nothing connects to it; the refusal names the setting that allows networks."""
    with pytest.raises(BadInput, match=r"not public .*agents\.git_networks"):
        await GitReader().read(place(host.url(name)))
    assert host.seen == []


async def test_a_name_with_one_address_that_is_not_public_is_refused(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By ssh as well."""
    resolves_to(monkeypatch, "8.8.8.8", "10.0.0.7")
    for repository in (host.url(), f"git@{NAME}:a/b.git", f"ssh://git@{NAME}:2222/a"):
        with pytest.raises(BadInput, match="not public"):
            await GitReader(protocols=["https", "ssh"], networks=LOOPBACK).read(place(repository))


async def test_a_name_that_nobody_knows_is_told(host: Host) -> None:
    """The failure names the host; so does a port that is none."""
    with pytest.raises(GitFailed, match=r"nobody\.invalid can't be looked up"):
        await GitReader().read(place("https://nobody.invalid/a"))
    with pytest.raises(BadInput, match="port"):
        await GitReader().read(place("https://example.org:99999/a"))


async def test_redirects_are_not_followed(host: Host) -> None:
    """A server can't send git on to an address inside."""
    with socket.create_server(("127.0.0.1", 0)) as inside:
        inside.setblocking(False)
        host.redirect = f"https://127.0.0.1:{inside.getsockname()[1]}"
        with pytest.raises(GitFailed, match="302"):
            await GitReader(networks=LOOPBACK, seconds=10).read(place(host.url()))
        with pytest.raises(BlockingIOError):
            inside.accept()


async def test_git_finds_no_passwords_of_the_machine(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that asks for a password does not get the one that the user who runs Greatwheel has for it."""
    (tmp_path / ".netrc").write_text(f"machine {NAME} login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    host.status = 401
    with pytest.raises(GitFailed):
        await GitReader(networks=LOOPBACK).read(place(host.url()))
    assert set(host.seen) == {""}


async def test_what_git_brings_is_limited(repositories: Path) -> None:
    """A repository that fills the disk is given up, whatever small file of it is wanted."""
    work = repositories.parent / "work"
    (work / "large").write_bytes(os.urandom(3_000_000))
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for arguments in (["add", "."], ["commit", "-q", "-m", "large"]):
        subprocess.run(["git", *who, "-C", str(work), *arguments], check=True)  # noqa: ASYNC221 - nothing else runs
    with pytest.raises(BadInput, match="brings more than 2,000,000 bytes"):
        await GitReader(protocols=["file"], most_fetched=2_000_000).read(place(str(work)))
    assert (await GitReader(protocols=["file"]).read(place(str(work)))).source == CODE


async def test_an_object_that_unpacks_to_too_much_is_refused(host: Host) -> None:
    """A commit of a few kilobytes that would fill the memory is given up before it does."""
    work = host.repositories.parent / "work"
    (work / "message").write_text("a" * 6_000_000)
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    served = str(host.repositories / "agents.git")
    for arguments in (
        ["commit", "-q", "--allow-empty", "--cleanup=verbatim", "-F", "message"],
        ["push", "-q", served, "HEAD"],
    ):
        subprocess.run(["git", *who, "-C", str(work), *arguments], check=True)  # noqa: ASYNC221 - nothing else runs
    with pytest.raises(GitFailed, match="allocate"):
        await GitReader(networks=LOOPBACK, most_fetched=2_000_000).read(place(host.url()))
    assert (await GitReader(networks=LOOPBACK).read(place(host.url()))).source == CODE


def on_path(folder: Path, name: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program before those that are there."""
    (folder / name).write_text(f"#!{sys.executable}\nimport sys\n{code}\n")
    (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


async def test_a_git_that_can_not_be_held_to_addresses_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older git would ignore the addresses and look the name up again."""
    on_path(tmp_path, "git", "print('git version 2.36.4')", monkeypatch)
    with pytest.raises(GitFailed, match=r"need git 2\.37 or later; here is git version 2\.36\.4"):
        await GitReader(networks=LOOPBACK).read(place("https://127.0.0.1/a"))


@pytest.mark.parametrize(
    ("repository", "known_as"), [(f"git@{NAME}:a/b.git", NAME), (f"ssh://git@{NAME}:2222/a/b.git", f"[{NAME}]:2222")]
)
async def test_ssh_connects_to_the_address_that_was_checked(
    repository: str, known_as: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets the address, and the name by which it knows the host's key."""
    said = tmp_path / "said"
    on_path(
        tmp_path, "ssh", f"open({str(said)!r}, 'a').write(' '.join(sys.argv[1:]) + '\\n')\nsys.exit(1)", monkeypatch
    )
    resolves_to(monkeypatch, "8.8.8.8")
    with pytest.raises(GitFailed):
        await GitReader(protocols=["ssh"]).read(place(repository))
    assert f"-o HostName=8.8.8.8 -o HostKeyAlias={known_as} " in said.read_text()
