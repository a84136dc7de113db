"""What the end of tasks means to the call that started them: decided from rows to values, without a database."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from greatwheel.core.errors import GreatwheelError, LimitReached
from greatwheel.core.tasks import Ending, TaskKind, TaskStatus

BATCH = "batch_"
"""Calls whose names begin with it get a list, whatever the number of their parts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A task that has ended, as the call that started it sees it."""

    agent: str
    kind: TaskKind
    status: TaskStatus
    answer: str | None = None
    result: Any = None
    """As JSON, in the form of `runtime.wire`."""
    error: str | None = None
    error_code: str | None = None
    usage: Mapping[str, Any] = field(default_factory=dict)

    @property
    def value(self) -> Any:
        """What the caller gets: an agent's result, else its answer; a child's answer."""
        return self.answer if self.kind == "child" or self.result is None else self.result


CANCELLED = Ending(status="cancelled", error_code="task.cancelled", error="The task was cancelled.")


DEAD = "task.dead"


def dead(reason: str, attempts: int, code: str = DEAD) -> Ending:
    """The end of a task whose attempts are used up, or of which every other one would fail as the last did."""
    return Ending(status="dead", error_code=code, error=f"{reason} (after {_attempts(attempts)})")


def _attempts(number: int) -> str:
    return "one attempt" if number == 1 else f"{number} attempts"


@dataclass(frozen=True, kw_only=True, slots=True)
class CallOutcome:
    """What is written into the journal row of the call."""

    answer: bytes | None
    error: str | None
    prompt_tokens: int = 0
    completion_tokens: int = 0


def outcome_of(call: str, parts: Sequence[Part]) -> CallOutcome:
    """The call's answer (one value, or a batch's list in order), or the error of the first part that did not do it."""
    error = next((said for said in map(error_of, parts) if said is not None), None)
    value = [part.value for part in parts] if call.startswith(BATCH) else parts[0].value
    return CallOutcome(
        answer=json.dumps(value, separators=(",", ":")).encode("ascii") if error is None else None,
        error=error,
        prompt_tokens=sum(int(part.usage.get("prompt_tokens", 0)) for part in parts),
        completion_tokens=sum(int(part.usage.get("completion_tokens", 0)) for part in parts),
    )


def error_of(part: Part) -> str | None:
    """`Type: message` for the guest that called; None when the part was done."""
    match part.status:
        case "done":
            return None
        case "failed":
            return part.error or f"AgentFailed: the agent {part.agent!r} failed"
        case "dead" if part.error_code == LimitReached.code:
            return part.error  # begins with its type, as the caller's own calls raise it
        case "dead":
            return f"AgentFailed: the agent {part.agent!r} could not be run: {part.error or 'its attempts are used up'}"
        case "cancelled":
            return f"AgentFailed: the task of agent {part.agent!r} was cancelled"
        case "queued" | "admitted" | "running" | "waiting":
            raise ValueError(f"a part that is {part.status} has no outcome yet")


def reason_of(error: BaseException) -> str:
    """Why an attempt failed, for people: our own errors in full, of foreign ones the type alone."""
    if isinstance(error, GreatwheelError):
        return f"{type(error).__name__}: {error}".splitlines()[0]
    return f"an internal error ({type(error).__name__})"
