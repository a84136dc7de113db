"""What servers were last seen to offer, for a list of tools that can't wait for them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from greatwheel.tools.mcp_connection import FRESH_SECONDS, words
from greatwheel.tools.mcp_offer import Offer
from greatwheel.tools.mcp_pool import Place

LOG = logging.getLogger("greatwheel.mcp")
SOON_SECONDS = 1.0
"""For so long a server that is asked for its tools is waited for."""
DOWN_SECONDS = 60.0
"""For so long one that could not tell them is not asked again."""
_MOST_KEPT = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    at: float
    offer: Offer | None
    """None: it could not tell."""

    @property
    def old(self) -> bool:
        return time.monotonic() - self.at > (DOWN_SECONDS if self.offer is None else FRESH_SECONDS)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asking:
    since: float
    task: asyncio.Task[None]


class McpLists:
    """Offers by connection. `close` ends the questions that are under way."""

    def __init__(self, *, soon_seconds: float = SOON_SECONDS) -> None:
        self._soon_seconds = soon_seconds
        self._seen: dict[Place, _Seen] = {}
        self._asking: dict[Place, _Asking] = {}

    async def soon(self, servers: Mapping[Place, Callable[[], Awaitable[Offer]]]) -> list[Offer]:
        """What these servers offer, as it is known or told within a second.

        One that is slower goes on being asked, so that others see what it says; until then its last offer counts.
        """
        for place, ask in servers.items():
            seen = self._seen.get(place)
            if place not in self._asking and (seen is None or seen.old):
                self._asking[place] = _Asking(since=time.monotonic(), task=asyncio.create_task(self._ask(place, ask)))
        asking = [self._asking[place] for place in servers if place in self._asking]
        if asking:
            left = max(each.since for each in asking) + self._soon_seconds - time.monotonic()
            await asyncio.wait([each.task for each in asking], timeout=max(0.0, left))
        known = (self._seen.get(place) for place in servers)
        return [seen.offer for seen in known if seen is not None and seen.offer is not None]

    async def close(self) -> None:
        """See the class."""
        tasks = [each.task for each in self._asking.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _ask(self, place: Place, ask: Callable[[], Awaitable[Offer]]) -> None:
        offer = None
        try:
            offer = await ask()
        except Exception as error:  # nobody waits for it whom it could be told
            LOG.info("an MCP server's tools are not listed: %s", words(error))
        finally:
            del self._asking[place]
        if len(self._seen) >= _MOST_KEPT:
            self._seen.clear()
        self._seen[place] = _Seen(at=time.monotonic(), offer=offer)
