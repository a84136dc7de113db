"""The measured figures, and the page's text of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

HEAD = ("what", "p50", "p95", "max", "goal")
MEBI = 2**20
Cells: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """Seconds of something that happened several times."""

    what: str
    seconds: Sequence[float]
    goal_p50: float | None = None
    goal_max: float | None = None

    def at(self, share: float) -> float:
        """The smallest time that this share of the times does not pass."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    @property
    def reached(self) -> bool | None:
        """Whether the goal was reached; None where there is none."""
        reached = [self.at(share) <= goal for share, goal in self._goals() if goal is not None]
        return all(reached) if reached else None

    def cells(self) -> Cells:
        """A row of the table."""
        times = (f"{self.at(share) * 1e3:,.1f} ms" for share in (0.5, 0.95, 1.0))
        return (self.what, *times, self._verdict())

    def _goals(self) -> tuple[tuple[float, float | None], ...]:
        return (0.5, self.goal_p50), (1.0, self.goal_max)

    def _verdict(self) -> str:
        if self.reached is None:
            return ""
        names = {0.5: "p50", 1.0: "each"}
        limits = [f"{names[share]} within {goal * 1e3:g} ms" for share, goal in self._goals() if goal is not None]
        return f"{', '.join(limits)}: {'reached' if self.reached else 'MISSED'}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Resident:
    """Memory at a moment."""

    waiting: int
    """Sessions that wait then."""
    worker: int
    """Bytes of the worker's process."""
    sandboxes: int
    """Bytes of all sandbox processes below it."""

    def line(self) -> str:
        """For people."""
        own, below = self.worker / MEBI, self.sandboxes / MEBI
        return f"{self.waiting:,} waiting: worker {own:,.0f} MiB, its sandboxes {below:,.0f} MiB"


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Everything of one run."""

    residents: Sequence[Resident]
    seconds: float
    """To make the waiting sessions."""
    stored: Mapping[str, float]
    """Bytes for each waiting session, by table; `all` with indexes and what Postgres keeps besides."""
    spreads: Sequence[Spread]

    @property
    def waiting(self) -> int:
        """Sessions at the end."""
        return self.residents[-1].waiting

    def markdown(self, made_on: str) -> str:
        """The page's section."""
        rows: list[Cells] = [HEAD, ("---",) * len(HEAD), *(spread.cells() for spread in self.spreads)]
        memory = [("waiting", "worker", "its sandboxes"), ("---",) * 3]
        memory += [
            (f"{each.waiting:,}", f"{each.worker / MEBI:,.0f} MiB", f"{each.sandboxes / MEBI:,.0f} MiB")
            for each in self.residents
        ]
        tables = ["\n".join("| " + " | ".join(line) + " |" for line in table) for table in (memory, rows)]
        return "\n\n".join([*tables, *self.lines(), made_on])

    def lines(self) -> list[str]:
        """What stands in no table."""
        parts = ", ".join(f"{name} {size:,.0f}" for name, size in self.stored.items() if name != "all")
        return [
            f"{self.waiting:,} sessions were brought to wait in {self.seconds:,.0f} s"
            f" ({self.seconds / max(1, self.waiting) * 1e3:,.1f} ms each).",
            f"Bytes stored for each: {self.stored['all']:,.0f} with indexes; in rows: {parts}.",
        ]
