"""What a guest's model calls are charged to its task's budget."""

from __future__ import annotations

from typing import Any

from greatwheel.llm.sizing import size_of

from .office import Office


async def _result(office: Office, code: str, **budget: Any) -> Any:
    office.source = f"def handle(task):\n{code}"
    task = await office.work(await office.submit(budget=budget))
    assert task.status == "done", task.error
    return task.result if task.result is not None else task.answer


async def test_an_embedding_is_paid(office: Office) -> None:
    """Its tokens and its call count in the task's usage, its journal's row, and what is left to the guest."""
    text = "x" * 3_000
    code = f"""
    before = budget()
    llm.embed(["{text}", "y"])
    after = budget()
    return [before[name] - after[name] for name in ("tokens", "model_calls")]
"""
    assert await _result(office, code) == [size_of([text, "y"]).likely, 1]
    async with office.database.org(office.org_id) as conn:
        row = await (await conn.execute("select prompt_tokens from host_calls where name = 'llm.embed'")).fetchone()
        [task] = await (await conn.execute("select usage from tasks")).fetchall()
    assert row is not None
    assert row["prompt_tokens"] == task["usage"]["prompt_tokens"] == 1_000


async def test_an_embedding_beyond_the_budget_is_refused(office: Office) -> None:
    """The guest reads why, and the server is not asked."""
    code = """
    try:
        return llm.embed("x" * 4_000)
    except BudgetExceeded as error:
        return str(error)
"""
    assert "token budget does not suffice" in await _result(office, code, tokens=1_000)


async def test_a_batch_that_would_hold_too_much_waits_for_itself(office: Office) -> None:
    """Prompts that can use more than is left together, but are not likely to, are asked one after the other."""
    code = """
    return len(batch_llm_query(["x" * 3_000] * 20, max_tokens=10))
"""
    # each may use some 3,300 tokens, is likely to use 1,010, and uses 1,500
    assert await _result(office, code, tokens=40_000) == 20
    assert len(office.model.requests) == 20


async def test_a_reply_of_less_than_nothing_is_refused(office: Office) -> None:
    """It would set aside less than nothing, so that others could pass their limits."""
    code = """
    told = []
    for most in (-1, -1_000_000):
        try:
            told.append(llm_query("x", max_tokens=most))
        except ValueError as error:
            told.append(str(error))
    return told
"""
    assert all("at least 1" in each for each in await _result(office, code))
    assert office.model.requests == []
