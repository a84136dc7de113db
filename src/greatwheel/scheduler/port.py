"""What the scheduler is given by the composition root, and the orders it takes beside `SubmitTask`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from greatwheel.core.ids import OrgId, TaskId
from greatwheel.core.tasks import Task
from greatwheel.database.connection import OrgConnection

Keep: TypeAlias = Callable[[OrgConnection, OrgId, Any], Awaitable[bytes]]
"""Stores a context as a blob of the organisation; its digest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChildOrder:
    """One part of a call that becomes a task of its own."""

    input: str
    agent: str | None = None
    """The agent that is called; None: a loop below the caller's own agent and version (`rlm_query`)."""
    context: Any = None
    """Data that it gets as its variable `context`."""
    model: str | None = None
    """None: the agent's."""


class Runner(Protocol):
    """Carries tasks out, for a worker.

    1. `run` is given a task that the worker has just claimed: it is `running`, in an epoch that is this attempt's.
    2. When `run` returns, the task has ended or waits (`finish`, `wait`); if not, the worker counts a failed attempt.
    3. `LeaseLost` from `run`: somebody else has the task, or it is to be cancelled; the worker clears up.
    4. Any other exception is a failure of the host: the task is tried again later, and is dead after its last attempt.
    5. `run` may be cancelled (the worker stops): the task is queued again, and the attempt does not count.
    6. `cancel` stops the sandbox of a task that may or may not run here; it must not block. `run` then ends it.
    """

    async def run(self, task: Task) -> None:
        """One attempt."""
        ...

    def cancel(self, task_id: TaskId) -> None:
        """Somebody has cancelled the task."""
        ...
