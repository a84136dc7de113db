"""The registry: defines agents, keeps every version of their code, and follows what their code is read from.

1. **Versions.** A change of an agent's code makes a version with what triggered it; unchanged code makes none. Versions
   never change and are never deleted; numbers have no gaps.
2. **Refusal.** Code that no task could run (`sources.check_source`) raises, and nothing changes.
3. **Rollback** makes a new version with an old one's code. A file or repository that has not changed since is not read
   as a change, so a rollback stays until somebody edits the source.
4. **Once.** Processes that see the same change make one version of it: what was read last is compared under a row lock.
5. **agents.toml** defines agents that are not there, and follows up on those that nobody has changed through this
   class. What was changed or removed here stays so. A process that has read it before it was changed again leaves it to
   the next look.
6. **Tenancy.** Every method sees the organisation it is given, and no other; only `follow_*` and `watch` walk over all.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, assert_never

from greatwheel.core.errors import BadInput, Conflict, GitFailed, NotFound
from greatwheel.core.ids import AgentId, OrgId
from greatwheel.database.connection import OrgConnection
from greatwheel.database.database import Database
from greatwheel.registry import changes, postgres
from greatwheel.registry.agents import (
    Agent,
    AgentVersion,
    Bare,
    DefineAgent,
    File,
    Git,
    Inline,
    Origin,
    PinnedAgent,
    SourceKind,
)
from greatwheel.registry.agents_file import AgentsFile, Reading
from greatwheel.registry.bundled import FILE
from greatwheel.registry.changes import Code
from greatwheel.registry.folder import AgentFolder
from greatwheel.registry.git import USUAL_PROTOCOLS, Fetched, GitReader, Protocol
from greatwheel.registry.sources import check_source
from greatwheel.registry.watching import Watching
from greatwheel.tenancy import orgs
from greatwheel.tools.addresses import Network

_LOG = logging.getLogger("greatwheel.registry")
_GIT_AT_ONCE = 4

Outcome: TypeAlias = Literal["defined", "changed", "unchanged", "kept", "removed", "refused", "overtaken"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistrySettings:
    """Where agents' code may come from."""

    folder: Path
    """The folder of agents: file sources are read from below it."""
    file: str = FILE
    """agents.toml: the name of the file in it."""
    git_protocols: Collection[Protocol] = USUAL_PROTOCOLS
    git_networks: Sequence[Network] = ()
    """That are not public, and may be connected to."""
    git_timeout: float = 60.0
    """Seconds that one read of a repository may take."""
    git_interval: float = 300.0
    """Seconds from one look at the repositories to the next."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """What became of one order of agents.toml in one organisation."""

    org_id: OrgId
    name: str
    outcome: Outcome
    """`kept`: it was changed here since, and stays so. `removed`: it was removed here. `refused`: see `reason`.
    `overtaken`: agents.toml was changed meanwhile."""
    reason: str = ""


class Registry:
    """See the module. `database` is used for the time of each call; nothing is held between them."""

    def __init__(self, database: Database, settings: RegistrySettings) -> None:
        self._database = database
        self._settings = settings
        self._folder = AgentFolder(settings.folder)
        self._file = AgentsFile(self._folder.path / settings.file)
        self._fault = ""
        self._git = GitReader(
            protocols=settings.git_protocols, networks=settings.git_networks, seconds=settings.git_timeout
        )

    async def load(self, org_ids: Sequence[OrgId] | None = None) -> Sequence[Loaded]:
        """Bring organisations (None: all) up to date with agents.toml. A fault in one agent leaves the others alone.

        Raises:
            BadInput: the file can't be read, or one of its entries is wrong; one line.
        """
        reading = await asyncio.to_thread(self._file.read)
        wanted = [org.org_id for org in await orgs.list_all(self._database)] if org_ids is None else org_ids
        done = [loaded for order in reading.orders for loaded in await self._load_order(wanted, order, reading)]
        if org_ids is None:
            self._file.taken = reading.text
        return done

    async def configured_models(self) -> Collection[str]:
        """The models that agents.toml names: the operator's own choice, whatever they are."""
        return await asyncio.to_thread(self._file.models)

    async def define(self, org_id: OrgId, order: DefineAgent) -> Agent:
        """A new agent with its first version.

        Raises:
            Conflict: the name is taken.
            SourceRefused, BadInput, GitFailed: the code can't be had or can't be run.
        """
        fetched = await self._fetch(order.origin)
        async with self._database.org(org_id) as conn:
            code = await self._code(order.origin, fetched)
            await changes.add(conn, order, code, trigger="api_update", managed=False)
            return await _named(conn, order.name)

    async def update(self, org_id: OrgId, order: DefineAgent) -> Agent:
        """The agent of that name, as ordered. Tools, model and budget count at once, code from the next task on.

        Raises:
            NotFound: there is no such agent.
            SourceRefused, BadInput, GitFailed: as `define`.
        """
        fetched = await self._fetch(order.origin)
        async with self._database.org(org_id) as conn:
            before, location = await _locked(conn, order.name)
            code = await self._code(order.origin, fetched)
            await changes.replace(conn, before, location, order, code, managed=False)
            return await _named(conn, order.name)

    async def get(self, org_id: OrgId, name: str) -> Agent:
        """The agent of that name; NotFound when there is none."""
        async with self._database.org(org_id) as conn:
            return await _named(conn, name)

    async def list(self, org_id: OrgId, *, after: str | None = None, limit: int | None = None) -> Sequence[Agent]:
        """All agents, by name; or so many of those behind a name."""
        async with self._database.org(org_id) as conn:
            return await postgres.every(conn, after=after, limit=limit)

    async def versions(
        self, org_id: OrgId, name: str, *, before: int | None = None, limit: int | None = None
    ) -> Sequence[AgentVersion]:
        """All versions of an agent, newest first, or so many of those before one; NotFound: no such agent."""
        async with self._database.org(org_id) as conn:
            agent = await _named(conn, name)
            return await postgres.versions(conn, agent.agent_id, before=before, limit=limit)

    async def version(self, org_id: OrgId, name: str, number: int | None = None) -> AgentVersion:
        """One version, or the current one; NotFound when there is no such agent or version."""
        async with self._database.org(org_id) as conn:
            agent = await _named(conn, name)
            return await _version(conn, agent, agent.current_version if number is None else number)

    async def rollback(self, org_id: OrgId, name: str, number: int) -> AgentVersion:
        """A new version with the code of an old one; the current one when that has this code already.

        Raises:
            NotFound: there is no such agent or version.
            SourceRefused: today that code is refused.
        """
        async with self._database.org(org_id) as conn:
            agent, _ = await _locked(conn, name)
            old = await _version(conn, agent, number)
            if old.digest == await postgres.digest_of(conn, agent):
                return await _version(conn, agent, agent.current_version)
            if old.source:
                await asyncio.to_thread(check_source, old.source, name=f"{name} {number}", engine=agent.engine)
            note = f"back to version {number}"
            return await postgres.add_version(
                conn, agent.agent_id, source=old.source, digest=old.digest, trigger="rollback", note=note
            )

    async def remove(self, org_id: OrgId, name: str) -> None:
        """Take the agent away; its name is free at once, and its running tasks end as they began.

        Raises:
            NotFound: there is no such agent.
        """
        async with self._database.org(org_id) as conn:
            if not await postgres.remove(conn, name):
                raise _no_agent(name)

    async def sync(self, org_id: OrgId, name: str) -> Agent:
        """Read the agent's file or repository now; raises as `update`, and Conflict for an agent that has neither."""
        agent = await self.get(org_id, name)
        if _origin_of(agent) is None:
            raise Conflict(f"Agent {name} has its code here, not in a file or a repository.")
        await self._follow(org_id, agent.agent_id)
        return await self.get(org_id, name)

    async def at(self, conn: OrgConnection, agent_id: AgentId, version: int) -> PinnedAgent:
        """The agent with the version that a task began with, also when it was removed since.

        Raises:
            NotFound: the organisation has no such agent or version.
        """
        agent = await postgres.by_id(conn, agent_id)
        if agent is None:
            raise NotFound(f"There is no agent {agent_id} in this organisation.")
        return PinnedAgent(agent=agent, version=await _version(conn, agent, version))

    async def follow_definitions(self) -> None:
        """Take in agents.toml for every organisation, if it has changed. What is wrong with it is logged, once.

        Raises:
            DatabaseError: not everything was taken in.
        """
        fault = ""
        try:
            if await asyncio.to_thread(self._file.has_news):
                await self.load()
        except BadInput as error:
            fault = str(error)
        if fault and fault != self._fault:
            _LOG.warning("agents stay as they are: %s", fault)
        self._fault = fault

    async def follow_files(self, paths: Collection[str] | None = None) -> None:
        """Take in the changes of these files, or of all, for every organisation. What is refused is logged.

        Raises:
            DatabaseError: not everything was taken in.
        """
        await self._follow_all("file", paths)

    async def follow_git(self) -> None:
        """Take in the changes of every repository, as `follow_files`."""
        await self._follow_all("git", None)

    async def watch(self, stop: asyncio.Event) -> None:
        """Follow agents.toml and files as they change, and repositories from time to time, until `stop` is set."""
        watching = Watching(
            folder=self._folder,
            follow_definitions=self.follow_definitions,
            follow_files=self.follow_files,
            follow_git=self.follow_git,
            git_interval=self._settings.git_interval,
        )
        await watching.run(stop)

    async def _load_order(self, org_ids: Sequence[OrgId], order: DefineAgent, reading: Reading) -> Sequence[Loaded]:
        try:
            fetched = await self._fetch(order.origin)
        except (BadInput, GitFailed) as error:
            return [_refused(org_id, order, error) for org_id in org_ids]
        return [await self._load_one(org_id, order, fetched, reading) for org_id in org_ids]

    async def _load_one(self, org_id: OrgId, order: DefineAgent, fetched: Fetched | None, reading: Reading) -> Loaded:
        try:
            try:
                outcome = await self._load_into(org_id, order, fetched, reading)
            except Conflict:  # another process was defining it at that moment: now it is there
                outcome = await self._load_into(org_id, order, fetched, reading)
        except BadInput as error:
            return _refused(org_id, order, error)
        return Loaded(org_id=org_id, name=order.name, outcome=outcome)

    async def _load_into(self, org_id: OrgId, order: DefineAgent, fetched: Fetched | None, reading: Reading) -> Outcome:
        async with self._database.org(org_id) as conn:
            found = await postgres.lock_named(conn, order.name)
            if found is None and await postgres.was_removed_by_hand(conn, order.name):
                return "removed"
            if found is not None and not found[0].managed:
                return "kept"
            if not await asyncio.to_thread(self._file.still_says, reading.text):
                return "overtaken"  # another process may have taken in what it says now: it must not be undone
            code = await self._code(order.origin, fetched)
            if found is None:
                await changes.add(conn, order, code, trigger="config", managed=True)
                return "defined"
            before, location = found
            await changes.replace(conn, before, location, order, code, managed=True)
            return "unchanged" if await _named(conn, order.name) == before else "changed"

    async def _follow_all(self, kind: SourceKind, paths: Collection[str] | None) -> None:
        async with self._database.system() as conn:
            found = await postgres.read_from(conn, kind, paths)
        places = asyncio.Semaphore(_GIT_AT_ONCE)

        async def one(org_id: OrgId, agent_id: AgentId) -> None:
            async with places:
                try:
                    await self._follow(org_id, agent_id)
                except (BadInput, GitFailed) as error:
                    _LOG.warning("agent %s of %s stays as it is: %s", agent_id, org_id, error)

        done = await asyncio.gather(*[one(*each) for each in found], return_exceptions=True)
        for result in done:
            if isinstance(result, BaseException):
                raise result

    async def _follow(self, org_id: OrgId, agent_id: AgentId) -> None:
        async with self._database.org(org_id) as conn:
            agent = await postgres.by_id(conn, agent_id)
        origin = None if agent is None else _origin_of(agent)
        if origin is None:
            return
        fetched = await self._fetch(origin)
        async with self._database.org(org_id) as conn:
            found = await postgres.lock(conn, agent_id)
            if found is None or _origin_of(found[0]) != origin:
                return  # removed, or pointed elsewhere, while its repository was read
            await changes.follow(conn, *found, await self._code(origin, fetched))

    async def _fetch(self, origin: Origin) -> Fetched | None:
        """What takes long is read before a transaction begins."""
        return await self._git.read(origin) if isinstance(origin, Git) else None

    async def _code(self, origin: Origin, fetched: Fetched | None) -> Code:
        """The origin's code. A file is read under its agent's lock: of two readers, the second has the newer text."""
        match origin:
            case Bare():
                return Code(source="", note="", location={})
            case Inline():
                return Code(source=origin.source, note="", location={})
            case File():
                path = self._folder.relative(origin.path)
                return Code(source=await self._folder.read(path), note=path, location={"path": path})
            case Git():
                assert fetched is not None, "git was read before the transaction"
                place = {"repository": origin.repository, "path": origin.path, "revision": origin.revision}
                return Code(
                    source=fetched.source,
                    note=f"{origin.path} at {fetched.commit[:12]}",
                    location={**place, "commit": fetched.commit},
                )
            case _:
                assert_never(origin)


