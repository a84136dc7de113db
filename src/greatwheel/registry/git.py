"""Reads one file of a git repository, by the git command line.

Addresses, revisions and paths come from tenants. They are matched against narrow patterns before git sees them, git is
started without a shell, with none of the machine's git settings, and with only the allowed protocols.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from greatwheel.core.errors import BadInput, GitFailed
from greatwheel.registry.agents import Git
from greatwheel.registry.folder import MAX_BYTES, as_source

Protocol: TypeAlias = Literal["https", "ssh", "file"]
USUAL_PROTOCOLS: tuple[Protocol, ...] = ("https",)
"""`ssh` would read with the keys of this machine, whoever defined the agent; `file` reads its repositories."""

_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
_USER = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_REST = r"[A-Za-z0-9_.~/%+@-]+"
_ADDRESSES: Mapping[Protocol, re.Pattern[str]] = {
    "https": re.compile(rf"https://{_HOST}(?::\d{{1,5}})?/{_REST}"),
    "ssh": re.compile(rf"ssh://(?:{_USER}@)?{_HOST}(?::\d{{1,5}})?/{_REST}|{_USER}@{_HOST}:[A-Za-z0-9_~/]{_REST}"),
    "file": re.compile(r"(?:file://)?/[^\x00-\x1f\x7f]+"),
}
_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}")
_PATH = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_./ -]{0,499}")

_KEPT = (
    *("PATH", "HOME", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"),
    *("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "no_proxy"),
)
"""Variables of this process that git gets."""
_SAID = 4_000
"""Bytes of git's messages that are kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """A file as of a commit."""

    source: str
    commit: str


def protocol_of(origin: Git) -> Protocol:
    """How the repository is reached, once everything in the origin is known to be harmless to git.

    Raises:
        BadInput: the address, the revision or the path is none that we pass on.
    """
    found: list[Protocol] = [name for name, pattern in _ADDRESSES.items() if pattern.fullmatch(origin.repository)]
    if not found:
        raise BadInput(
            "The repository must be https://HOST/PATH, ssh://[USER@]HOST/PATH, USER@HOST:PATH or an absolute path,"
            " without a password."
        )
    if not _REVISION.fullmatch(origin.revision) or ".." in origin.revision:
        raise BadInput("The revision must be a branch, a tag or a whole commit id.")
    if not _PATH.fullmatch(origin.path) or ".." in origin.path.split("/"):
        raise BadInput("The path must be that of a file inside the repository, such as agents/research.py.")
    return found[0]


class GitReader:
    """Fetches single files. Each read has a bare repository of its own that is deleted at the end."""

    def __init__(self, *, protocols: Collection[Protocol] = USUAL_PROTOCOLS, seconds: float = 60.0) -> None:
        self._protocols = frozenset(protocols)
        self._seconds = seconds

    def check(self, origin: Git) -> None:
        """Refuse what must not reach git: raises BadInput as `protocol_of`, and for a protocol that is not allowed."""
        protocol = protocol_of(origin)
        if protocol not in self._protocols:
            allowed = ", ".join(sorted(self._protocols)) or "none"
            raise BadInput(f"Git repositories by {protocol} are not allowed here (allowed: {allowed}).")

    async def read(self, origin: Git) -> Fetched:
        """The file as of the revision.

        Raises:
            BadInput: as `check`.
            SourceRefused: the file is too long, or not text.
            GitFailed: git's own message, or that it took too long.
        """
        self.check(origin)
        try:
            async with asyncio.timeout(self._seconds):
                with tempfile.TemporaryDirectory(prefix="greatwheel-git-", ignore_cleanup_errors=True) as folder:
                    return await self._read(folder, origin)
        except TimeoutError as error:
            raise GitFailed(f"git took more than {self._seconds:g} seconds to read {origin.repository}.") from error

    async def _read(self, folder: str, origin: Git) -> Fetched:
        await self._git("init", "-q", "--bare", folder)
        await self._git("-C", folder, "remote", "add", "origin", origin.repository)
        wanted = ("--depth=1", "--no-tags", "--filter=blob:none", "--no-recurse-submodules")
        await self._git("-C", folder, "fetch", "-q", *wanted, "origin", origin.revision)
        commit = (await self._git("-C", folder, "rev-parse", "FETCH_HEAD^{commit}")).decode().strip()
        place = f"{commit}:{origin.path}"
        size = int(await self._git("-C", folder, "cat-file", "-s", place))
        if size > MAX_BYTES:
            raise BadInput(f"{origin.path} has {size:,} bytes; the limit is {MAX_BYTES:,}.")
        raw = await self._git("-C", folder, "cat-file", "blob", place)
        return Fetched(source=as_source(raw, name=origin.path), commit=commit)

    async def _git(self, *arguments: str) -> bytes:
        try:
            process = await asyncio.create_subprocess_exec(
                "git",
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=self._environment(),
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise GitFailed("The command git is not installed; agents' git sources need it.") from error
        try:
            out, said = await asyncio.gather(_kept(process.stdout, MAX_BYTES), _kept(process.stderr, _SAID))
            code = await process.wait()
        finally:
            await _ended(process)
        if code != 0:
            raise GitFailed(f"git {_verb(arguments)}: {_message(said)}")
        return out

    def _environment(self) -> dict[str, str]:
        own = {
            "GIT_ALLOW_PROTOCOL": ":".join(sorted(self._protocols)),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "true",
            "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ConnectTimeout=15",
            "GIT_OPTIONAL_LOCKS": "0",
            "LC_ALL": "C",
        }
        return {name: os.environ[name] for name in _KEPT if name in os.environ} | own


async def _kept(stream: asyncio.StreamReader | None, limit: int) -> bytes:
    """The first bytes of a stream that is read to its end."""
    assert stream is not None
    kept = bytearray()
    while piece := await stream.read(65_536):
        kept += piece[: limit - len(kept)]
    return bytes(kept)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """End git and what it started; what has ended already is left alone."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _verb(arguments: tuple[str, ...]) -> str:
    return arguments[2] if arguments[0] == "-C" else arguments[0]


def _message(said: bytes) -> str:
    """The line of git's output that says what is wrong, fit for a terminal."""
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    faults = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines or ["it failed"]
    shown = "".join(char if char.isprintable() else "?" for char in faults[0])
    return shown.removeprefix("fatal: ").removeprefix("error: ")[:500]
