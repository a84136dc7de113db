"""Every change of a task's state, against Postgres."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import replace

import pytest

from greatwheel.core.errors import (
    BadInput,
    BudgetExceeded,
    Conflict,
    LeaseLost,
    LimitReached,
    ModelNotFound,
    ModelUnavailable,
    NotFound,
)
from greatwheel.core.ids import SessionId, TaskId
from greatwheel.core.tasks import SubmitTask, Task
from greatwheel.database.database import Database
from greatwheel.scheduler.port import ChildOrder

from .office import Office, ask, make_office

ROUNDS = 40


async def call(office: Office, parent: Task, seq: int, *orders: ChildOrder, name: str = "agent.call") -> list[Task]:
    """The parent calls, and waits."""
    async with office.conn() as conn:
        children = await office.tasks.submit_children(conn, parent, seq, orders)
        await ask(conn, parent, seq, name)
    await office.wait(parent)
    return children


async def journal(office: Office, task: Task, seq: int) -> tuple[str, object, str | None]:
    [row] = await office.rows(
        "select state, answer, error from host_calls where task_id = %(task)s and seq = %(seq)s",
        task=task.task_id,
        seq=seq,
    )
    return row["state"], json.loads(row["answer"]) if row["answer"] else None, row["error"]


async def test_an_order_without_an_agent_goes_to_triage(office: Office) -> None:
    """The organisation's triage agent takes what names no agent; an unknown name is refused."""
    task = await office.submit(agent=None)
    assert (task.path, task.agent_id, task.root_id) == (["a0"], "agt_0", task.task_id)
    with pytest.raises(NotFound, match="nobody"):
        await office.submit(agent="nobody")


async def test_a_second_order_with_the_same_key_gives_the_first_task(office: Office) -> None:
    """Orders with one idempotency key make one task and one session, also when they come at the same time."""
    tasks = await asyncio.gather(*[office.submit(idempotency_key="k") for _ in range(8)])
    assert len({task.task_id for task in tasks}) == 1
    assert len(await office.rows("select 1 from sessions")) == 1


async def test_a_session_goes_on_with_its_own_agent_and_user(office: Office) -> None:
    """A later order in a session needs no agent; another agent, an ended session or a stranger's is refused."""
    first = await office.submit("a3")
    second = await office.submit(agent=None, session_id=first.session_id)
    assert (second.agent_id, second.session_id) == (first.agent_id, first.session_id)
    with pytest.raises(Conflict):
        await office.submit("a4", session_id=first.session_id)
    with pytest.raises(NotFound):
        await office.submit(session_id=SessionId("ses_nobody"))


async def test_a_session_has_one_writer_and_its_tasks_keep_their_order(office: Office) -> None:
    """Tasks of one session are admitted one by one; a waiting one holds back those that came later."""
    first = await office.submit()
    second = await office.submit(session_id=first.session_id, priority=9)
    running = await office.claim(first)
    assert (await office.get(second)).status == "queued"
    await office.ask(running, 1)
    assert await office.wait(running) == "waiting"
    assert (await office.get(second)).status == "queued"
    await office.answer(running, 1)
    assert (await office.get(first)).status == "admitted"
    await office.finish(await office.claim(first))
    assert (await office.get(second)).status == "admitted"


async def test_priority_goes_before_age(database: Database) -> None:
    """Of queued tasks the urgent ones are admitted first, then the older ones."""
    office = await make_office(database, "narrow", concurrency=1)
    running = await office.started()
    old, young, urgent = [await office.submit(priority=priority) for priority in (0, 0, 5)]
    order = []
    for _ in range(3):
        await office.finish(running)
        [admitted] = [task for task in (old, young, urgent) if (await office.get(task)).status == "admitted"]
        order.append(admitted.task_id)
        running = await office.claim(admitted)
    assert order == [urgent.task_id, old.task_id, young.task_id]


