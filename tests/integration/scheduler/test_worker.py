"""A worker, its queue and what happens when it is stopped or lost."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from greatwheel.core.errors import SandboxLost
from greatwheel.core.tasks import Task
from greatwheel.scheduler.port import ChildOrder

from .office import QUICK, Office, Script, ask, working


async def test_a_task_is_carried_out_soon_after_it_is_submitted(office: Office) -> None:
    """A submitted task runs without anybody polling for it, and its job is gone afterwards."""

    async def do(task: Task) -> None:
        await office.finish(task, answer=f"done: {task.input}")

    async with working(office, Script(do), replace(QUICK, tick_seconds=5.0)):
        await office.until(await office.submit(), "done")
        task = await office.submit(text="two")
        done = await office.until(task, "done", seconds=2.0)
    assert done.answer == "done: two"
    async with office.database.system() as conn:
        assert await (await conn.execute("select * from procrastinate_jobs")).fetchall() == []


async def test_nested_calls_do_not_deadlock_one_place(office: Office) -> None:
    """One worker that runs one task at a time carries out nine agents that call one another in a row."""

    async def do(task: Task) -> None:
        level = int(task.path[-1][1:])
        calls = await office.rows("select answer from host_calls where task_id = %(t)s", t=task.task_id)
        if calls:
            await office.finish(task, answer=f"{level}+{calls[0]['answer'].decode().strip(chr(34))}")
        elif level == 8:
            await office.finish(task, answer="8")
        else:
            async with office.conn() as conn:
                await ask(conn, task, 1, "agent.call")
                await office.tasks.submit_children(conn, task, 1, [ChildOrder(input="go on", agent=f"a{level + 1}")])
            await office.wait(task)

    async with working(office, Script(do), replace(QUICK, concurrency=1)):
        done = await office.until(await office.submit("a0"), "done", seconds=20.0)
    assert done.answer == "0+1+2+3+4+5+6+7+8"


async def test_a_worker_does_not_take_over_its_own_task(office: Office) -> None:
    """A worker that is too busy to tell that it is alive goes on with what it does."""

    async def do(task: Task) -> None:
        await asyncio.sleep(1.0)
        await office.finish(task, answer=f"attempt {task.attempts}")

    slow = replace(QUICK, heartbeat_seconds=30.0, stalled_after_seconds=0.3, tick_seconds=0.1)
    async with working(office, Script(do), slow):
        done = await office.until(await office.submit(), "done")
    assert done.answer == "attempt 1"


async def test_a_failed_attempt_is_made_again(office: Office) -> None:
    """A host's failure is tried again after a pause, and the task succeeds on the next attempt."""

    async def do(task: Task) -> None:
        if task.attempts == 1:
            raise SandboxLost
        await office.finish(task, answer="second try")

    async with working(office, Script(do)):
        done = await office.until(await office.submit(), "done")
    assert (done.answer, done.attempts, done.error) == ("second try", 2, None)


async def test_a_task_that_keeps_failing_is_dead_with_its_reason(office: Office) -> None:
    """After the last attempt a task is dead; its reason names our error and shows nothing of a foreign one."""

    async def do(task: Task) -> None:
        raise SandboxLost if task.input == "ours" else RuntimeError("/secret/path")

    async with working(office, Script(do)):
        ours, foreign = await office.submit(text="ours"), await office.submit(text="foreign")
        dead = await office.until(ours, "dead")
        other = await office.until(foreign, "dead")
    assert str(dead.error).startswith("SandboxLost: ")
    assert str(dead.error).endswith("(after 3 attempts)")
    assert other.error == "an internal error (RuntimeError) (after 3 attempts)"


async def test_cancelling_stops_what_runs(office: Office) -> None:
    """A running task that is cancelled is stopped by its worker's runner and ends as cancelled."""
    began = asyncio.Event()

    async def do(task: Task) -> None:
        began.set()
        await asyncio.sleep(60)

    script = Script(do)
    async with working(office, script):
        task = await office.submit()
        await began.wait()
        async with office.conn() as conn:
            await office.tasks.cancel(conn, task.task_id)
        await office.until(task, "cancelled", seconds=25.0)
    assert script.cancelled == [task.task_id]


async def test_a_stopped_worker_gives_its_tasks_back(office: Office) -> None:
    """A task that outlasts the grace of a stopping worker is queued again, and the attempt does not count."""
    began = asyncio.Event()

    async def do(task: Task) -> None:
        began.set()
        await asyncio.sleep(60)

    async with working(office, Script(do), replace(QUICK, stop_seconds=0.1)):
        task = await office.submit()
        await began.wait()
    left = await office.get(task)
    assert (left.status, left.attempts) == ("admitted", 0)

    async def finish(task: Task) -> None:
        await office.finish(task, answer="by the next")

    async with working(office, Script(finish)):
        assert (await office.until(task, "done")).answer == "by the next"


async def test_a_runner_that_ends_nothing_is_a_failed_attempt(office: Office) -> None:
    """A task whose runner returned without ending it is picked up and in the end dead, never stuck."""

    async def do(task: Task) -> None:
        return None

    async with working(office, Script(do)):
        dead = await office.until(await office.submit(), "dead", seconds=20.0)
    assert dead.attempts == 3


async def test_a_woken_task_is_not_delayed_by_its_own_old_job(office: Office) -> None:
    """A task whose answer comes before its worker has closed the job goes on at once, without a poll."""

    async def do(task: Task) -> None:
        calls = await office.rows("select state from host_calls where task_id = %(t)s", t=task.task_id)
        if calls:
            await office.finish(task)
            return
        await office.ask(task, 1)
        await office.wait(task)
        assert await office.answer(task, 1)
        await asyncio.sleep(0.3)  # the job of this attempt is still open when the next one's is made

    async with working(office, Script(do), replace(QUICK, tick_seconds=30.0)):
        await office.until(await office.submit(), "done", seconds=25.0)


async def test_pauses_that_are_over_and_unanswered_questions_are_picked_up(office: Office) -> None:
    """A question that nobody answered in time gives its task a TimeoutError."""

    async def do(task: Task) -> None:
        calls = await office.rows("select error from host_calls where task_id = %(t)s", t=task.task_id)
        if calls:
            await office.finish(task, answer=calls[0]["error"])
            return
        async with office.conn() as conn:
            await ask(conn, task, 1, expires="100 ms")
        await office.wait(task)

    async with working(office, Script(do)):
        done = await office.until(await office.submit(), "done")
    assert done.answer == "TimeoutError: nobody answered in time"
