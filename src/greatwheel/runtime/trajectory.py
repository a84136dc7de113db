"""Trajectories: every run as JSON lines, readable again.

The first line is `{"type": "trajectory", "version": 1}`; each further line is one event (`core/events.py`) with its
wire tag as `type`, a time `at` in seconds since 1970, and its fields. Values of the guest are written by `wire.py`.
Contexts are kept beside the file by their content, once each, so that a run can be forked from its trajectory alone.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Any, TypeVar

from greatwheel.core.clock import Clock, SystemClock
from greatwheel.core.errors import TrajectoryInvalid
from greatwheel.core.events import (
    EVENTS,
    Event,
    HostCallServed,
    HostCallStarted,
    ModelReplied,
    RunCompleted,
    RunStarted,
    StepStarted,
    tag,
)
from greatwheel.core.ids import RunId
from greatwheel.core.usage import Usage
from greatwheel.runtime import contexts
from greatwheel.runtime.journal import digest_of, encoded, request_of
from greatwheel.runtime.record import Prefix, RecordedCall, RecordedReply
from greatwheel.runtime.wire import from_wire, to_wire

VERSION = 1
E = TypeVar("E", HostCallStarted, HostCallServed, ModelReplied, RunCompleted, StepStarted)
_BY_TAG = {tag(event): event for event in EVENTS}
_GUEST_VALUES = ("args", "kwargs", "result")


def event_line(event: Event, at: float) -> dict[str, Any]:
    """An event as JSON data."""
    line: dict[str, Any] = {"type": tag(event), "at": round(at, 3)}
    for field in fields(event):
        value = getattr(event, field.name)
        if isinstance(value, Usage):
            value = {each.name: getattr(value, each.name) for each in fields(value)}
        elif field.name in _GUEST_VALUES:
            value = to_wire(dict(value) if field.name == "kwargs" else value)
        elif isinstance(value, tuple):
            value = list(value)
        line[field.name] = value
    return line


class TrajectoryWriter:
    """An observer that appends each event to a file at once, so that a run that dies leaves what it did."""

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self.path = path
        self._clock = clock or SystemClock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[str] = path.open("w", encoding="utf-8")
        self._write({"type": "trajectory", "version": VERSION})

    def __call__(self, event: Event) -> None:
        """Write an event."""
        self._write(event_line(event, self._clock.now()))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, line: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(line, ensure_ascii=True, separators=(",", ":")) + "\n")
        self._file.flush()


def keep_context(folder: Path, value: Any) -> str:
    """Store a context by its content below `folder`, unless it is there; its digest."""
    name = contexts.digest(value)
    path = folder / "contexts" / f"{name}.json.gz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}.new")
        with gzip.open(draft, "wt", encoding="utf-8", compresslevel=1) as file:
            json.dump(value, file, ensure_ascii=True)
        draft.replace(path)
    return name


def kept_context(folder: Path, digest: str) -> Any:
    """The stored context of that digest.

    Raises:
        TrajectoryInvalid: it is not there, or was changed.
    """
    path = folder / "contexts" / f"{digest}.json.gz"
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            value = json.load(file)
    except (OSError, ValueError, EOFError) as error:
        raise TrajectoryInvalid(f"The run's context {path} can't be read; keep it beside the trajectory.") from error
    if contexts.digest(value) != digest:
        raise TrajectoryInvalid(f"The run's context {path} was changed; the run can't be forked.")
    return value


@dataclass(frozen=True, kw_only=True, slots=True)
class Trajectory:
    """A recorded run: the events of the run itself and of its children, in order."""

    path: Path
    events: Sequence[Event]

    @property
    def start(self) -> RunStarted:
        """How the run began."""
        first = self.events[0]
        assert isinstance(first, RunStarted)
        return first

    @property
    def end(self) -> RunCompleted | None:
        """How it ended; None for a run that died."""
        own = self._own(RunCompleted)
        return own[-1] if own else None

    def calls(self) -> list[RecordedCall]:
        """The run's own host calls that were answered, in order."""
        asked = {event.call: event for event in self._own(HostCallStarted)}
        found = [_recorded(asked[event.call], event) for event in self._own(HostCallServed) if event.call in asked]
        return sorted(found, key=lambda call: call.call)

    def replies(self) -> list[RecordedReply]:
        """The model's replies, step by step."""
        return [RecordedReply(step=event.step, text=event.text, code=event.code) for event in self._own(ModelReplied)]

    def _own(self, kind: type[E]) -> list[E]:
        """The run's own events of a kind, without its children's."""
        return [event for event in self.events if isinstance(event, kind) and event.run_id == self.start.run_id]

    def before_call(self, call: int) -> Prefix:
        """The part before host call `call`: earlier answers, and the replies up to its step.

        The call itself may have no answer: a run that died in a call goes on from there.

        Raises:
            TrajectoryInvalid: the run has no such call.
        """
        asked = {event.call: event for event in self._own(HostCallStarted)}
        if call not in asked:
            known = f"1 to {max(asked)}" if asked else "none"
            raise TrajectoryInvalid(f"{self.path} has no host call {call}; it has {known}.")
        replies = {each.step: each for each in self.replies() if each.step <= asked[call].step}
        return Prefix(replies=replies, calls={each.call: each for each in self.calls() if each.call < call})

    def before_step(self, step: int) -> Prefix:
        """The part before step `step`, which the model may never have replied to.

        Raises:
            TrajectoryInvalid: the run has no such step.
        """
        steps = [event.step for event in self._own(StepStarted)]
        if step not in steps:
            raise TrajectoryInvalid(f"{self.path} has no step {step}; it has 1 to {max(steps, default=0)}.")
        replies = {each.step: each for each in self.replies() if each.step < step}
        return Prefix(replies=replies, calls={each.call: each for each in self.calls() if each.step < step})


