"""What people may watch of a task while it is done: its events, and a model's replies piece by piece.

The pieces of a reply (`model.delta`) are rows only until the reply has come: whoever looks later sees the reply alone.
Each says in which attempt it was written. A reply that is asked for again, because a worker died, begins anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from greatwheel.core.clock import Clock
from greatwheel.core.events import Event, StepStarted, tag
from greatwheel.runtime.journal import CallRow, EventRow, Journal
from greatwheel.runtime.trajectory import event_line

DELTA = "model.delta"
GATHERED_SECONDS = 0.15
"""Pieces of so long make one row; a reply that is whole before makes none."""
WORTH_TELLING_SECONDS = 0.02
"""Host calls that took less are told by the journal alone."""
_NOT_SHOWN = ("type", "at", "run_id", "messages")
"""Fields of events that the journal has elsewhere, or that are too long for it."""


def told(event: Event) -> EventRow:
    """An event of a run as people may watch it."""
    data = {name: value for name, value in event_line(event, 0.0).items() if name not in _NOT_SHOWN}
    if isinstance(event, StepStarted) and event.messages[-1]["role"] == "assistant":
        data["begun"] = event.messages[-1]["content"]  # the reply's pieces go on from here
    return EventRow(type=tag(event), data=data)


def told_call(row: CallRow) -> EventRow | None:
    """That a host call was served; None when it took next to no time."""
    if row.seconds < WORTH_TELLING_SECONDS:
        return None
    data = {
        "step": row.step,
        "call": row.seq,
        "name": row.name,
        "request": row.request,
        "error": row.error,
        "seconds": round(row.seconds, 4),
        "prompt_tokens": row.usage.prompt_tokens,
        "completion_tokens": row.usage.completion_tokens,
    }
    return EventRow(type="host_call.served", data=data)


class Deltas:
    """Tells the pieces of one reply: called with each as it comes. It never waits."""

    def __init__(self, journal: Journal, clock: Clock, place: Mapping[str, int], attempt: int) -> None:
        """`place` is the step or the call whose reply it is; `attempt` the task's epoch."""
        self._journal = journal
        self._clock = clock
        self._head: Mapping[str, Any] = {**place, "attempt": attempt}
        self._pieces: list[str] = []
        self._since: float | None = None
        self.told = False
        """Some stand in the journal: the row of the reply must take them away."""

    def __call__(self, text: str) -> None:
        """A piece has come."""
        now = self._clock.monotonic()
        self._pieces.append(text)
        if self._since is None:
            self._since = now
        if now - self._since < GATHERED_SECONDS:
            return
        self._journal.event(DELTA, {**self._head, "text": "".join(self._pieces)})
        self._pieces.clear()
        self._since, self.told = now, True
