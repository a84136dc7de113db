"""Idempotency keys: the same in each attempt at a call, others when the task is begun anew."""

from __future__ import annotations

import pytest

from greatwheel.core.tasks import Task
from greatwheel.testing.models import ScriptedModel

from .office import Office

AGENT = """
try:
    tries
except NameError:
    tries = 0
def handle(task):
    global tries
    tries += 1
    told = [llm_query("first"), tool.mail(text="an order"), *batch_llm_query(["second", "third"])]
    if tries == 1:
        raise ValueError("not yet")
    return told
"""


async def _retried(office: Office, task: Task) -> Task:
    async with office.database.org(office.org_id) as conn:
        return await office.tasks.retry(conn, task.task_id)


def _keys(office: Office) -> list[str]:
    return [*(request.idempotency_key or "" for request in office.model.requests), *office.outside.sent]


async def test_what_a_task_that_is_begun_anew_calls_is_new(office: Office) -> None:
    """A server or a tool that honours keys does not take the calls of the new run for those of the old one."""
    office.source = AGENT
    task = await office.work(await office.submit())
    assert (task.status, task.error) == ("failed", "ValueError: not yet")
    first = _keys(office)
    assert first[0] == f"{task.task_id}-1"
    task = await office.work(await _retried(office, task))
    assert task.status == "done", task.error
    assert task.result == ["FIRST", "mail 2", "SECOND", "THIRD"]
    keys = _keys(office)
    assert len(keys) == len(set(keys)) == 2 * len(first)


async def test_a_dead_task_that_goes_on_keeps_its_keys(office: Office) -> None:
    """It is the same run: what a server was asked before the task died is asked again with the same keys."""
    office.source = "def handle(task):\n    return llm_query('first')"

    def unwell(request: object) -> str:
        raise RuntimeError("the host stumbles")

    office.model._author, well = unwell, office.model._author
    task = await office.submit()
    with pytest.raises(RuntimeError):
        await office.work(task)
    async with office.database.org(office.org_id) as conn:
        await conn.execute("update tasks set max_attempts = 1")
    async with office.database.org(office.org_id) as conn:
        await office.tasks.fail_attempt(conn, await office.get(task), RuntimeError())
    assert (await office.get(task)).status == "dead"
    office.model._author = well
    task = await office.work(await _retried(office, task))
    assert task.answer == "FIRST"
    assert set(_keys(office)) == {f"{task.task_id}-1"}


async def test_a_loop_that_is_begun_anew_asks_anew(office: Office) -> None:
    """The replies to its steps have the run in their keys, too."""
    office.model = ScriptedModel(["```python\ntotal = 3 + 4\nFINAL(total)\n```"], capabilities=frozenset())
    task = await office.submit()
    async with office.database.org(office.org_id) as conn:
        await conn.execute("update tasks set run = 2")
    task = await office.work(task)
    assert task.answer == "7"
    assert _keys(office) == [f"{task.task_id}-run-2-step-1"]
