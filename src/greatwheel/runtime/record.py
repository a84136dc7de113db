"""What a run can be told of an earlier run, or of an attempt before a crash: replies and answered calls, up to a point.

The steps of this prefix run again in a new session, but the model's replies and the host calls' answers come from the
record, so nothing of the prefix is paid for. Each replayed call is compared with the record; a different one is an
error that names both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from greatwheel.core.errors import GreatwheelError
from greatwheel.core.usage import Usage
from greatwheel.runtime.journal import CallState, decoded, digest_of, request_of


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
    usage: Usage = field(default_factory=Usage)
    """What is counted again when it is replayed: nothing for a fork, which does not pay for its prefix."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedCall:
    """A host call, and its answer as far as there is one."""

    call: int
    step: int
    name: str
    digest: bytes
    """Of name and arguments (`journal.digest_of`)."""
    request: str = ""
    """The arguments for people."""
    state: CallState = "done"
    answer: bytes | None = None
    """The encoded result."""
    error: str | None = None
    usage: Usage = field(default_factory=Usage)
    """As in `RecordedReply`."""

    @property
    def result(self) -> Any:
        """The result, decoded; None for an error."""
        return None if self.answer is None else decoded(self.answer)


def not_made(missed: RecordedCall) -> ReplayMismatch:
    """The replayed code has ended without a call that the record holds."""
    return ReplayMismatch(
        f"Call {missed.call} was {missed.name}({missed.request[:60]}) in the record, and the code now ends without it;"
        " it is not deterministic up to there, so fork at an earlier call."
    )


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
        if digest_of(name, args, kwargs) != recorded.digest:
            raise ReplayMismatch(
                f"Call {call} was {recorded.name}({recorded.request[:60]}) in the record and is now"
                f" {name}({request_of(args, kwargs)[:60]}); the code is not deterministic up to there, so fork at an"
                " earlier call."
            )
        return recorded

    def left_over(self, calls: int, step: int) -> RecordedCall | None:
        """The first recorded call of the steps so far that a replay, which has made so many, has not made."""
        later = [each for each in self.calls.values() if each.call > calls and each.step <= step]
        return min(later, key=lambda each: each.call, default=None)
