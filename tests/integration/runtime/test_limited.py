"""Loops that meet their organisation's limit."""

from __future__ import annotations

import pytest

from greatwheel.core.clock import SystemClock
from greatwheel.core.errors import LimitReached
from greatwheel.llm.port import ChatRequest
from greatwheel.scheduler import limits
from greatwheel.scheduler.rationed import RationedModel
from greatwheel.testing.models import ScriptedModel

from .office import Office

MUCH = 10**9


async def test_a_loop_at_a_hard_limit_is_dead_until_somebody_retries_it(office: Office) -> None:
    """It ends at once with the time of the reset; retried later it goes on where it was, and pays nothing twice."""

    async def limit(hard: int) -> None:
        async with office.database.org(office.org_id) as conn:
            await limits.set_limit(conn, "tokens", "day", hard=hard)

    async def author(request: ChatRequest) -> str:
        steps = sum(message.role == "assistant" for message in request.messages[:-1])
        if steps == 0:
            await limit(1)
        return f"```python\n{['total = 3 + 4', 'FINAL(total)'][steps]}\n```"

    script = ScriptedModel(author, capabilities=frozenset())
    office.model = RationedModel(script, office.database, SystemClock())
    await limit(MUCH)
    task = await office.submit()
    with pytest.raises(LimitReached) as refused:
        await office.work(task)
    async with office.database.org(office.org_id) as conn:
        assert (
            await office.tasks.fail_attempt(conn, await office.tasks.get(conn, task.task_id), refused.value) == "dead"
        )
    ended = await office.get(task)
    assert ended.error_code == "limit.reached"
    assert "limit of 1 tokens a day is reached" in (ended.error or "")
    assert "resets at" in (ended.error or "")

    await limit(MUCH)
    async with office.database.org(office.org_id) as conn:
        await office.tasks.retry(conn, task.task_id)
    task = await office.work(task)
    assert (task.status, task.answer) == ("done", "7")
    keys = [request.idempotency_key for request in script.requests]
    assert len(set(keys)) == len(keys)
