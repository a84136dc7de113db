"""Reading one file of a git repository."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from greatwheel.core.errors import BadInput, GitFailed, SourceRefused
from greatwheel.registry.agents import Git
from greatwheel.registry.git import GitReader, protocol_of

ADDRESSES = {
    "https://example.org/a/b.git": "https",
    "https://example.org:8443/a": "https",
    "ssh://git@example.org/a/b.git": "ssh",
    "git@example.org:a/b.git": "ssh",
    "/srv/agents.git": "file",
    "file:///srv/agents.git": "file",
}
HOSTILE = [
    "--upload-pack=touch /tmp/owned",
    "-u touch",
    "ext::sh -c 'touch /tmp/owned'",
    "fd::17/x",
    "http://example.org/a",
    "git://example.org/a",
    "https://user:token@example.org/a",
    "https://token@example.org/a",
    "ssh://-oProxyCommand=touch/x",
    "-oProxyCommand=touch@example.org:a",
    "git@-oProxyCommand=touch:a",
    "git@example.org:-a",
    "ssh://git@example.org:22x/a",
    "https://example.org/a\nb",
    "https://example.org/a b",
    "https://example.org/a?x=$(touch)",
    "/srv/a\nb",
    "relative/path",
    "../up",
    "",
]


@pytest.mark.parametrize(("address", "protocol"), ADDRESSES.items())
def test_addresses_are_known_by_their_form(address: str, protocol: str) -> None:
    """Each form of address that is allowed has its protocol."""
    assert protocol_of(Git(repository=address, path="a.py")) == protocol


@pytest.mark.parametrize("address", HOSTILE)
def test_addresses_that_git_could_take_for_more_are_refused(address: str) -> None:
    """Options, helpers, commands, credentials and other protocols never reach git."""
    with pytest.raises(BadInput, match="The repository must be"):
        protocol_of(Git(repository=address, path="a.py"))


@pytest.mark.parametrize(
    "revision", ["--upload-pack=x", "-f", "a:b", "+a", "a..b", "@{u}", "a b", "a\n", "", "^a", "*"]
)
def test_revisions_that_are_none_are_refused(revision: str) -> None:
    """A revision is a name or a commit id: no option, no refspec, no range."""
    with pytest.raises(BadInput, match="The revision must be"):
        protocol_of(Git(repository="https://example.org/a", path="a.py", revision=revision))


@pytest.mark.parametrize("path", ["../a.py", "a/../../b", "/etc/passwd", "-p", "a\n.py", "", ":x"])
def test_paths_that_lead_elsewhere_are_refused(path: str) -> None:
    """A path stays inside the repository and is no option."""
    with pytest.raises(BadInput, match="The path must be"):
        protocol_of(Git(repository="https://example.org/a", path=path))


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder."""
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *who, "-C", str(folder), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of two commits, the first tagged v1."""
    folder = tmp_path / "repository"
    (folder / "agents").mkdir(parents=True)
    git(folder, "init", "-q")
    for number, tag in enumerate(["v1", "v2"], start=1):
        (folder / "agents" / "one.py").write_text(f"def handle(task):\n    return {number}\n")
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", f"number {number}")
        git(folder, "tag", tag)
    return folder


async def test_a_file_is_read_at_a_revision(repository: Path) -> None:
    """HEAD, a branch, a tag and a whole commit id each give the file as of then, and the commit."""
    reader = GitReader(protocols=["file"])
    first = git(repository, "rev-parse", "v1")
    for revision, number in [("HEAD", 2), ("main", 2), ("v1", 1), (first, 1)]:
        found = await reader.read(Git(repository=str(repository), path="agents/one.py", revision=revision))
        assert f"return {number}" in found.source
        assert found.commit == git(repository, "rev-parse", revision)


async def test_what_is_not_there_is_told_in_gits_words(repository: Path, tmp_path: Path) -> None:
    """A missing repository, revision or file is one line of git's own."""
    reader = GitReader(protocols=["file"])
    place = str(repository)
    for origin in [
        Git(repository=str(tmp_path / "none"), path="a.py"),
        Git(repository=place, path="agents/one.py", revision="none"),
        Git(repository=place, path="agents/none.py"),
        Git(repository=place, path="agents"),
    ]:
        with pytest.raises(GitFailed, match=r"^git [a-z-]+: .+$") as failed:
            await reader.read(origin)
        assert "\n" not in str(failed.value)


async def test_files_that_are_no_code_are_refused(repository: Path) -> None:
    """A huge file is not brought here, and a binary one is no code."""
    (repository / "huge.py").write_bytes(b"#" * 1_000_001)
    (repository / "raw.py").write_bytes(b"\xff\xfe")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "more")
    reader = GitReader(protocols=["file"])
    with pytest.raises(BadInput, match="1,000,001 bytes"):
        await reader.read(Git(repository=str(repository), path="huge.py"))
    with pytest.raises(SourceRefused, match=r"raw\.py is not text"):
        await reader.read(Git(repository=str(repository), path="raw.py"))


async def test_protocols_must_be_allowed(repository: Path) -> None:
    """A local repository is not read where only https is allowed."""
    with pytest.raises(BadInput, match=r"by file are not allowed here \(allowed: https\)"):
        await GitReader().read(Git(repository=str(repository), path="agents/one.py"))


async def test_git_gets_none_of_the_machines_settings(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings of the user who runs Greatwheel, such as aliases of addresses, do not count."""
    (tmp_path / ".gitconfig").write_text('[url "/nowhere"]\n    insteadOf = ' + str(repository) + "\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    found = await GitReader(protocols=["file"]).read(Git(repository=str(repository), path="agents/one.py"))
    assert "return 2" in found.source


async def test_a_git_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time limit git and its children are gone, and the error says so."""
    fake, pids = tmp_path / "git", tmp_path / "pid"
    fake.write_text(
        f"#!{sys.executable}\nimport os, time\nopen({str(pids)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)\n"
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitFailed, match=r"more than 1\.5 seconds"):
        await GitReader(seconds=1.5).read(Git(repository="https://example.org/a", path="a.py"))
    assert not Path(f"/proc/{pids.read_text()}").exists()


async def test_a_machine_without_git_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where git is not installed the error names it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitFailed, match="git is not installed"):
        await GitReader().read(Git(repository="https://example.org/a", path="a.py"))
