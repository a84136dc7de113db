"""Agents that call agents, against Postgres."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from greatwheel.bus.children import ChildServices
from greatwheel.bus.services import BusServices
from greatwheel.core.budgets import Budget
from greatwheel.core.context import CallContext
from greatwheel.core.errors import BudgetExceeded, LimitReached, NotFound, PermissionDenied
from greatwheel.core.ids import RunId
from greatwheel.core.tasks import Task
from greatwheel.database.database import Database
from greatwheel.runtime.services import Record, ServiceCall, Wait
from greatwheel.scheduler import limits

from ..scheduler.office import Office, make_office, new_store


@pytest.fixture
async def office(database: Database) -> Office:
    return await make_office(database, "first")


async def running(office: Office, agent: str = "a0", **order: Any) -> Task:
    """A task whose session has its key, as a running one's has."""
    return await begun(office, await office.submit(agent, **order))


async def begun(office: Office, queued: Task) -> Task:
    task = await office.claim(queued)
    await office.rows(
        "update sessions set session_key = %(key)s where session_id = %(session)s returning 1",
        key=task.session_id.encode(),
        session=task.session_id,
    )
    return task


async def serve(office: Office, task: Task, function: str, seq: int = 1, /, **kwargs: Any) -> Any:
    service = BusServices(tasks=office.tasks).find(function) or ChildServices(tasks=office.tasks).find(function)
    context = CallContext(
        session_id=task.session_id, run_id=RunId(task.task_id), organisation=office.org, user_id=task.user_id
    )
    call = ServiceCall(context=context, task=task, seq=seq, name=function, kwargs=kwargs)
    assert isinstance(service, (Record, Wait))
    async with office.conn() as conn:
        return await service.handle(conn, call)


async def children(office: Office, task: Task) -> list[Any]:
    return await office.rows("select * from tasks where parent_id = %(t)s order by part", t=task.task_id)


async def test_a_call_makes_a_task_of_the_other_agent(office: Office) -> None:
    """agent.call queues a child with the text (or the data as JSON), and waits as long as it is told."""
    task = await running(office)
    waiting = await serve(office, task, "agent.call", name="a1", task={"find": "x"}, context=[1], timeout=60)
    [child] = await children(office, task)
    assert (child["input"], child["path"], child["context"]) == ('{"find": "x"}', ["a0", "a1"], b"[1]")
    assert waiting.expires_at is not None
    assert (await serve(office, task, "agent.call", 2, name="a2", task="y")).expires_at is None


async def test_a_notified_agent_works_on_its_own(office: Office) -> None:
    """agent.notify queues a task that is nobody's child and returns its id, whatever keys the user's orders have."""
    task = await running(office)
    order = await office.submit(idempotency_key=f"{task.task_id}-1")
    told = await serve(office, task, "agent.notify", name="a1", message="hello")
    assert told != order.task_id
    notified = await office.get(told)
    assert (notified.parent_id, notified.depth, notified.path, notified.input) == (None, 1, ["a0", "a1"], "hello")


@pytest.mark.parametrize("name", ["agent.call", "agent.notify"])
async def test_a_call_without_the_permission_is_refused(office: Office, name: str) -> None:
    """The missing grant is named, and no task is made."""
    task = await running(office)
    await office.rows("update users set deny = '{agent:a1}' returning 1")
    with pytest.raises(PermissionDenied, match="agent:a1"):
        await serve(office, task, name, name="a1", task="x", message="x")
    assert len(await office.rows("select 1 from tasks")) == 1


async def test_cycles_unknown_agents_and_empty_tasks_are_refused_at_once(office: Office) -> None:
    """A guest's mistakes are errors at the call site, naming the path or the name."""
    task = await running(office)
    for function in ("agent.call", "agent.notify"):
        with pytest.raises(ValueError, match="a0 → a0"):
            await serve(office, task, function, name="a0", task="x", message="x")
    with pytest.raises(NotFound, match="nobody"):
        await serve(office, task, "agent.call", name="nobody", task="x")
    with pytest.raises(ValueError, match="empty"):
        await serve(office, task, "agent.call", name="a1", task=None)
    with pytest.raises(TypeError):
        await serve(office, task, "agent.call", name=7, task="x")
    with pytest.raises(ValueError, match="timeout"):
        await serve(office, task, "agent.call", name="a1", task="x", timeout=float("nan"))


