"""Rate limits, against Postgres."""

from __future__ import annotations

import asyncio

import pytest

from greatwheel.core.errors import LimitReached
from greatwheel.core.tasks import Ending, Task
from greatwheel.scheduler import limits
from greatwheel.scheduler.port import ChildOrder

from .office import Office

ROUNDS = 10


async def used(office: Office, column: str = "used") -> dict[str, int]:
    rows = await office.rows(
        f"select user_id, period, {column} as n from rate_limit_counters where metric = 'tokens' and user_id = ''"
    )
    return {row["period"]: row["n"] for row in rows}


async def test_calls_made_together_never_pass_a_hard_limit(office: Office) -> None:
    """Of many reservations at the same time exactly those that fit are made, and the refused say when it resets."""
    async with office.conn() as conn:
        await limits.set_limit(conn, "tokens", "day", hard=1000)
    tasks = [await office.submit() for _ in range(4)]

    async def reserve(number: int) -> str:
        try:
            async with office.conn() as conn:
                await limits.reserve(conn, tasks[number % 4], number, 90)
        except LimitReached as error:
            return str(error)
        return "reserved"

    said = await asyncio.gather(*[reserve(number) for number in range(30)])
    assert said.count("reserved") == 11
    refused = next(text for text in said if text != "reserved")
    assert "limit of 1,000 tokens a day" in refused
    assert "resets at" in refused


async def test_what_was_used_replaces_what_was_reserved(office: Office) -> None:
    """Settling counts the tokens used in every period and frees the rest; settling again changes nothing."""
    async with office.conn() as conn:
        await limits.set_limit(conn, "tokens", "week", hard=1000)
    task = await office.submit()
    for _ in range(2):
        async with office.conn() as conn:
            await limits.reserve(conn, task, 1, 400)
            await limits.reserve(conn, task, 2, 100)
        assert (await used(office, "reserved"))["week"] == 500
        for _ in range(2):
            async with office.conn() as conn:
                await limits.settle(conn, task, 1, 30)
                await limits.settle(conn, task, 2, 20)
    assert await used(office) == {"day": 100, "week": 100, "month": 100}
    assert await used(office, "reserved") == {"day": 0, "week": 0, "month": 0}


async def crashed(office: Office) -> Task:
    """A task whose worker died with 90 tokens set aside."""
    task = await office.started()
    async with office.conn() as conn:
        await limits.reserve(conn, task, 1, 90)
        await conn.execute("delete from procrastinate_jobs")
    return task


async def test_what_a_crashed_attempt_had_set_aside_counts_as_used(office: Office) -> None:
    """The server may have done the work: the next attempt begins with nothing set aside, and nothing lost."""
    async with office.conn() as conn:
        await limits.set_limit(conn, "tokens", "day", hard=1000)
    task = await crashed(office)
    async with office.conn() as conn:
        await office.tasks.take_over(conn, task.task_id)
    await office.claim(task)
    assert await used(office, "reserved") == {"day": 0, "week": 0, "month": 0}
    assert (await used(office))["month"] == 90


@pytest.mark.parametrize("how", ["dead", "cancelled while it was queued", "cancelled with its children", "finished"])
async def test_nothing_stays_set_aside_by_a_task_that_has_ended(office: Office, how: str) -> None:
    """However it ends, what it had set aside is settled with it."""
    async with office.conn() as conn:
        await limits.set_limit(conn, "tokens", "day", hard=1000)
    task = await crashed(office)
    async with office.conn() as conn:
        if how == "dead":
            await conn.execute("update tasks set attempts = max_attempts")
            assert await office.tasks.take_over(conn, task.task_id) == "dead"
        elif how == "finished":
            await office.tasks.finish(conn, task, Ending(status="done"))
        elif how == "cancelled while it was queued":
            assert await office.tasks.take_over(conn, task.task_id) == "queued"
            await office.tasks.cancel(conn, task.task_id)
        else:
            [child] = await office.tasks.submit_children(conn, task, 1, [ChildOrder(input="q")])
            await limits.reserve(conn, child, 1, 10)
            await office.tasks.take_over(conn, task.task_id)
            await office.tasks.cancel(conn, task.task_id)
    assert (await used(office, "reserved"))["day"] == 0
    assert (await used(office))["day"] == (100 if "children" in how else 90)


