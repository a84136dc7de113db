"""A task's events as a stream of server-sent events: each with its durable number as id, until the task has ended.

A connection that breaks loses nothing: whoever comes back with `Last-Event-ID` gets what followed.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime
from typing import Any, assert_never

from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from greatwheel.channels.http.errors import ErrorBody, facts_of
from greatwheel.channels.http.following import Happening, Over, Quiet, Told, follow
from greatwheel.channels.http.visits import Visit
from greatwheel.core.errors import GreatwheelError
from greatwheel.core.ids import TaskId

PING_SECONDS = 15.0
"""Something is sent at least so often, so that both sides see when the other is gone."""
LONGEST_SECONDS = 1_800.0
"""Then the client comes again, with its key: a revoked one does not listen for ever."""
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
STREAM = "text/event-stream"
_LINE_ENDS = {code: f"\\u{code:04x}" for code in (0x85, 0x2028, 0x2029)}
"""They may stand in JSON as they are, but many clients take them for the ends of lines."""


def stream_of(visit: Visit, task_id: TaskId, after: int, first: bytes = b"") -> StreamingResponse:
    """The answer that streams a task's events after one of them. `first` goes before all."""
    return StreamingResponse(_stream(visit, task_id, after, first), media_type=STREAM, headers=HEADERS)


def sse(kind: str, data: Any, id: int | None = None) -> bytes:
    """One event on the wire."""
    return format_sse_event(event=kind, data_str=json_of(data), id=None if id is None else str(id))


def json_of(data: Any) -> str:
    """What is told, as JSON on one line; times are told as texts."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return text.translate(_LINE_ENDS)


async def _stream(visit: Visit, task_id: TaskId, after: int, first: bytes) -> AsyncIterator[bytes]:
    yield first or KEEPALIVE_COMMENT  # the client sees at once that it is connected
    happenings = follow(visit, task_id, after, quiet_seconds=PING_SECONDS, most_seconds=LONGEST_SECONDS)
    try:
        async with aclosing(happenings):
            async for happening in happenings:
                yield _on_wire(happening)
    except GreatwheelError as error:
        yield sse("error", ErrorBody(error=facts_of(error)).model_dump())


def _on_wire(happening: Happening) -> bytes:
    match happening:
        case Told():
            return sse(happening.type, happening.data, happening.id)
        case Over():
            return sse("task.ended", happening.task.model_dump(mode="json"))
        case Quiet():
            return KEEPALIVE_COMMENT
        case _:
            assert_never(happening)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
