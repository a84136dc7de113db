"""Opens the session that a task works in: as at its boundary, as the session's last task left it, or a new one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from greatwheel.core.ids import OrgId
from greatwheel.core.tasks import Task
from greatwheel.database.connection import OrgConnection
from greatwheel.database.database import Database
from greatwheel.llm.port import ChatModel
from greatwheel.runtime.keeping import Keeping, kept_context
from greatwheel.runtime.lifecycle import LiveSessions
from greatwheel.runtime.session import Workspace
from greatwheel.runtime.sessions import SessionRow
from greatwheel.sandbox.port import Engine, Limits, World


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What is to be opened."""

    task: Task
    session: SessionRow
    world: World
    key: str
    """The session's credential; empty: it is not known, and its dumps have it."""
    keeping: Keeping


@dataclass(frozen=True, kw_only=True, slots=True)
class Sessions:
    """The sessions that tasks of this process work in."""

    database: Database
    engines: Callable[[str], Engine]
    models: Callable[[str], Awaitable[ChatModel]]
    """Models that a guest names."""
    live: LiveSessions
    limits: Limits

    async def open(self, wanted: Wanted) -> Workspace:
        """The task's session, which is the caller's to close."""
        task, session = wanted.task, wanted.session
        if task.snapshot is not None:
            workspace = await self._loaded(wanted, task.snapshot, task.context or session.context)
        elif session.snapshot is not None:
            workspace = await self._left(wanted, session.snapshot)
        else:
            workspace = await self._new(wanted)
        workspace.history = [(each.asked, each.answer) for each in session.history]
        return workspace

    async def _left(self, wanted: Wanted, snapshot: bytes) -> Workspace:
        """The session as its last task left it, with the data of this one."""
        task, session = wanted.task, wanted.session
        workspace = await self.live.take(task.session_id, snapshot)
        if workspace is not None:
            workspace.turn_to(wanted.world)
        else:
            workspace = await self._loaded(wanted, snapshot, session.context)
        try:
            if session.forked_from is not None and wanted.key:  # its first dump has the key of where it comes from
                await workspace.rekey(wanted.key)
        except BaseException:
            await workspace.close()
            raise
        await self._add_own(wanted, workspace, session.context)
        return workspace

    async def _add_own(self, wanted: Wanted, workspace: Workspace, given: bytes | None) -> None:
        """Give the task its own data, where that is other than what its session was given."""
        digest = wanted.task.context
        try:
            if digest not in (None, given):
                await workspace.add(await self._read(wanted, digest))
        except BaseException:
            await workspace.close()
            raise

    async def _new(self, wanted: Wanted) -> Workspace:
        task, session = wanted.task, wanted.session
        await self.live.take(task.session_id, None)  # it was taken back to its beginning: what lies here is of later
        given = session.context or task.context
        workspace = await Workspace.open(
            engine=self.engines(session.engine),
            context=await self._read(wanted, given),
            models=self.models,
            limits=self.limits,
            world=wanted.world,
            session_id=task.session_id,
            given={"SESSION_KEY": wanted.key},
            durable=True,
        )
        await self._add_own(wanted, workspace, given)
        return workspace

    async def _loaded(self, wanted: Wanted, digest: bytes, context_digest: bytes | None) -> Workspace:
        task, keeping = wanted.task, wanted.keeping
        async with self.database.org(task.org_id) as connection:
            dump = await keeping.kept_dump(connection, digest)
            context = await _context(connection, task.org_id, keeping, context_digest)
        return await Workspace.load(
            engine=self.engines(wanted.session.engine),
            dump=dump,
            context=context,
            models=self.models,
            limits=self.limits,
            world=wanted.world,
            session_id=task.session_id,
        )

    async def _read(self, wanted: Wanted, digest: bytes | None) -> Any:
        async with self.database.org(wanted.task.org_id) as connection:
            return await _context(connection, wanted.task.org_id, wanted.keeping, digest)


async def _context(connection: OrgConnection, org: OrgId, keeping: Keeping, digest: bytes | None) -> Any:
    return None if digest is None else await kept_context(connection, org, keeping.sealer, digest)
