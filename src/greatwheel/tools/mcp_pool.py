"""The connections of a process to MCP servers: opened when first needed, closed when idle, and all at the end.

Each organisation has its own, also to a server that the operator declared: a server may keep state for who is
connected to it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from greatwheel.core.errors import ToolFailed
from greatwheel.core.ids import OrgId
from greatwheel.tools.mcp_connection import Connection, Link

IDLE_SECONDS = 300.0
SWEEP_SECONDS = 15.0
DOWN_SECONDS = 5.0
"""For so long a server that could not be reached is not tried again."""
MOST_PER_ORG = 16

OfferT = TypeVar("OfferT")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Whose connection to which server."""

    org_id: OrgId
    fingerprint: str
    """Of the declaration and the secrets in it."""


class McpPool(Generic[OfferT]):
    """See the module. `close` must be called; it ends all."""

    def __init__(self, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._open: dict[Place, Connection[OfferT]] = {}
        self._down: dict[Place, tuple[float, str]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._sweeper: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def connection(self, place: Place, link: Link[OfferT]) -> AsyncIterator[Connection[OfferT]]:
        """A connection to that server, for the time of the block.

        Raises:
            ToolFailed: it was not there a moment ago, or the organisation uses too many servers at once.
        """
        connection = self._live(place) or self._new(place, link)
        connection.users += 1
        try:
            yield connection
        finally:
            connection.users -= 1
            connection.used_at = time.monotonic()

    def drop(self, place: Place, connection: Connection[OfferT]) -> None:
        """Have the next call open another one."""
        if self._open.get(place) is connection:
            del self._open[place]
            self._close_soon(connection)

    def down(self, place: Place, why: str) -> None:
        """It can't be reached: tell others at once, for a while."""
        self._down[place] = (time.monotonic() + DOWN_SECONDS, why)

    async def close(self) -> None:
        """End all connections and the processes behind them."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._sweeper
        for place, connection in list(self._open.items()):
            self.drop(place, connection)
        if self._closing:
            await asyncio.wait(self._closing)

    def _live(self, place: Place) -> Connection[OfferT] | None:
        connection = self._open.get(place)
        if connection is not None and connection.over:
            self.drop(place, connection)
            return None
        return connection

    def _new(self, place: Place, link: Link[OfferT]) -> Connection[OfferT]:
        until, why = self._down.get(place, (0.0, ""))
        if time.monotonic() < until:
            raise ToolFailed(why)
        self._down.pop(place, None)
        self._make_room(place.org_id)
        if self._sweeper is None:
            self._sweeper = asyncio.create_task(self._sweeping())
        connection = self._open[place] = Connection(link)
        return connection

    def _make_room(self, org_id: OrgId) -> None:
        own = {place: each for place, each in self._open.items() if place.org_id == org_id}
        if len(own) < MOST_PER_ORG:
            return
        idle = [(each.used_at, place) for place, each in own.items() if not each.users]
        if not idle:
            raise ToolFailed(f"The organisation uses {MOST_PER_ORG} MCP servers at this moment; try again later.")
        _, oldest = min(idle, key=lambda pair: pair[0])
        self.drop(oldest, own[oldest])

    async def _sweeping(self) -> None:
        while True:
            await asyncio.sleep(min(SWEEP_SECONDS, self._idle_seconds))
            now = time.monotonic()
            for place, connection in list(self._open.items()):
                idle = not connection.users and now - connection.used_at > self._idle_seconds
                if idle or connection.over:
                    self.drop(place, connection)
            self._down = {place: down for place, down in self._down.items() if down[0] > now}

    def _close_soon(self, connection: Connection[OfferT]) -> None:
        closing = asyncio.create_task(connection.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
