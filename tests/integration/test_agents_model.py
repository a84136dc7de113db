"""The agents that come with the product, with a real model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from greatwheel.core.budgets import Budget
from greatwheel.core.clock import SystemClock
from greatwheel.core.context import CallContext
from greatwheel.core.ids import new_run_id, new_session_id
from greatwheel.llm.port import ChatModel
from greatwheel.registry.bundled import bundled_folder
from greatwheel.runtime.agent_run import CALL
from greatwheel.runtime.bridge import Bridge
from greatwheel.runtime.equipped import open_equipped
from greatwheel.runtime.ledger import Ledger
from greatwheel.sandbox.port import Answer, HostCall, HostCalls, Limits, Returned
from greatwheel.server.composition import open_engine, open_model

pytestmark = pytest.mark.model

FILLER = [f"On day {day} the harbour office had nothing to report about the weather." for day in range(400)]


@pytest.fixture
async def model() -> AsyncIterator[ChatModel]:
    """A small real model."""
    model = await open_model("qwen2.5-coder:1.5b")
    yield model
    await model.close()


class Desk:
    """Serves model calls for real; the others get written answers."""

    def __init__(self, model: ChatModel) -> None:
        clock = SystemClock()
        self.calls: list[HostCall] = []
        self._bridge = Bridge(
            context=CallContext(session_id=new_session_id(), run_id=new_run_id()),
            model=model,
            ledger=Ledger(Budget(), clock),
            clock=clock,
            observer=lambda event: None,
            child=self._no_child,
            show_vars=self._no_variables,
        )

    async def serve(self, calls: HostCalls) -> dict[int, Answer]:
        """Answers for all calls but FINAL."""
        self.calls += calls.calls
        if calls.calls[0].name.startswith(("llm", "batch_llm")):
            answers = await self._bridge.serve(calls)
            assert isinstance(answers, dict)
            return answers
        written = {"memory.recall": [], "agent.call": "research's answer"}
        return {call.id: Returned(value=written.get(call.name)) for call in calls.calls}

    async def _no_child(self, question: str, context: Any, model: str | None, ledger: Ledger) -> str:
        raise AssertionError("no child is asked for")

    def _no_variables(self) -> list[str]:
        raise AssertionError("no variables are asked for")


async def work(agent: str, model: ChatModel, question: str, context: str | None = None) -> tuple[str, list[str]]:
    """The answer of an agent, and the names of its host calls."""
    engine = open_engine()
    session = await open_equipped(engine, Limits())
    desk = Desk(model)
    try:
        if context is not None:
            await session.set("context", context)
        await session.set("task", {"input": question, "context": context is not None, "user": "usr_1", "id": "tsk_1"})
        event = await session.run((bundled_folder() / f"{agent}.py").read_text() + CALL)
        while isinstance(event, HostCalls) and event.calls[0].name != "FINAL":
            event = await session.resume(await desk.serve(event))
        assert isinstance(event, HostCalls), event
        return str(event.calls[0].args[0]), [call.name for call in desk.calls]
    finally:
        await session.close()
        await engine.close()


async def test_triage_with_a_real_model(model: ChatModel) -> None:
    """A small model greets by itself and hands on what must be looked up."""
    answer, calls = await work("triage", model, "Hi, how are you?")
    assert answer
    assert calls == ["llm.complete", "llm.complete", "channel.send"]
    answer, calls = await work("triage", model, "Who is the customer of the Norvale project?")
    assert answer == "research's answer"
    assert calls == ["llm.complete", "agent.call", "channel.send"]


async def test_research_with_a_real_model(model: ChatModel) -> None:
    """A small model finds one fact among many lines by sub-queries, and remembers it."""
    lines = [*FILLER[:200], "The harbour master of Aldria is Quentin Vale.", *FILLER[200:]]
    answer, calls = await work("research", model, "Who is the harbour master of Aldria?", "\n".join(lines))
    assert "Quentin Vale" in answer
    assert calls == ["batch_llm_query", "llm.complete", "memory.store"]
