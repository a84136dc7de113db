"""A task's events as a stream of server-sent events: each with its durable number as id, until the task has ended.

A connection that breaks loses nothing: whoever comes back with `Last-Event-ID` gets what followed, from any server of
the installation and whichever worker runs the task.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from anyio import CancelScope
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from greatwheel.channels.http.bodies import TaskFacts
from greatwheel.channels.http.errors import ErrorBody, ErrorFacts
from greatwheel.channels.http.statements import SQL
from greatwheel.channels.http.visits import Visit
from greatwheel.core.errors import DatabaseUnavailable, GreatwheelError
from greatwheel.core.ids import TaskId
from greatwheel.core.tasks import ENDED

PAGE = 500
PING_SECONDS = 15.0
"""Something is sent at least so often, so that both sides see when the other is gone."""
LONGEST_SECONDS = 1_800.0
"""Then the client comes again, with its key: a revoked one does not listen for ever."""
_TRIES = 60
_PAUSE = 1.0
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
STREAM = "text/event-stream"


def stream_of(visit: Visit, task_id: TaskId, after: int, first: bytes = b"") -> StreamingResponse:
    """The answer that streams a task's events after one of them. `first` goes before all."""
    return StreamingResponse(_stream(visit, task_id, after, first), media_type=STREAM, headers=HEADERS)


def sse(kind: str, data: Any, id: int | None = None) -> bytes:
    """One event on the wire."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return format_sse_event(event=kind, data_str=text, id=None if id is None else str(id))


async def _stream(visit: Visit, task_id: TaskId, after: int, first: bytes) -> AsyncIterator[bytes]:
    yield first or KEEPALIVE_COMMENT  # the client sees at once that it is connected
    until, failures = time.monotonic() + LONGEST_SECONDS, 0
    while time.monotonic() < until and not visit.news.over:
        try:
            # A client that leaves ends the stream between two queries: cutting one off would cost its connection.
            with CancelScope(shield=True):
                rows, ended = await _news(visit, task_id, after)
            failures = 0
        except GreatwheelError as error:
            failures += 1
            if not isinstance(error, DatabaseUnavailable) or failures > _TRIES:
                yield _error(error)
                return
            await asyncio.sleep(_PAUSE)
            yield KEEPALIVE_COMMENT
            continue
        for row in rows:
            after = row["id"]
            yield sse(row["type"], {**row["data"], "at": row["at"]}, after)
        if ended is not None:
            yield sse("task.ended", ended.model_dump(mode="json"))
            return
        if len(rows) < PAGE:
            await visit.news.wait(visit.org_id, task_id, after, PING_SECONDS)
        if not rows:
            yield KEEPALIVE_COMMENT


async def _news(visit: Visit, task_id: TaskId, after: int) -> tuple[Sequence[Mapping[str, Any]], TaskFacts | None]:
    """The events after one of them; and how the task ended, if these are its last."""
    values = {"org": visit.org_id, "task": task_id}
    async with visit.org() as conn:
        # The state first: what is committed before a task's end is seen by the second statement.
        row = await (await conn.execute(SQL["task_status"], values)).fetchone()
        over = row is None or row["status"] in ENDED
        rows = await (
            await conn.execute(SQL["events"], {**values, "after": after, "limit": PAGE, "fresh": over})
        ).fetchall()
        if not over or len(rows) == PAGE:
            return rows, None
        return rows, TaskFacts.of(await visit.parts.tasks.get(conn, task_id))


def _error(error: GreatwheelError) -> bytes:
    facts = ErrorFacts(code=error.code, message=str(error), retryable=error.retryable)
    return sse("error", ErrorBody(error=facts).model_dump())


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
