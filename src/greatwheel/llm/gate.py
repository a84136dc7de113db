"""The gate: what stands between every caller and a model server."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from greatwheel.llm.limited import ConcurrencyLimitedModel, TimeLimitedModel
from greatwheel.llm.metered import MeteredModel
from greatwheel.llm.port import ChatModel
from greatwheel.llm.retried import RetriedModel, RetryPolicy, Sleep


@dataclass(frozen=True, kw_only=True)
class GatePolicy:
    """What the gate allows one server. A server has one gate, and all its callers share it."""

    concurrency: int = 4
    seconds: float = 600.0
    """Longest time of one attempt, counted from when it has a slot."""
    retries: RetryPolicy = field(default_factory=RetryPolicy)


def gated(server: ChatModel, policy: GatePolicy | None = None, *, sleep: Sleep = asyncio.sleep) -> MeteredModel:
    """The server behind its gate, built from the inside out."""
    policy = policy or GatePolicy()
    model: ChatModel = server
    model = TimeLimitedModel(model, policy.seconds)
    model = ConcurrencyLimitedModel(model, policy.concurrency)  # a pause between attempts holds no slot
    model = RetriedModel(model, policy.retries, sleep)
    return MeteredModel(model)
