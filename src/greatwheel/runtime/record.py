"""What a run can be told of an earlier run: its model replies and its host calls, up to a point.

Fork and rewind use it: the steps of the prefix run again in a new session, but the model's replies and the host
calls' answers come from the record, so nothing of the prefix is paid for. Each replayed call is compared with the
record; a different one is an error that names both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from greatwheel.core.errors import GreatwheelError
from greatwheel.runtime.shown import shown
from greatwheel.runtime.wire import to_wire


class ReplayMismatch(GreatwheelError):
    """The replayed code made another call than the record holds; the run can't be forked at that point."""

    code = "replay.mismatch"
    http_status = 409
    exit_code = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedReply:
    """A model's reply to a step."""

    step: int
    text: str
    code: str
    """The block that was taken from it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedCall:
    """A host call and its answer."""

    call: int
    step: int
    name: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    result: Any = None
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Prefix:
    """The recorded part of a run that is not paid for again."""

    replies: Mapping[int, RecordedReply] = field(default_factory=dict)
    """By step."""
    calls: Mapping[int, RecordedCall] = field(default_factory=dict)
    """By number of the call."""

    def answer_to(self, call: int, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> RecordedCall | None:
        """The recorded call of that number, or None past the prefix.

        Raises:
            ReplayMismatch: the record holds another call there.
        """
        recorded = self.calls.get(call)
        if recorded is None:
            return None
        asked = (name, to_wire(list(args)), to_wire(dict(kwargs)))
        if asked != (recorded.name, to_wire(list(recorded.args)), to_wire(dict(recorded.kwargs))):
            raise ReplayMismatch(
                f"Call {call} was {_shown(recorded.name, recorded.args)} in the record and is now {_shown(name, args)};"
                " the code is not deterministic up to there, so fork at an earlier call."
            )
        return recorded


def _shown(name: str, args: Sequence[Any]) -> str:
    text = ", ".join(shown(arg)[:60] for arg in args)
    return f"{name}({text})"