def _recorded(asked: HostCallStarted, served: HostCallServed) -> RecordedCall:
    return RecordedCall(
        call=asked.call,
        step=asked.step,
        name=asked.name,
        digest=digest_of(asked.name, asked.args, asked.kwargs),
        request=request_of(asked.args, asked.kwargs),
        state="failed" if served.error is not None else "done",
        answer=encoded(served.result) if served.error is None else None,
        error=served.error,
    )


def read_trajectory(path: Path) -> Trajectory:
    """A trajectory file; a last line that was cut off by a crash is left out.

    Raises:
        TrajectoryInvalid: there is no such file, or it is something else.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TrajectoryInvalid(f"{path} can't be read: {getattr(error, 'strerror', None) or error}.") from error
    events = list(_events(path, lines))
    if not events or not isinstance(events[0], RunStarted):
        raise TrajectoryInvalid(f"{path} is not a trajectory; pass a file that `greatwheel ask` wrote.")
    return Trajectory(path=path, events=events)


def _events(path: Path, lines: Sequence[str]) -> Iterator[Event]:
    for number, line in enumerate(lines, start=1):
        try:
            data = json.loads(line)
            kind = data.pop("type")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            if number == len(lines) and number > 1:
                return
            raise TrajectoryInvalid(f"{path} is not a trajectory: line {number} is not an event.") from error
        if kind == "trajectory":
            if data.get("version") != VERSION:
                raise TrajectoryInvalid(f"{path} has version {data.get('version')}; this program reads {VERSION}.")
            continue
        yield _event(path, number, kind, data)


def _event(path: Path, number: int, kind: str, data: dict[str, Any]) -> Event:
    data.pop("at", None)
    try:
        for name in _GUEST_VALUES:
            if name in data:
                data[name] = from_wire(data[name])
        if "usage" in data:
            data["usage"] = Usage(**data["usage"])
        if "run_id" in data:
            data["run_id"] = RunId(data["run_id"])
        return _BY_TAG[kind](**data)
    except (TypeError, LookupError, ValueError, AttributeError, RecursionError) as error:
        raise TrajectoryInvalid(f"{path} is not a trajectory: line {number} is no event of ours.") from error
