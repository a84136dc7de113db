"""Reads one file of a git repository, by the git command line.

Addresses, revisions and paths come from tenants. They are matched against narrow patterns before git sees them, git is
started without a shell, with none of the machine's git settings and passwords, with only the allowed protocols, and
held to addresses that were checked. What it brings is limited in time and size.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, assert_never

from greatwheel.core.errors import BadInput, GitFailed
from greatwheel.registry import git_hosts
from greatwheel.registry.agents import Git
from greatwheel.registry.folder import MAX_BYTES, as_source
from greatwheel.registry.git_command import GitCommand
from greatwheel.tools.addresses import Network

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

MOST_FETCHED = 100_000_000
"""Bytes that one read may bring to the disk: trees, and from servers that can't leave files out a commit's files. No
object may be larger when it is unpacked."""
_LOOK_SECONDS = 0.1
"""From one look at what has come to the next."""
_NEEDED = (2, 37)
"""The git that takes the addresses of a host from us (`http.curloptResolve`)."""


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

    def __init__(
        self,
        *,
        protocols: Collection[Protocol] = USUAL_PROTOCOLS,
        networks: Sequence[Network] = (),
        seconds: float = 60.0,
        most_fetched: int = MOST_FETCHED,
    ) -> None:
        """`networks`: that are not public, and may be connected to."""
        self._protocols = frozenset(protocols)
        self._networks = networks
        self._seconds = seconds
        self._most_fetched = most_fetched

    def check(self, origin: Git) -> None:
        """Refuse what must not reach git: raises BadInput as `protocol_of`, and for a protocol that is not allowed."""
        protocol = protocol_of(origin)
        if protocol not in self._protocols:
            allowed = ", ".join(sorted(self._protocols)) or "none"
            raise BadInput(f"Git repositories by {protocol} are not allowed here (allowed: {allowed}).")

    async def read(self, origin: Git) -> Fetched:
        """The file as of the revision.

        Raises:
            BadInput: as `check`; the host's address is not allowed; or git brings too much.
            SourceRefused: the file is too long, or not text.
            GitFailed: git's own message, or that it took too long.
        """
        self.check(origin)
        try:
            async with asyncio.timeout(self._seconds):
                with tempfile.TemporaryDirectory(prefix="greatwheel-git-", ignore_cleanup_errors=True) as folder:
                    return await self._within_size(Path(folder), origin)
        except TimeoutError as error:
            raise GitFailed(f"git took more than {self._seconds:g} seconds to read {origin.repository}.") from error

    async def _within_size(self, folder: Path, origin: Git) -> Fetched:
        reading = asyncio.create_task(self._read(folder, origin))
        try:
            while True:
                done, _ = await asyncio.wait([reading], timeout=_LOOK_SECONDS)
                if await asyncio.to_thread(_size, folder) > self._most_fetched:
                    raise BadInput(f"{origin.repository} brings more than {self._most_fetched:,} bytes.")
                if done:
                    return reading.result()
        finally:
            reading.cancel()
            await asyncio.wait([reading])

    async def _read(self, folder: Path, origin: Git) -> Fetched:
        home, place = folder / "home", str(folder / "repository")
        home.mkdir()
        git = GitCommand(home=str(home), variables=await self._variables(home, origin), most=MAX_BYTES)
        await git.run("init", "-q", "--bare", place)
        await git.run("-C", place, "remote", "add", "origin", origin.repository)
        wanted = ("--depth=1", "--no-tags", "--filter=blob:none", "--no-recurse-submodules")
        await git.run("-C", place, "fetch", "-q", *wanted, "origin", origin.revision)
        commit = (await git.run("-C", place, "rev-parse", "FETCH_HEAD^{commit}")).decode().strip()
        found = f"{commit}:{origin.path}"
        size = int(await git.run("-C", place, "cat-file", "-s", found))
        if size > MAX_BYTES:
            raise BadInput(f"{origin.path} has {size:,} bytes; the limit is {MAX_BYTES:,}.")
        raw = await git.run("-C", place, "cat-file", "blob", found)
        return Fetched(source=as_source(raw, name=origin.path), commit=commit)

    async def _variables(self, home: Path, origin: Git) -> Mapping[str, str]:
        """What git is told for this repository."""
        allowed: Mapping[str, str] = {"GIT_ALLOW_PROTOCOL": ":".join(sorted(self._protocols))}
        # For any one piece of memory: a few packed kilobytes can unpack to an object of many gigabytes.
        limited = {**allowed, "GIT_ALLOC_LIMIT": str(self._most_fetched)}
        protocol = protocol_of(origin)
        match protocol:
            case "https":
                await _require_version(GitCommand(home=str(home), variables={}, most=MAX_BYTES))
                return {**limited, **await git_hosts.by_https(origin.repository, self._networks)}
            case "ssh":
                return {**limited, **await git_hosts.by_ssh(origin.repository, self._networks)}
            case "file":
                return allowed  # the machine's own repositories, and git packs them itself
            case _:
                assert_never(protocol)


async def _require_version(git: GitCommand) -> None:
    said = (await git.run("--version")).decode()
    found = re.search(r"(\d+)\.(\d+)", said)
    if found is None or (int(found[1]), int(found[2])) < _NEEDED:
        needed = ".".join(map(str, _NEEDED))
        raise GitFailed(f"Repositories by https need git {needed} or later; here is {said.strip()[:100]}.")


def _size(folder: Path) -> int:
    """The bytes of all files below; what goes away meanwhile does not count."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except FileNotFoundError:
                continue
    return total
