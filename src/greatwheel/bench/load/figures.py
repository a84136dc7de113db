"""The measured figures, and the page's text of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

HEAD = ("what", "times", "p50", "p95", "p99", "max")
MEBI = 2**20
Cells: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """Seconds of something that happened several times."""

    what: str
    seconds: Sequence[float]

    def at(self, share: float) -> float:
        """The smallest time that this share of the times does not pass."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def cells(self) -> Cells:
        """A row of the table."""
        shares = () if not self.seconds else (0.5, 0.95, 0.99, 1.0)
        return (self.what, f"{len(self.seconds):,}", *(f"{self.at(share) * 1e3:,.1f} ms" for share in shares))


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """What became of the events of all streams together."""

    streams: int
    ended: int
    """Streams that ended with `task.ended`."""
    wanted: int
    """Events of their tasks that last, once for each stream."""
    told: int
    passing: int
    """Pieces of models' replies that were told besides."""
    lost: int
    repeated: int
    disordered: int
    resumed: int
    """Connections that were dropped on purpose and taken up again with `Last-Event-ID`."""
    broken: int
    """Those that broke otherwise."""

    @property
    def sound(self) -> bool:
        """Each stream had each event once, in order, and its end."""
        return self.ended == self.streams and not (self.lost or self.repeated or self.disordered)

    def line(self) -> str:
        """For people."""
        return (
            f"{self.streams:,} streams, {self.ended:,} told to their end: {self.told:,} of {self.wanted:,} events, and"
            f" {self.passing:,} pieces of replies; "
            f"{self.lost:,} lost, {self.repeated:,} repeated, {self.disordered:,} out of order; "
            f"{self.resumed:,} connections dropped and resumed, {self.broken:,} broken"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Everything of one run."""

    seconds: float
    rate: float
    """Requests a second that were asked for …"""
    reached: float
    """… and that were answered."""
    delivery: Delivery
    spreads: Sequence[Spread]
    refused: Mapping[str, int] = field(default_factory=dict)
    """Requests that did not get what they asked for, by what they got."""
    memory: tuple[int, int] = (0, 0)
    """Bytes of the server's process before and after."""
    busy: tuple[float, float] = (0.0, 0.0)
    """Seconds of processor time that the server with its sandboxes took for it, and those who listened and sent."""

    @property
    def sound(self) -> bool:
        """Nothing was lost, repeated or refused."""
        return self.delivery.sound and not self.refused

    def lines(self) -> list[str]:
        """What stands in no table."""
        before, after = (size / MEBI for size in self.memory)
        refused = ", ".join(f"{count} × {what}" for what, count in self.refused.items()) or "none"
        return [
            f"{self.delivery.line()}.",
            f"{self.reached:,.1f} requests a second were answered of {self.rate:,.1f} wanted, over"
            f" {self.seconds:,.0f} s; refused or failed: {refused}.",
            f"The server's process held {before:,.0f} MiB before and {after:,.0f} MiB after.",
            f"Processor time: {self.busy[0]:,.1f} s of the server (Postgres aside),"
            f" {self.busy[1]:,.1f} s of its clients.",
        ]

    def markdown(self, made_on: str) -> str:
        """The page's section."""
        rows: list[Cells] = [HEAD, ("---",) * len(HEAD), *(spread.cells() for spread in self.spreads)]
        table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
        return "\n\n".join([table, *self.lines(), made_on])
