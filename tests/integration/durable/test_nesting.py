"""Tasks that call tasks, to the depth that is allowed, with one place and one worker."""

from __future__ import annotations

from .plant import Plant, prompt_of

DEPTH = 8
CALLER = """
def handle(task):
    said = llm.complete("of level {level}", system={rules!r})
    return said + "+" + agent.call("a{below}", "go on")
"""
LAST = """
def handle(task):
    return llm.complete("of level {level}", system={rules!r})
"""
RULES = "You answer as briefly as you can. " * 60
"""2,000 characters, as agents have them."""
DIGGING = """```python
left = budget()["depth"]
FINAL(str(left) + "+" + rlm_query("Dig on.", context) if left else "ground")
```"""


async def test_nested_agents_need_one_place_of_one_worker(plant: Plant) -> None:
    """Nine agents that call one another in a row end with the usual budget, on one worker that runs one task."""
    assert plant.model is not None
    plant.model.reply = lambda request: prompt_of(request)[-1]
    for level in range(DEPTH + 1):
        source = (CALLER if level < DEPTH else LAST).format(level=level, below=level + 1, rules=RULES)
        await plant.define(f"a{level}", source)
    async with plant.worker("--concurrency", "1"):
        done = await plant.until(await plant.submit("a0"), "done", "failed", "dead")
    assert (done.status, done.answer) == ("done", "0+1+2+3+4+5+6+7+8"), done.error
    assert plant.model.calls == DEPTH + 1


async def test_nested_loops_need_one_place_of_one_worker(plant: Plant) -> None:
    """Eight child loops below one another end with the usual tokens, on one worker that runs one task."""
    assert plant.model is not None
    plant.model.reply = DIGGING
    await plant.define("digger")
    async with plant.worker("--concurrency", "1"):
        task = await plant.submit("digger", "Dig.", context="earth")
        done = await plant.until(task, "done", "failed", "dead")
    assert (done.status, done.answer) == ("done", "8+7+6+5+4+3+2+1+ground"), done.error
    assert plant.model.calls == DEPTH + 1
