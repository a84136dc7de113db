"""Sessions that a worker keeps in memory after their task, so that the next task need not load them.

A kept session is only a copy of its snapshot in the database: whoever takes it says which snapshot he expects, and a
copy of another one is thrown away (another worker has had the session meanwhile).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from greatwheel.core.clock import Clock
from greatwheel.core.ids import OrgId, SessionId
from greatwheel.runtime.session import Workspace

MOST = 64
"""Sessions in memory; beyond it the one that was not used for longest goes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Idle:
    """A session that no task uses now."""

    org_id: OrgId
    workspace: Workspace
    snapshot: bytes
    """Digest of the dump that it equals."""
    since: float
    until: float
    """Of the clock's `monotonic`: when it is evicted."""


class LiveSessions:
    """The idle sessions of a process."""

    def __init__(
        self, clock: Clock, evicted: Callable[[OrgId, SessionId, float], Awaitable[None]], *, most: int = MOST
    ) -> None:
        self._clock = clock
        self._evicted = evicted
        self._most = most
        self._idle: OrderedDict[SessionId, Idle] = OrderedDict()

    def __len__(self) -> int:
        return len(self._idle)

    async def take(self, session: SessionId, snapshot: bytes | None) -> Workspace | None:
        """The kept session of that snapshot, which is the caller's from now on."""
        idle = self._idle.pop(session, None)
        if idle is None:
            return None
        if idle.snapshot == snapshot:
            return idle.workspace
        await idle.workspace.close()
        return None

    async def keep(self, org: OrgId, workspace: Workspace, snapshot: bytes, seconds: float) -> None:
        """Keep a session for so long; the caller does not use it any more."""
        now = self._clock.monotonic()
        idle = Idle(org_id=org, workspace=workspace, snapshot=snapshot, since=now, until=now + seconds)
        self._idle[workspace.session_id] = idle
        while len(self._idle) > self._most:
            await self._evict(next(iter(self._idle)))

    async def sweep(self) -> None:
        """Evict the sessions whose time is over."""
        now = self._clock.monotonic()
        for session in [session for session, idle in self._idle.items() if idle.until <= now]:
            await self._evict(session)

    async def sweeping(self, every: float = 5.0) -> None:
        """Sweep for ever."""
        while True:
            await asyncio.sleep(every)
            await self.sweep()

    async def close(self) -> None:
        """Evict all."""
        while self._idle:
            await self._evict(next(iter(self._idle)))

    async def _evict(self, session: SessionId) -> None:
        idle = self._idle.pop(session, None)
        if idle is None:
            return
        await idle.workspace.close()
        # Only the session that lay here since then: if it was used elsewhere meanwhile, it is not evicted by us.
        await self._evicted(idle.org_id, session, self._clock.now() - (self._clock.monotonic() - idle.since))