async def test_ends_and_reservations_that_meet_never_block_one_another(office: Office) -> None:
    """Parts that end while a sibling tree is cancelled and others reserve and settle: all is done, all is settled."""
    async with office.conn() as conn:
        await conn.execute("update orgs set concurrency = 100")
        await limits.set_limit(conn, "tokens", "day", hard=10**9)
    other = await office.started()

    async def family() -> list[Task]:
        parent = await office.started()
        async with office.conn() as conn:
            parts = await office.tasks.submit_children(conn, parent, 1, [ChildOrder(input="q")] * 4)
        for part in parts:
            async with office.conn() as conn:
                await limits.reserve(conn, part, 1, 7)
        return [parent, *parts]

    async def spend(number: int) -> None:
        async with office.conn() as conn:
            await limits.reserve(conn, other, number, 3)
        async with office.conn() as conn:
            await limits.settle(conn, other, number, 2)

    async def cancel(task: Task) -> None:
        async with office.conn() as conn:
            await office.tasks.cancel(conn, task.task_id)

    for _ in range(ROUNDS):
        parent, *parts = await family()
        stopped, *_ = await family()
        running = [await office.claim(part) for part in parts]
        ends = [office.finish(part) for part in running]
        await asyncio.gather(*ends, cancel(stopped), *[spend(number) for number in range(4)])
        await office.finish(parent)
        assert (await used(office, "reserved"))["day"] == 0
    assert (await used(office))["day"] == ROUNDS * (8 * 7 + 4 * 2)


async def test_the_parts_of_a_call_count_as_tasks(office: Office) -> None:
    """A batch that would pass the limit of tasks is refused whole; one that passes a soft limit tells its caller."""
    async with office.conn() as conn:
        await limits.set_limit(conn, "tasks", "day", soft=2, hard=4)
    parent = await office.started()
    with pytest.raises(LimitReached, match="limit of 4 tasks a day"):
        async with office.conn() as conn:
            await office.tasks.submit_children(conn, parent, 1, [ChildOrder(input="q")] * 4)
    assert len(await office.rows("select 1 from tasks")) == 1
    async with office.conn() as conn:
        await office.tasks.submit_children(conn, parent, 1, [ChildOrder(input="q")] * 3)
    [told] = await office.rows("select task_id, data from task_events")
    assert (told["task_id"], told["data"]["metric"], told["data"]["used"]) == (parent.task_id, "tasks", 4)


async def test_a_soft_limit_is_told_once(office: Office) -> None:
    """Passing a soft limit writes one event for the task that passed it, and refuses nothing."""
    async with office.conn() as conn:
        await limits.set_limit(conn, "tokens", "day", soft=100)
        await limits.set_limit(conn, "tasks", "day", soft=1, user=office.user)
    first, second, third = [await office.submit() for _ in range(3)]
    for task in (first, second):
        async with office.conn() as conn:
            await limits.reserve(conn, task, 1, 500)
            await limits.settle(conn, task, 1, 90)
    rows = await office.rows("select task_id, type, data from task_events order by seq")
    assert [(row["task_id"], row["data"]["metric"], row["data"]["used"]) for row in rows] == [
        (second.task_id, "tasks", 2),
        (second.task_id, "tokens", 180),
    ]
    assert {row["type"] for row in rows} == {limits.WARNED}
    assert third.status == "queued"


async def test_a_users_limit_of_tasks_refuses_the_next_order(office: Office) -> None:
    """An order beyond the hard limit of tasks is refused and leaves nothing behind."""
    async with office.conn() as conn:
        assert not await limits.has_limits(conn)
        await limits.set_limit(conn, "tasks", "month", hard=2, user=office.user)
        assert await limits.has_limits(conn)
    await office.submit()
    await office.submit()
    with pytest.raises(LimitReached, match="user's limit of 2 tasks a month"):
        await office.submit()
    assert len(await office.rows("select 1 from sessions")) == 2
    async with office.conn() as conn:
        await limits.set_limit(conn, "tasks", "month", user=office.user)
        assert not await limits.has_limits(conn)
    await office.submit()
