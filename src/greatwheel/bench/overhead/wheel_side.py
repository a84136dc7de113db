"""Greatwheel's half: a sandbox session whose host calls the run's bridge serves."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence

from greatwheel.core.budgets import Budget
from greatwheel.core.clock import SystemClock
from greatwheel.core.context import CallContext
from greatwheel.core.errors import NotAvailable
from greatwheel.core.ids import new_run_id, new_session_id
from greatwheel.core.usage import Usage
from greatwheel.llm.gate import GatePolicy, gated
from greatwheel.llm.port import Capability, ChatChunk, ChatModel, ChatReply, ChatRequest
from greatwheel.runtime.bridge import Bridge
from greatwheel.runtime.ledger import Ledger
from greatwheel.sandbox.port import Engine, Event, Finished, HostCalls, Limits, SandboxSession

HOST_FUNCTIONS = frozenset({"llm_query", "batch_llm_query"})
ALL = 1_000
"""More than any batch: only the gate limits how many requests run at once."""
ROOMY = Limits(seconds=120.0, memory_bytes=2 * 1024**3)


class InstantModel:
    """A model that replies at once."""

    name = "instant"
    model = "instant"
    window = 1_000_000
    capabilities: frozenset[Capability] = frozenset()

    async def chat(self, context: CallContext, request: ChatRequest) -> ChatReply:
        """Always the same."""
        return ChatReply(text="yes", usage=Usage(prompt_tokens=5, completion_tokens=1, model_calls=1), model="instant")

    async def stream(self, context: CallContext, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        """The reply in one chunk."""
        yield ChatChunk(reply=await self.chat(context, request))

    async def embed(self, context: CallContext, texts: Sequence[str]) -> list[list[float]]:
        """Not offered."""
        raise NotAvailable

    async def close(self) -> None:
        """Nothing to free."""


async def seconds_of(session: SandboxSession, model: ChatModel, code: str, concurrency: int = 4) -> float:
    """Run a block to its end behind the gate and the bridge, as the loop does."""
    bridge = _bridge(gated(model, GatePolicy(concurrency=concurrency)))
    begun = time.perf_counter()
    event = await session.run(code)
    while isinstance(event, HostCalls):
        answers = await bridge.serve(event)
        if not isinstance(answers, dict):
            break
        event = await session.resume(answers)
    took = time.perf_counter() - begun
    checked(event)
    return took


def checked(event: Event) -> None:
    """RuntimeError when the block did not end well: its time would mean nothing."""
    if not isinstance(event, Finished):
        raise RuntimeError(f"the measured block failed: {event}")


def _bridge(model: ChatModel) -> Bridge:
    clock = SystemClock()
    budget = Budget(tokens=10**9, model_calls=10**6, seconds=3_600.0)

    async def no_child(question: str, context: object, model: str | None, ledger: Ledger) -> str:
        raise NotAvailable

    return Bridge(
        context=CallContext(session_id=new_session_id(), run_id=new_run_id()),
        model=model,
        ledger=Ledger(budget, clock),
        clock=clock,
        observer=lambda event: None,
        child=no_child,
        show_vars=list,
        parallel=ALL,
    )


async def opened(engine: Engine) -> SandboxSession:
    """A session that can ask the model."""
    return await engine.open(host_functions=HOST_FUNCTIONS, limits=ROOMY)
