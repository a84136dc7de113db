"""A task's events as they happen, for whoever tells them on: server-sent events, web sockets and others.

Nothing is kept in memory but the page that is being told: a slow reader reads at its own pace from the database. Who
comes back with the number of the last event that it has got what followed, from any server of the installation and
whichever worker runs the task.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from anyio import CancelScope

from greatwheel.channels.http.bodies import TaskFacts
from greatwheel.channels.http.statements import SQL
from greatwheel.channels.http.visits import Visit
from greatwheel.core.errors import DatabaseUnavailable
from greatwheel.core.ids import TaskId
from greatwheel.core.tasks import ENDED

PAGE = 100
_TRIES = 60
_PAUSE = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """An event."""

    id: int
    """Rises from event to event."""
    type: str
    data: Mapping[str, Any]
    """With the time of the event as `at`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Over:
    """The task has ended: the last of all."""

    task: TaskFacts


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nothing happened for a while, or the database is not there for the moment."""


Happening: TypeAlias = Told | Over | Quiet


async def follow(
    visit: Visit, task_id: TaskId, after: int, *, quiet_seconds: float, most_seconds: float = float("inf")
) -> AsyncGenerator[Happening]:
    """What happens in a task after one of its events: `Quiet` after so many seconds without any, at last `Over`.

    It ends without `Over` after `most_seconds`, and when the server stops. That the caller may see the task is the
    caller's business.

    Raises:
        GreatwheelError: the events can't be had; a database that is away is waited for.
    """
    until, failures = time.monotonic() + most_seconds, 0
    while time.monotonic() < until and not visit.news.over:
        try:
            # A client that leaves ends the stream between two queries: cutting one off would cost its connection.
            with CancelScope(shield=True):
                page, over = await _news(visit, task_id, after)
            failures = 0
        except DatabaseUnavailable:
            failures += 1
            if failures > _TRIES:
                raise
            await asyncio.sleep(_PAUSE)
            yield Quiet()
            continue
        for told in page:
            after = told.id
            yield told
        if over is not None:
            yield over
            return
        if len(page) < PAGE:
            await visit.news.wait(visit.org_id, task_id, after, quiet_seconds)
        if not page:
            yield Quiet()


async def _news(visit: Visit, task_id: TaskId, after: int) -> tuple[Sequence[Told], Over | None]:
    """The events after one of them; and how the task ended, if these are its last."""
    values = {"org": visit.org_id, "task": task_id}
    async with visit.org() as conn:
        # The state first: what is committed before a task's end is seen by the second statement.
        row = await (await conn.execute(SQL["task_status"], values)).fetchone()
        over = row is None or row["status"] in ENDED
        rows = await (await conn.execute(SQL["events"], {**values, "after": after, "limit": PAGE})).fetchall()
        page = [Told(id=row["id"], type=row["type"], data={**row["data"], "at": row["at"]}) for row in rows]
        if not over or len(page) == PAGE:
            return page, None
        return page, Over(task=TaskFacts.of(await visit.parts.tasks.get(conn, task_id)))