async def test_no_more_tasks_run_than_the_organisation_may(database: Database) -> None:
    """Of two orders at the same moment the second waits to see what the first one took."""
    office = await make_office(database, "narrow", concurrency=1)
    async with office.conn() as conn:
        await office.tasks.submit(conn, SubmitTask(user_id=office.user, input="x", agent="a0"))
        second = asyncio.create_task(office.submit())
        await asyncio.sleep(0.2)  # time enough to take the place, if it did not wait
    await second
    rows = await office.rows("select status from tasks order by status")
    assert [row["status"] for row in rows] == ["queued", "admitted"]


async def test_an_old_attempt_can_write_nothing(office: Office) -> None:
    """After another worker took the task over, the first one's wait, end and failure are refused."""
    first = await office.started()
    async with office.conn() as conn:
        await conn.execute("delete from procrastinate_jobs")
        assert await office.tasks.take_over(conn, first.task_id) == "queued"
    second = await office.claim(first)
    assert second.epoch > first.epoch
    for write in (office.wait(first), office.finish(first)):
        with pytest.raises(LeaseLost):
            await write
    with pytest.raises(LeaseLost):
        async with office.conn() as conn:
            await office.tasks.fail_attempt(conn, first, ValueError())
    await office.finish(second, answer="mine")
    assert (await office.get(first)).answer == "mine"


async def test_what_no_attempt_can_mend_is_dead_at_once(office: Office) -> None:
    """A host's error that every attempt would meet again ends the task; one that may pass queues it."""
    limit = LimitReached("The organisation's limit is reached; it resets at 2026-02-01 00:00 UTC.")
    for error, status in (
        (limit, "dead"), (LimitReached("wait", held=True), "queued"), (ModelNotFound("no model x"), "dead"),
        (ModelUnavailable("away"), "queued"),
    ):  # fmt: skip
        task = await office.started()
        async with office.conn() as conn:
            assert await office.tasks.fail_attempt(conn, task, error) == status
        if error is limit:
            ended = await office.get(task)
            assert (ended.error_code, ended.error) == ("limit.reached", f"LimitReached: {limit} (after one attempt)")
        async with office.conn() as conn:
            await conn.execute("update tasks set status = 'dead' where status = 'queued'")
    assert str((await office.get(task)).error).startswith("ModelUnavailable: away")


async def test_a_task_with_a_live_job_is_not_taken_over(office: Office) -> None:
    """Recovery leaves a task alone whose job is on its way or under way."""
    task = await office.started()
    async with office.conn() as conn:
        assert await office.tasks.take_over(conn, task.task_id) is None
    assert (await office.get(task)).status == "running"


async def test_no_wake_up_is_lost(office: Office) -> None:
    """An answer and its task's wait that meet at the same moment always leave the task on its way again."""
    pauses = random.Random(1)
    for seq in range(1, ROUNDS + 1):
        task = await office.started()
        await office.ask(task, seq)

        async def late(task: Task = task, seq: int = seq) -> None:
            await asyncio.sleep(pauses.uniform(0, 0.003))
            await office.answer(task, seq)

        await asyncio.gather(late(), office.wait(task))
        seen = await office.get(task)
        assert seen.status == "admitted"
        await office.finish(await office.claim(task))


async def test_a_task_wakes_when_its_last_answer_comes(office: Office) -> None:
    """Of two questions the first answer leaves the task waiting; a second answer to one call changes nothing."""
    task = await office.started()
    await office.ask(task, 1)
    await office.ask(task, 2)
    assert await office.wait(task) == "waiting"
    assert await office.answer(task, 1)
    assert (await office.get(task)).status == "waiting"
    assert not await office.answer(task, 1, b'"no"')
    assert await office.answer(task, 2, None, "TimeoutError: late")
    assert (await office.get(task)).status == "admitted"
    assert await journal(office, task, 1) == ("done", "yes", None)
    assert await journal(office, task, 2) == ("failed", None, "TimeoutError: late")


async def test_a_called_agents_result_is_the_callers_answer(office: Office) -> None:
    """A called agent's data come back as they are, with what it used; its path and depth grow."""
    parent = await office.started()
    [child] = await call(office, parent, 1, ChildOrder(agent="a1", input="sum"))
    assert (child.path, child.depth, child.root_id) == (["a0", "a1"], 1, parent.task_id)
    usage = {"prompt_tokens": 7, "completion_tokens": 3}
    await office.finish(await office.claim(child), answer="{…}", result={"n": [1, None]}, usage=usage)
    assert await journal(office, parent, 1) == ("done", {"n": [1, None]}, None)
    [row] = await office.rows("select prompt_tokens as p, completion_tokens as c from host_calls")
    assert (row["p"], row["c"]) == (7, 3)
    assert (await office.get(parent)).status == "admitted"


