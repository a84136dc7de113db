"""A task and all that it calls stay within its budget."""

from __future__ import annotations

import pytest

from .plant import Plant

pytestmark = pytest.mark.heavy

TOKENS = 200_000
"""Of the usual budget."""
IN_TURN = """
def handle(task):
    return [agent.call("spender", str(number)) for number in range(3)]
"""
SPENDER = """
def handle(task):
    given = budget()["tokens"]
    for number in range(2):
        llm.complete("Tell me much.", max_tokens=25000)
    return given
"""
MUCH = "word " * 25_000


async def test_calls_in_turn_share_what_is_left(plant: Plant) -> None:
    """What a call has used is not given to the next one, also where no boundary lies between them."""
    await plant.define("in_turn", IN_TURN)
    await plant.define("spender", SPENDER)
    assert plant.model is not None
    plant.model.reply = MUCH
    async with plant.worker():
        task = await plant.submit("in_turn", context="What may be read. " * 60_000)
        done = await plant.until(task, "done", "failed", "dead", seconds=90)
    assert done.status == "done", done.error
    first, second, third = done.result
    assert first == TOKENS * 3 // 4
    assert second < (TOKENS - 50_000) * 3 // 4
    assert third < (TOKENS - 100_000) * 3 // 4
