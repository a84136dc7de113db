"""Tells streams that their tasks have news: one look into the database for all streams of an organisation.

Streams read for themselves, at their own pace, so a slow client holds nothing but its connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field

from greatwheel.channels.http.statements import SQL
from greatwheel.core.errors import GreatwheelError
from greatwheel.core.ids import OrgId, TaskId
from greatwheel.core.tasks import ENDED, TaskStatus
from greatwheel.database.database import Database

LOG = logging.getLogger("greatwheel.http")
SOONEST = 0.03
"""Seconds from one look to the next while things happen …"""
LATEST = 0.25
"""… and when nothing has for a while."""
_SLOWER = 1.3
_AFTER_FAILURE = 1.0


@dataclass(eq=False, slots=True)
class _Watch:
    org_id: OrgId
    task_id: TaskId
    head: int
    """The newest event that is known of."""
    news: asyncio.Event = field(default_factory=asyncio.Event)


class News:
    """See the module. `run` must be running while anybody waits."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watches: set[_Watch] = set()
        self._wanted = asyncio.Event()
        self._pause = SOONEST
        self.over = False
        """The server stops: streams end, and their clients come again."""

    def stop(self) -> None:
        """End all waiting, now and from now on, and `run`."""
        self.over = True
        self._wanted.set()
        for watch in self._watches:
            watch.news.set()

    async def wait(self, org_id: OrgId, task_id: TaskId, after: int, seconds: float) -> int:
        """Return when the task has ended, has an event after that one, or is gone; after so many seconds; or at the
        server's end.

        What is returned is the newest event that was seen.
        """
        if self.over:
            return after
        watch = _Watch(org_id, task_id, after)
        self._watches.add(watch)
        self._wanted.set()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await watch.news.wait()
        finally:
            self._watches.discard(watch)
        return watch.head

    async def run(self) -> None:
        """Look for news while somebody waits, until `stop`."""
        while not self.over:
            if not self._watches:
                self._wanted.clear()
                await self._wanted.wait()
                self._pause = SOONEST
            await asyncio.sleep(self._pause)
            try:
                told = await self._look()
            except GreatwheelError as error:
                LOG.warning("streams wait: %s", error)
                await asyncio.sleep(_AFTER_FAILURE)
            else:
                self._pause = SOONEST if told else min(LATEST, self._pause * _SLOWER)

    async def _look(self) -> bool:
        """Wake those whose tasks have news; whether there was any."""
        by_org: defaultdict[OrgId, list[_Watch]] = defaultdict(list)
        for watch in self._watches:
            by_org[watch.org_id].append(watch)
        told = False
        for org_id, watches in by_org.items():
            heads = await self._heads(org_id, {watch.task_id for watch in watches})
            for watch in watches:
                status, head = heads.get(watch.task_id, ("done", 0))
                if status in ENDED or head > watch.head:
                    watch.head = max(head, watch.head)
                    watch.news.set()
                    told = True
        return told

    async def _heads(self, org_id: OrgId, tasks: set[TaskId]) -> dict[TaskId, tuple[TaskStatus, int]]:
        async with self._database.org(org_id) as conn:
            rows = await (await conn.execute(SQL["heads"], {"org": org_id, "tasks": sorted(tasks)})).fetchall()
        return {row["task_id"]: (row["status"], row["head"]) for row in rows}
