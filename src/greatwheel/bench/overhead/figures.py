"""Measurements in rounds, their medians, and whether a goal was reached."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median
from typing import Literal, TypeAlias

Job: TypeAlias = Callable[[], Awaitable[float]]
"""Does the work once and gives the seconds that it took."""
Unit: TypeAlias = Literal["µs", "ms"]

_FACTOR: dict[Unit, float] = {"µs": 1e6, "ms": 1e3}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    unit: Unit
    seconds: float
    """Greatwheel's median."""
    baseline: float | None = None
    """rlms' median, or the ideal."""
    baseline_name: str = "rlms"
    goal: float | None = None
    """The largest ratio to the baseline, or without a baseline the largest time in seconds, that is good enough."""

    @property
    def ratio(self) -> float | None:
        """To the baseline."""
        return None if self.baseline is None else self.seconds / self.baseline

    @property
    def reached(self) -> bool | None:
        """None where there is no goal."""
        if self.goal is None:
            return None
        return (self.seconds if self.ratio is None else self.ratio) <= self.goal

    def cells(self) -> tuple[str, str, str, str]:
        """What, ours, theirs with the ratio, and the verdict."""
        factor = _FACTOR[self.unit]
        theirs = ""
        if self.baseline is not None:
            theirs = f"{self.baseline_name} {self.baseline * factor:,.1f} {self.unit}, ratio {self.ratio:.2f}"
        return self.what, f"{self.seconds * factor:,.1f} {self.unit}", theirs, self._verdict()

    def _verdict(self) -> str:
        if self.goal is None:
            return ""
        limit = f"{self.goal * 1e3:g} ms" if self.baseline is None else f"{self.goal:g} times {self.baseline_name}"
        return f"goal {'reached' if self.reached else 'MISSED'} (at most {limit})"


async def rounds(count: int, *jobs: Job) -> list[float]:
    """The median of each job; the jobs take turns, so that a slow moment of the machine meets them all."""
    times: list[list[float]] = [[] for _ in jobs]
    for _ in range(count):
        for own, job in zip(times, jobs, strict=True):
            own.append(await job())
    return [median(own) for own in times]


async def timed(work: Awaitable[object]) -> float:
    """How long it takes."""
    begun = time.perf_counter()
    await work
    return time.perf_counter() - begun
