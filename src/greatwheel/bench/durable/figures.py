"""Lines of the table: a median, what it is compared with, and whether a goal was reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

Unit: TypeAlias = Literal["µs", "ms", "a second", "bytes"]
HEAD = ("what", "Greatwheel", "against", "goal")
_FACTOR: Mapping[Unit, float] = MappingProxyType({"µs": 1e6, "ms": 1e3, "a second": 1.0, "bytes": 1.0})


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """What a figure is compared with."""

    name: str
    value: float
    at_most: float | None = None
    """The largest ratio to it that is good enough."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line. Values are seconds, numbers a second, or bytes."""

    what: str
    unit: Unit
    value: float
    """Greatwheel's median."""
    baselines: tuple[Baseline, ...] = ()
    at_most: float | None = None
    """The largest value that is good enough."""
    at_least: float | None = None
    """The smallest one."""
    _verdicts: list[tuple[bool, str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        goals: list[tuple[bool, str]] = []
        if self.at_most is not None:
            goals.append((self.value <= self.at_most, f"at most {self._shown(self.at_most)}"))
        if self.at_least is not None:
            goals.append((self.value >= self.at_least, f"at least {self._shown(self.at_least)}"))
        for each in self.baselines:
            if each.at_most is not None:
                goals.append((self.value <= each.at_most * each.value, f"at most {each.at_most:g} times {each.name}"))
        object.__setattr__(self, "_verdicts", goals)

    @property
    def missed(self) -> int:
        """How many of its goals were missed."""
        return sum(not reached for reached, _ in self._verdicts)

    def cells(self) -> tuple[str, str, str, str]:
        """What, ours, theirs with the ratio, and the verdicts."""
        against = [
            f"{each.name} {self._shown(each.value)}, ratio {self.value / each.value:.2f}" for each in self.baselines
        ]
        verdicts = [f"{goal}: {'reached' if reached else 'MISSED'}" for reached, goal in self._verdicts]
        return self.what, self._shown(self.value), "; ".join(against), "; ".join(verdicts)

    def _shown(self, value: float) -> str:
        number = value * _FACTOR[self.unit]
        return f"{number:,.1f} {self.unit}" if number < 1_000 else f"{number:,.0f} {self.unit}"
