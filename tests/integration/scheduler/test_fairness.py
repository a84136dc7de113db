"""No organisation is held up by another."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from greatwheel.core.tasks import SubmitTask, Task
from greatwheel.database.database import Database

from .office import QUICK, Script, make_office, working


async def test_a_thousand_queued_tasks_delay_another_organisation_by_no_more_than_what_runs(
    database: Database,
) -> None:
    """With one place in the only worker, another's task starts after at most the places of the busy organisation."""
    busy, other = await make_office(database, "busy", concurrency=4), await make_office(database, "other")
    for _ in range(10):
        async with busy.conn() as conn:
            for number in range(100):
                order = SubmitTask(user_id=busy.user, input="x", agent="a0", priority=number)
                await busy.tasks.submit(conn, order)
    started: list[str] = []
    enough = asyncio.Event()

    async def do(task: Task) -> None:
        started.append(task.org_id)
        office = busy if task.org_id == busy.org else other
        await office.finish(task)
        if len(started) == 20:
            enough.set()
        if len(started) == 10:
            await other.submit()

    async with working(busy, Script(do), replace(QUICK, concurrency=1)):
        async with asyncio.timeout(20):
            await enough.wait()
    assert started.index(other.org) - 10 <= 4


async def test_a_held_organisation_does_not_hold_another(database: Database) -> None:
    """While one organisation's admission is locked, another's tasks are submitted and admitted."""
    held, free = await make_office(database, "held"), await make_office(database, "free")
    async with held.conn() as conn:
        await held.tasks.submit(conn, SubmitTask(user_id=held.user, input="x", agent="a0"))
        async with asyncio.timeout(5):
            task = await free.submit()
        assert (await free.get(task)).status == "admitted"
