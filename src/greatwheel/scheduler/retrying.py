"""When an attempt that failed is made again."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from greatwheel.core.errors import BadInput, LimitReached, ModelFileCorrupt, ModelNotFound, NotFound, SealBroken
from greatwheel.runtime.record import ReplayMismatch

LASTING = (BadInput, LimitReached, ModelFileCorrupt, ModelNotFound, NotFound, ReplayMismatch, SealBroken)
"""Errors of the host that every further attempt would meet again. (A limit is free again in days: its task is retried
by hand, and goes on where it was.)"""


def may_pass(error: BaseException) -> bool:
    """Whether another attempt may do better."""
    if isinstance(error, LimitReached) and error.held:
        return True  # what others have set aside, they may not use
    return not isinstance(error, LASTING)


def retry_refusal(task: Mapping[str, Any], *, session_over: bool) -> str | None:
    """Why a task (its row) can't be retried by hand; None when it can."""
    if task["status"] not in {"dead", "failed"}:
        return f"The task {task['task_id']} is {task['status']}; only dead and failed ones can be retried."
    if task["parent_id"] is not None:
        return f"The task {task['task_id']} is a part of {task['root_id']}, which knows how it ended; retry that one."
    if task["rewound"]:
        return f"The session of the task {task['task_id']} was taken back to before it; submit it anew."
    if session_over:
        return (
            f"The session {task['session_id']} of the task {task['task_id']} has ended or lost its key; submit it anew."
        )
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Retrying:
    """Exponential backoff, with jitter so that tasks that failed together do not come back together."""

    max_attempts: int = 5
    """Attempts without progress (a boundary is progress); the task is dead after the last."""
    base_seconds: float = 1.0
    """The mean pause after the first failure; it doubles with each further one."""
    cap_seconds: float = 300.0

    def delay(self, attempts: int, chance: random.Random) -> float:
        """Seconds until the next attempt, after so many failed ones: half to one and a half of the mean."""
        mean = min(self.cap_seconds, self.base_seconds * 2.0 ** max(0, attempts - 1))
        return mean * chance.uniform(0.5, 1.5)