async def test_a_batch_answers_in_order_when_its_last_part_has_ended(office: Office) -> None:
    """Parts that end together, in any order, wake their caller once, with the list in the order of the batch."""
    parent = await office.started()
    orders = [ChildOrder(input=f"part {number}") for number in range(4)]
    await call(office, parent, 1, *orders, name="batch_rlm_query")
    rows = await office.rows("select task_id from tasks where parent_id is not null order by part")
    parts = [TaskId(row["task_id"]) for row in rows]
    running = [await office.claim(await office.get(part)) for part in parts]
    random.Random(2).shuffle(running)
    await asyncio.gather(*[office.finish(part, answer=part.input) for part in running])
    assert await journal(office, parent, 1) == ("done", ["part 0", "part 1", "part 2", "part 3"], None)
    assert (await office.get(parent)).status == "admitted"


async def test_a_batch_of_one_is_a_list(office: Office) -> None:
    """A batch's answer is a list whatever its size, a single call's never."""
    for name, expected in (("batch_rlm_query", ["x"]), ("rlm_query", "x")):
        parent = await office.started()
        [child] = await call(office, parent, 1, ChildOrder(input="q", model="small"), name=name)
        assert (child.kind, child.model, child.agent_version) == ("child", "small", parent.agent_version)
        await office.finish(await office.claim(child), answer="x")
        assert (await journal(office, parent, 1))[1] == expected


async def test_a_failed_agents_error_is_raised_by_its_own_type(office: Office) -> None:
    """The caller's call fails with what the called agent raised; other ends are AgentFailed."""
    parent = await office.started()
    [child] = await call(office, parent, 1, ChildOrder(agent="a1", input="x"))
    await office.finish(await office.claim(child), "failed", error="KeyError: 'b'\x00")
    assert await journal(office, parent, 1) == ("failed", None, "KeyError: 'b'\ufffd")


async def test_children_share_what_is_left(office: Office) -> None:
    """Parts get equal shares of the budget that is left, some staying with the caller; loops get less depth."""
    parent = await office.started(budget={"tokens": 900, "depth": 2})
    async with office.conn() as conn:
        await conn.execute("update tasks set usage = '{\"prompt_tokens\": 300}'")
        spent = replace(parent, usage={"prompt_tokens": 300})
        children = await office.tasks.submit_children(conn, spent, 1, [ChildOrder(input="q")] * 2)
        assert [(child.budget["tokens"], child.budget["depth"]) for child in children] == [(225, 1)] * 2
    shallow = await office.started(budget={"depth": 0})
    with pytest.raises(BudgetExceeded, match="depth"):
        async with office.conn() as conn:
            await office.tasks.submit_children(conn, shallow, 1, [ChildOrder(input="q")])


async def test_cancelling_reaches_everything_below(office: Office) -> None:
    """What waits or is queued below a cancelled task ends at once, what runs is told to stop, callers learn of it."""
    top = await office.started()
    [middle] = await call(office, top, 1, ChildOrder(agent="a1", input="x"))
    running = await office.claim(middle)
    [leaf] = await call(office, running, 1, ChildOrder(agent="a2", input="x"))
    leaf = await office.claim(leaf)
    async with office.conn() as conn:
        await office.tasks.cancel(conn, middle.task_id)
    assert (await office.get(middle)).status == "cancelled"
    seen = await office.get(leaf)
    assert (seen.status, seen.cancel_requested) == ("running", True)
    assert await journal(office, top, 1) == ("failed", None, "AgentFailed: the task of agent 'a1' was cancelled")
    assert (await office.get(top)).status == "admitted"
    assert await office.wait(leaf) == "cancelled"
    with pytest.raises(Conflict, match="cancelled"):
        async with office.conn() as conn:
            await office.tasks.cancel(conn, middle.task_id)


