"""What happens in a run, as past facts, in the order of happening.

The wire tag of an event is mechanical: `StepCompleted` is `step.completed`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from greatwheel.core.ids import RunId, SessionId
from greatwheel.core.usage import Usage

StepOutcome: TypeAlias = Literal["finished", "raised", "limit", "lost", "no_code", "refused", "final"]
RunOutcome: TypeAlias = Literal["answered", "budget", "steps", "cancelled", "failed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunStarted:
    """A question was asked."""

    run_id: RunId
    session_id: SessionId
    question: str
    model: str
    engine: str
    depth: int = 0
    parent: RunId | None = None
    variables: Sequence[Mapping[str, Any]] = ()
    """Name, type, size and SHA-256 of each injected value, never the value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StepStarted:
    """The model is about to be asked for code."""

    run_id: RunId
    step: int
    messages: Sequence[Mapping[str, str]]
    temperature: float
    seed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelReplied:
    """The model's reply to a step."""

    run_id: RunId
    step: int
    text: str
    code: str
    """The block that will run; empty when the reply had none."""
    usage: Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class HostCallStarted:
    """The guest called the host and waits."""

    run_id: RunId
    step: int
    call: int
    """Numbered from 1 over the whole run."""
    name: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class HostCallServed:
    """The guest got its answer."""

    run_id: RunId
    step: int
    call: int
    name: str
    result: Any = None
    error: str | None = None
    """`Type: message` when the call failed; `result` is then None."""
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    replayed: bool = False
    """Answered from a record, not paid."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StepCompleted:
    """The block has run; `observation` is what the model sees of it."""

    run_id: RunId
    step: int
    outcome: StepOutcome
    stdout: str
    observation: str
    error: str | None = None
    hint: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RunCompleted:
    """The run is over."""

    run_id: RunId
    outcome: RunOutcome
    answer: str
    usage: Usage
    seconds: float
    reason: str = ""
    """Why it ended, when not answered; a line for people."""
    flags: Sequence[str] = ()
    """Doubts about the answer, such as `not_in_context`."""


Event: TypeAlias = (
    RunStarted | StepStarted | ModelReplied | HostCallStarted | HostCallServed | StepCompleted | RunCompleted
)
EVENTS: tuple[type[Event], ...] = (
    RunStarted,
    StepStarted,
    ModelReplied,
    HostCallStarted,
    HostCallServed,
    StepCompleted,
    RunCompleted,
)
Observer: TypeAlias = Callable[[Event], None]
"""Told of each event at once; must not block."""


def tag(event: Event | type[Event]) -> str:
    """The wire tag: `run.started` for RunStarted, `host_call.served` for HostCallServed."""
    name: str = event.__name__ if isinstance(event, type) else type(event).__name__
    words: list[str] = re.findall(r"[A-Z][a-z]+", name)
    return "_".join(words[:-1]).lower() + "." + words[-1].lower()