async def _named(conn: OrgConnection, name: str) -> Agent:
    agent = await postgres.named(conn, name)
    if agent is None:
        raise _no_agent(name)
    return agent


async def _locked(conn: OrgConnection, name: str) -> tuple[Agent, changes.Location]:
    found = await postgres.lock_named(conn, name)
    if found is None:
        raise _no_agent(name)
    return found


async def _version(conn: OrgConnection, agent: Agent, number: int) -> AgentVersion:
    version = await postgres.version(conn, agent.agent_id, number)
    if version is None:
        raise NotFound(f"Agent {agent.name} has no version {number}; its newest is {agent.current_version}.")
    return version


def _origin_of(agent: Agent) -> File | Git | None:
    """Where the agent's code is followed; None for one whose code is only here."""
    match agent.source_kind:
        case "file":
            return File(path=agent.location["path"])
        case "git":
            place = agent.location
            return Git(repository=place["repository"], path=place["path"], revision=place["revision"])
        case "bare" | "inline":
            return None


def _refused(org_id: OrgId, order: DefineAgent, error: Exception) -> Loaded:
    _LOG.warning("agent %s of %s was not loaded: %s", order.name, org_id, error)
    return Loaded(org_id=org_id, name=order.name, outcome="refused", reason=str(error))


def _no_agent(name: str) -> NotFound:
    return NotFound(f"There is no agent {name!r} in this organisation; `greatwheel agents list` shows those there are.")