async def test_an_agent_that_is_late_is_cancelled(office: Office) -> None:
    """A called agent that has not answered in time is told to stop, and its caller gets a TimeoutError."""
    parent = await office.started()
    async with office.conn() as conn:
        [child] = await office.tasks.submit_children(conn, parent, 1, [ChildOrder(agent="a1", input="x")])
        await ask(conn, parent, 1, "agent.call", expires="0 s")
    await office.wait(parent)
    await office.claim(child)
    async with office.conn() as conn:
        assert await office.tasks.expire_waiting(conn)
        assert not await office.tasks.expire_waiting(conn)
    assert await journal(office, parent, 1) == ("failed", None, "TimeoutError: nobody answered in time")
    assert (await office.get(parent)).status == "admitted"
    assert (await office.get(child)).cancel_requested


async def test_a_cancelled_task_starts_nothing_more(office: Office) -> None:
    """A running task that is to be cancelled can't call agents any more."""
    task = await office.started()
    async with office.conn() as conn:
        await office.tasks.cancel(conn, task.task_id)
    with pytest.raises(LeaseLost):
        async with office.conn() as conn:
            await office.tasks.submit_children(conn, task, 1, [ChildOrder(agent="a1", input="x")])


async def test_a_dead_task_goes_on_and_a_failed_one_begins_anew(office: Office) -> None:
    """Retried by hand, a dead task keeps its journal, a failed one loses it and can call the same agents again."""
    dead = await office.started()
    await office.ask(dead, 1)
    await office.finish(dead, "dead", error="worn out")
    failed = await office.started()
    [child] = await call(office, failed, 1, ChildOrder(agent="a1", input="x"))
    await office.finish(await office.claim(child), answer="y")
    await office.finish(await office.claim(failed), "failed", error="ValueError: no")
    async with office.conn() as conn:
        for task in (dead, failed):
            queued = await office.tasks.retry(conn, task.task_id)
            assert (queued.attempts, queued.error, queued.finished_at) == (0, None, None)
    assert len(await office.rows("select 1 from host_calls where task_id = %(t)s", t=dead.task_id)) == 1
    assert await office.rows("select 1 from host_calls where task_id = %(t)s", t=failed.task_id) == []
    again = await office.claim(failed)
    assert len(await call(office, again, 1, ChildOrder(agent="a1", input="x"))) == 1
    with pytest.raises(Conflict, match="waiting"):
        async with office.conn() as conn:
            await office.tasks.retry(conn, failed.task_id)


async def test_what_could_not_be_carried_out_is_not_queued_again(office: Office) -> None:
    """A task that another one called is retried with that one; one whose session is over is not retried at all."""
    parent = await office.started()
    [child] = await call(office, parent, 1, ChildOrder(agent="a1", input="x"))
    await office.finish(await office.claim(child), "failed", error="ValueError: no")
    with pytest.raises(Conflict, match=f"a part of {parent.task_id}, .* retry that one"):
        async with office.conn() as conn:
            await office.tasks.retry(conn, child.task_id)
    for over in ("status = 'ended'", "revoked_at = now()"):
        task = await office.started()
        await office.finish(task, "dead", error="worn out")
        await office.rows(f"update sessions set {over} where session_id = %(s)s returning 1", s=task.session_id)
        with pytest.raises(Conflict, match=f"session {task.session_id} .* submit it anew"):
            async with office.conn() as conn:
                await office.tasks.retry(conn, task.task_id)


@pytest.mark.parametrize("status", ["done", "failed", "dead", "cancelled"])
async def test_the_session_of_a_called_task_ends_with_it(office: Office, status: str) -> None:
    """However the task ends, its session has no key any more; the session of an order keeps its own."""
    parent = await office.started()
    [child] = await call(office, parent, 1, ChildOrder(input="part"))
    await office.rows("update sessions set session_key = session_id::bytea returning 1")
    if status == "cancelled":
        async with office.conn() as conn:
            await office.tasks.cancel(conn, child.task_id)
    else:
        await office.finish(await office.claim(child), status, error="x")
    rows = await office.rows("select session_id, status, session_key, ended_at is not null as over from sessions")
    held = {row["session_id"]: (row["status"], row["session_key"] is not None, row["over"]) for row in rows}
    assert held == {child.session_id: ("ended", False, True), parent.session_id: ("active", True, False)}


