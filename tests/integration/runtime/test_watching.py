"""What people see of tasks while they are done: replies as they come, calls that take their time, questions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from greatwheel.core.clock import SystemClock
from greatwheel.core.context import CallContext
from greatwheel.core.tasks import Task
from greatwheel.llm.port import ChatChunk, ChatRequest
from greatwheel.runtime.group_commit import GroupCommit
from greatwheel.runtime.lifecycle import LiveSessions
from greatwheel.testing.models import ScriptedModel

from .office import Office, nothing

BLOCK = "```python\ntotal = 3 + 4\nFINAL(total)\n```"


class Typing(ScriptedModel):
    """Gives its reply word by word, some time between two words, and stops before the last one until it may go on."""

    def __init__(self, replies: Any, *, seconds: float = 0.08) -> None:
        super().__init__(replies, capabilities=frozenset())
        self.seconds = seconds
        self.go_on = asyncio.Event()

    async def stream(self, context: CallContext, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        """Word by word."""
        async for chunk in super().stream(context, request):
            if chunk.reply is not None:
                await self.go_on.wait()
            else:
                await asyncio.sleep(self.seconds)
            yield chunk


async def _deltas(office: Office, task: Task, count: int) -> list[dict[str, Any]]:
    """The pieces that are told of a task, once there are so many."""
    async with asyncio.timeout(20):
        while True:
            found = [data for kind, data in await office.events(task) if kind == "model.delta"]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.02)


async def _kinds(office: Office, task: Task) -> list[str]:
    return [kind for kind, _ in await office.events(task)]


async def test_a_reply_is_seen_as_it_comes(office: Office) -> None:
    """Its pieces stand among the events until it is there, then it stands there alone."""
    office.model = model = Typing([BLOCK])
    task = await office.submit()
    working = asyncio.create_task(office.work(task))
    deltas = await _deltas(office, task, 2)
    assert BLOCK.startswith("".join(each["text"] for each in deltas))
    assert {(each["step"], each["attempt"]) for each in deltas} == {(1, 1)}
    model.go_on.set()
    task = await working
    assert (task.status, task.answer) == ("done", "7")
    assert await _kinds(office, task) == [
        "run.started", "step.started", "model.replied", "step.completed", "run.completed"
    ]  # fmt: skip


async def test_the_pieces_of_an_attempt_that_died_do_not_stay(office: Office, commits: GroupCommit) -> None:
    """The next attempt asks anew; what it got at once is all that is left to see."""
    office.model = Typing([BLOCK, BLOCK])
    task = await office.submit()
    attempt = asyncio.create_task(office.attempt(office.runner(commits, LiveSessions(SystemClock(), nothing)), task))
    await _deltas(office, task, 1)
    attempt.cancel()
    await asyncio.gather(attempt, return_exceptions=True)
    await office.take_over(task)
    office.model = ScriptedModel([BLOCK], capabilities=frozenset())
    task = await office.work(task)
    assert task.status == "done"
    kinds = await _kinds(office, task)
    assert "model.delta" not in kinds
    assert kinds.count("model.replied") == 1


AGENT = """
def handle(task):
    return [llm_query("one"), llm.complete("two"), *batch_llm_query(["three", "four"])]
"""


async def test_an_agents_own_model_calls_are_seen_as_they_come(office: Office) -> None:
    """By the number of the call; a batch is not. Calls that took their time are told of when they were served."""
    office.source = AGENT
    office.model = model = Typing(lambda request: request.messages[-1].content + " a b c d e")
    task = await office.submit()
    working = asyncio.create_task(office.work(task))
    assert {each["call"] for each in await _deltas(office, task, 1)} == {1}
    model.go_on.set()
    task = await working
    assert task.result[0] == "one a b c d e", task.error
    events = await office.events(task)
    assert not [data for kind, data in events if kind == "model.delta"]
    served = [data for kind, data in events if kind == "host_call.served"]
    assert [(each["call"], each["name"], each["request"]) for each in served] == [
        (1, "llm_query", "'one'"), (2, "llm.complete", "'two'")
    ]  # fmt: skip
    assert all(each["seconds"] >= 0.02 and each["completion_tokens"] > 0 for each in served)


async def test_quick_calls_make_no_events(office: Office) -> None:
    """A model that answers at once costs no row beside the journal's."""
    office.source = AGENT
    task = await office.work(await office.submit())
    assert task.status == "done"
    assert await _kinds(office, task) == ["step.completed"]


async def test_an_answer_is_told(office: Office) -> None:
    """Whoever watches sees that the question waits no more."""
    office.source = "def handle(task):\n    return channel.ask('Go on?')"
    task = await office.work(await office.submit())
    await office.answer(task, "yes")
    told = [data for kind, data in await office.events(task) if kind == "question.answered"]
    assert told == [{"call": 1}]
