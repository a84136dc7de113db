"""The systems that answer tasks, on scripted models, and the command line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest
from typer.testing import CliRunner

from greatwheel.bench.longcontext.__main__ import app
from greatwheel.bench.longcontext.scoring import Name
from greatwheel.bench.longcontext.serving import Served
from greatwheel.bench.longcontext.systems.wheel import Greatwheel
from greatwheel.bench.longcontext.task import BenchTask
from greatwheel.core.context import CallContext
from greatwheel.core.errors import ModelRefused
from greatwheel.core.usage import Usage
from greatwheel.llm.port import Capability, ChatChunk, ChatReply, ChatRequest


class Scripted:
    """A model that gives the replies of a list, then refuses."""

    name = "scripted"
    model = "scripted"
    window = 8_192
    capabilities: frozenset[Capability] = frozenset()

    def __init__(self, *replies: str) -> None:
        self._replies = list(replies)

    async def chat(self, context: CallContext, request: ChatRequest) -> ChatReply:
        if not self._replies:
            raise ModelRefused("scripted has nothing more to say")
        usage = Usage(prompt_tokens=10, completion_tokens=2, model_calls=1)
        return ChatReply(text=self._replies.pop(0), usage=usage, model=self.model)

    async def stream(self, context: CallContext, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        yield ChatChunk(reply=await self.chat(context, request))

    async def embed(self, context: CallContext, texts: Sequence[str]) -> list[list[float]]:
        raise NotImplementedError

    async def close(self) -> None:
        pass


def served(model: Scripted) -> Served:
    return Served(chat=model, base_url="", api_key="", model="scripted", window=8_192)


TASK = BenchTask(family="x", seed=0, question="Which code?", context="the code is K1", expected=Name(value="K1"))


async def test_greatwheel_answers_with_its_usage() -> None:
    """The loop's answer, with the tokens and calls that it took."""
    outcome = await Greatwheel(served(Scripted("```python\nFINAL(context[-2:])\n```"))).answer(TASK)
    assert (outcome.answer, outcome.error, outcome.steps) == ("K1", "", 1)
    assert (outcome.usage.tokens, outcome.usage.model_calls) == (12, 1)


async def test_a_run_that_failed_is_an_outcome_with_what_it_used() -> None:
    """A model server that refuses is the system's failure, not the benchmark's."""
    outcome = await Greatwheel(served(Scripted("```python\nprint(len(context))\n```"))).answer(TASK)
    assert outcome.error.startswith("model.refused: ")
    assert outcome.usage.tokens == 12


@pytest.mark.parametrize("arguments", [["tasks", "--families", "needle", "--show"], ["tasks", "--split", "held_out"]])
def test_tasks_are_listed(arguments: list[str]) -> None:
    """The list names each task's family and size."""
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    assert "seed 0: " in result.output
    assert "characters" in result.output