async def test_an_agent_of_another_organisation_can_t_be_called(office: Office, database: Database) -> None:
    """Names are looked up in the caller's organisation alone."""
    other = await make_office(database, "other")
    await other.rows("update agent_defs set name = 'theirs' where name = 'a1' returning 1")
    with pytest.raises(NotFound):
        await serve(office, await running(office), "agent.call", name="theirs", task="x")


async def test_notifying_counts_as_starting_tasks(office: Office) -> None:
    """An agent that notifies without end is stopped by the limit of tasks."""
    task = await running(office)
    async with office.conn() as conn:
        await limits.set_limit(conn, "tasks", "day", hard=1)
    await serve(office, task, "agent.notify", 1, name="a1", message="x")
    with pytest.raises(LimitReached):
        await serve(office, task, "agent.notify", 2, name="a1", message="x")


async def test_a_notified_agent_gets_what_its_caller_has_left(office: Office) -> None:
    """Not a fresh budget: no more than the caller's, less what that has used, and no more than its own agent's."""
    task = await running(office, budget={"tokens": 1_000, "seconds": 50})
    await office.rows("update agent_defs set budget = '{\"seconds\": 20}' where name = 'a2' returning 1")
    spent = replace(task, usage={"prompt_tokens": 300, "completion_tokens": 100, "model_calls": 2})
    notified = await office.get(await serve(office, spent, "agent.notify", name="a2", message="hello"))
    whole = Budget()
    assert (notified.budget["tokens"], notified.budget["model_calls"], notified.budget["seconds"]) == (
        600, whole.model_calls - 2, 20,
    )  # fmt: skip
    with pytest.raises(BudgetExceeded):
        await serve(office, replace(task, usage={"prompt_tokens": 1_000}), "agent.notify", 2, name="a2", message="x")


async def test_what_one_order_leads_to_is_bounded(office: Office) -> None:
    """Calls, child loops and notifications count together, through all that they lead to; other orders count apart."""
    office.tasks = new_store(most_tasks=5)
    task, another = await running(office), await running(office)
    await serve(office, task, "batch_rlm_query", questions=["p", "q"], contexts=["x", "y"])
    notified = await office.get(await serve(office, task, "agent.notify", 2, name="a1", message="x"))
    await office.rows("update tasks set status = 'admitted' where task_id = %(t)s returning 1", t=notified.task_id)
    notified = await begun(office, notified)
    await serve(office, notified, "agent.notify", 1, name="a2", message="x")
    called = serve(office, notified, "batch_rlm_query", 2, questions=["p", "q"], contexts=["x", "y"])
    with pytest.raises(BudgetExceeded, match=f"One order leads to 5 tasks at most, and 4 came of {task.task_id}"):
        await called
    await serve(office, notified, "agent.call", 3, name="a3", task="x")
    for function in ("agent.call", "agent.notify"):
        with pytest.raises(BudgetExceeded, match="5 tasks at most"):
            await serve(office, notified, function, 4, name="a4", task="x", message="x")
    await serve(office, another, "agent.notify", name="a1", message="x")


async def test_a_batch_of_loops_becomes_a_task_for_each_question(office: Office) -> None:
    """batch_rlm_query makes children of the caller's own agent and version, each with its part of the data."""
    task = await running(office)
    await serve(office, task, "batch_rlm_query", questions=["p", "q"], contexts=["x", "y"])
    rows = await children(office, task)
    assert [(row["input"], row["context"], row["kind"], row["part"]) for row in rows] == [
        ("p", b"'x'", "child", 0),
        ("q", b"'y'", "child", 1),
    ]
    assert len({row["session_id"] for row in rows} | {task.session_id}) == 3
