"""The loop that runs channels' errands: deliveries that go out, events that came in.

Every worker has one. They share the work by row locks, so any of them may be killed at any moment: what it had begun
is taken up again by another when its lease is over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from greatwheel.core.errors import GreatwheelError
from greatwheel.database.database import Database

LOG = logging.getLogger("greatwheel.errands")
CHANNEL = "greatwheel_errands"
"""Notified when there is something to do."""
TICK_SECONDS = 2.0
"""How often it is looked for without being told: pauses end, and others are killed."""


class Errands(Protocol):
    """One kind of errand.

    1. `look` does what is due, or begins it in the group; it sets `wake` when more can be done than it did.
    2. What it begins in the group ends by itself and raises nothing.
    """

    async def look(self, group: asyncio.TaskGroup, wake: asyncio.Event) -> None:
        """Do or begin what is due."""
        ...


class Courier:
    """See the module."""

    def __init__(self, database: Database, errands: Sequence[Errands], *, tick_seconds: float = TICK_SECONDS) -> None:
        self._database = database
        self._errands = errands
        self._tick_seconds = tick_seconds

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; what is under way then ends before this returns."""
        wake = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            helpers = [group.create_task(self._listen(wake)), group.create_task(_pass_on(stop, wake))]
            while not stop.is_set():
                wake.clear()
                await self._look(group, wake)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._tick_seconds):
                        await wake.wait()
            for helper in helpers:
                helper.cancel()

    async def _look(self, group: asyncio.TaskGroup, wake: asyncio.Event) -> None:
        for errands in self._errands:
            try:
                await errands.look(group, wake)
            except GreatwheelError as error:
                LOG.warning("errands wait: %s", error)
            except Exception:
                LOG.exception("errands wait")  # the others must not

    async def _listen(self, wake: asyncio.Event) -> None:
        while True:
            try:
                async for _ in self._database.listen(CHANNEL):
                    wake.set()
            except Exception:
                LOG.exception("errands are looked for without being told")
            await asyncio.sleep(self._tick_seconds)


async def _pass_on(stop: asyncio.Event, wake: asyncio.Event) -> None:
    await stop.wait()
    wake.set()
