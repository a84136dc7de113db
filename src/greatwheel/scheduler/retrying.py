"""When an attempt that failed is made again."""

from __future__ import annotations

import random
from dataclasses import dataclass

from greatwheel.core.errors import BadInput, ModelFileCorrupt, ModelNotFound, NotFound, SealBroken
from greatwheel.runtime.record import ReplayMismatch

LASTING = (BadInput, ModelFileCorrupt, ModelNotFound, NotFound, ReplayMismatch, SealBroken)
"""Errors of the host that every further attempt would meet again."""


def may_pass(error: BaseException) -> bool:
    """Whether another attempt may do better."""
    return not isinstance(error, LASTING)


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