@pytest.mark.parametrize("status", ["done", "failed", "dead", "cancelled"])
@pytest.mark.parametrize("called", [False, True], ids=["an order", "a part"])
async def test_only_a_dead_order_keeps_what_it_would_go_on_from(office: Office, status: str, called: bool) -> None:
    """The boundary and its dump go with every other task; a dump that the session still has stays."""
    task = await office.started()
    if called:
        [child] = await call(office, task, 1, ChildOrder(input="part"))
        task = await office.claim(child)
    for digest in (b"own", b"shared"):
        await office.rows(
            "insert into blobs (org_id, digest, data, raw_size) values (%(o)s, %(d)s, 'x', 1) returning 1",
            o=office.org, d=digest,
        )  # fmt: skip
        await office.rows(
            "update sessions set snapshot = 'shared' where session_id = %(s)s returning 1", s=task.session_id
        )
    await office.rows(
        "update tasks set boundary = '{}', snapshot = 'own' where task_id = %(t)s returning 1", t=task.task_id
    )
    if status == "cancelled":
        async with office.conn() as conn:
            await conn.execute("update tasks set status = 'queued' where task_id = %s", (task.task_id,))
            await office.tasks.cancel(conn, task.task_id)
    else:
        await office.finish(task, status, error="x")
    kept = status == "dead" and not called
    assert (await office.get(task)).boundary == (b"{}" if kept else None)
    digests = {bytes(row["digest"]) for row in await office.rows("select digest from blobs")}
    assert digests == ({b"own", b"shared"} if kept else {b"shared"})


async def test_an_order_may_not_ask_for_more_than_its_agent_may_use(office: Office) -> None:
    """Of its agent's budget, or of the installation's where the agent says nothing; a refused one leaves nothing."""
    await office.rows("update agent_defs set budget = '{\"tokens\": 500}' where name = 'a1' returning 1")
    assert (await office.submit("a1", budget={"tokens": 500, "steps": 2})).budget == {"tokens": 500, "steps": 2}
    for agent, wanted in (("a1", {"tokens": 501}), ("a0", {"depth": 6}), ("a0", {"seconds": 10_000.0})):
        with pytest.raises(BadInput, match=f"{next(iter(wanted))} = .* at most"):
            await office.submit(agent, budget=wanted)
    assert len(await office.rows("select 1 from sessions")) == 1


async def test_waiting_is_progress(office: Office) -> None:
    """A task that waits many times keeps all its attempts."""
    task = await office.submit()
    for seq in range(1, 6):
        running = await office.claim(task)
        assert running.attempts == 1
        await office.ask(running, seq)
        await office.wait(running)
        await office.answer(running, seq)


async def test_pages_of_tasks_are_complete(office: Office) -> None:
    """Pages, newest first, hold each task once; filters by state, session and agent."""
    tasks = [await office.submit(f"a{number % 2}") for number in range(7)]
    found: list[TaskId] = []
    async with office.conn() as conn:
        while page := await office.tasks.list(conn, after=found[-1] if found else None, limit=3):
            found += [task.task_id for task in page]
        assert found == [task.task_id for task in reversed(tasks)]
        assert len(await office.tasks.list(conn, agent="a1")) == 3
        assert len(await office.tasks.list(conn, status="admitted")) == 4
        assert len(await office.tasks.list(conn, session=tasks[0].session_id)) == 1


async def test_an_organisation_sees_no_other_ones_tasks(office: Office, database: Database) -> None:
    """Another organisation can't read, claim, answer, cancel or retry a task."""
    other = await make_office(database, "other")
    task = await office.submit()
    async with other.conn() as conn:
        assert await other.tasks.list(conn) == []
        assert await other.tasks.claim(conn, task.task_id) is None
        assert not await other.tasks.answer(conn, task.task_id, 1, b"1")
        for work in (other.tasks.get, other.tasks.cancel, other.tasks.retry, other.tasks.take_over):
            with pytest.raises(NotFound):
                await work(conn, task.task_id)
