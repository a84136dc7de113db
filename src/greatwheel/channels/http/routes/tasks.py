"""Tasks: submit, look at, follow, cancel, retry."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse

from greatwheel.channels.http import ordering
from greatwheel.channels.http.bodies import (
    CallFacts,
    EventFacts,
    NewTask,
    TaskFacts,
    TaskLine,
    TaskPath,
)
from greatwheel.channels.http.cursors import (
    CursorQuery,
    LimitQuery,
    Page,
    cursor_of,
    place_cursor,
    read_cursor,
    read_place,
)
from greatwheel.channels.http.places import PLACE_OF_STREAM
from greatwheel.channels.http.statements import SQL
from greatwheel.channels.http.streaming import STREAM, stream_of
from greatwheel.channels.http.visits import Visitor
from greatwheel.core.errors import BadInput
from greatwheel.core.ids import TaskId
from greatwheel.core.tasks import TaskStatus

SHOWN_CHARS = 500
SHOWN_ANSWER_BYTES = 20_000
IdempotencyHeader = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        description="A second, equal order of yours with the same key gives what the first one made.",
    ),
]

router = APIRouter(prefix="/api/tasks", tags=["tasks"])


@router.post("", status_code=HTTPStatus.ACCEPTED)
async def submit(
    visit: Visitor, order: NewTask, response: Response, idempotency_key: IdempotencyHeader = None
) -> TaskFacts:
    """Queue a task; with `rewind_to`, in a session that is taken back first."""
    task = await ordering.submit(visit, order, order.input, idempotency_key)
    response.headers["location"] = f"/api/tasks/{task.task_id}"
    return TaskFacts.of(task)


@router.get("")
async def list_tasks(
    visit: Visitor,
    status: Annotated[Sequence[TaskStatus], Query(max_length=8, description="Any of these; none: whatever.")] = (),
    session: Annotated[str | None, Query(max_length=100)] = None,
    agent: Annotated[str | None, Query(max_length=100)] = None,
    parent: Annotated[str | None, Query(max_length=100)] = None,
    roots: Annotated[bool, Query(description="Only those that no other task started.")] = False,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> Page[TaskLine]:
    """Your tasks, newest first; an admin sees the organisation's."""
    at, key = read_cursor(cursor)
    values = {
        "org": visit.org_id, "user": visit.whose, "status": list(status) or None, "session": session, "agent": agent,
        "parent": parent, "roots": roots, "chars": SHOWN_CHARS, "at": at, "key": key, "limit": limit + 1,
    }  # fmt: skip
    async with visit.org() as conn:
        rows = await (await conn.execute(SQL["list_tasks"], values)).fetchall()
    more = len(rows) > limit
    items = [TaskLine(**row) for row in rows[:limit]]
    return Page(items=items, next=cursor_of(rows[limit - 1]["created_at"], items[-1].task_id) if more else None)


@router.get("/{task_id}")
async def get_task(visit: Visitor, task_id: TaskPath) -> TaskFacts:
    """One task."""
    async with visit.org() as conn:
        return TaskFacts.of(await visit.task(conn, task_id))


@router.post("/{task_id}/cancel")
async def cancel(visit: Visitor, task_id: TaskPath) -> TaskFacts:
    """Stop a task and everything below it. What runs is told to stop; the rest ends at once."""
    async with visit.org() as conn:
        await visit.task(conn, task_id)
    async with visit.org() as conn:
        return TaskFacts.of(await visit.parts.tasks.cancel(conn, task_id))


@router.post("/{task_id}/retry")
async def retry(visit: Visitor, task_id: TaskPath) -> TaskFacts:
    """Queue a task again: a dead one goes on from where it was, a failed one begins anew."""
    async with visit.org() as conn:
        await visit.task(conn, task_id)
    async with visit.org() as conn:
        return TaskFacts.of(await visit.parts.tasks.retry(conn, task_id))


@router.get(
    "/{task_id}/events",
    dependencies=[PLACE_OF_STREAM],
    response_model=Page[EventFacts],
    responses={HTTPStatus.OK: {"content": {STREAM: {"schema": {"type": "string"}}}}},
)
async def events(
    visit: Visitor,
    task_id: TaskPath,
    after: Annotated[int, Query(ge=0, le=2**62, description="Only events after the one with this id.")] = 0,
    limit: LimitQuery = 200,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
    last_event_id: Annotated[str | None, Header(max_length=30)] = None,
) -> Page[EventFacts] | StreamingResponse:
    """What happened in a task.

    With `Accept: text/event-stream` a stream of server-sent events: it goes on until the task has ended, and its last
    event is `task.ended`. A client whose connection broke comes again with the header `Last-Event-ID`.
    """
    async with visit.org() as conn:
        await visit.task(conn, task_id)
        if STREAM not in accept:
            return await _page(visit, conn, task_id, after, limit)
    return stream_of(visit, task_id, max(after, _number(last_event_id)))


@router.get("/{task_id}/calls")
async def calls(
    visit: Visitor, task_id: TaskPath, limit: LimitQuery = 100, cursor: CursorQuery = None
) -> Page[CallFacts]:
    """The task's journal, in order: the model's reply to each step, then the host calls of its code."""
    step, seq = read_place(cursor, (-1, -1))
    values = {
        "org": visit.org_id, "task": task_id, "step": step, "seq": seq, "most": SHOWN_ANSWER_BYTES, "limit": limit + 1,
    }  # fmt: skip
    async with visit.org() as conn:
        await visit.task(conn, task_id)
        rows = await (await conn.execute(SQL["calls"], values)).fetchall()
    items = [_call(row) for row in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return Page(items=items, next=None if last is None else place_cursor(last.step, max(last.seq, 0)))


async def _page(visit: Visitor, conn: Any, task_id: TaskId, after: int, limit: int) -> Page[EventFacts]:
    values = {"org": visit.org_id, "task": task_id, "after": after, "limit": limit}
    rows = await (await conn.execute(SQL["events"], values)).fetchall()
    items = [EventFacts(**row) for row in rows]
    return Page(items=items, next=str(items[-1].id) if len(items) == limit else None)


def _call(row: Mapping[str, Any]) -> CallFacts:
    answer = None if row["answer"] is None else json.loads(row["answer"])
    return CallFacts(**{**row, "answer": answer})


def _number(last_event_id: str | None) -> int:
    if not last_event_id:
        return 0
    if not last_event_id.isascii() or not last_event_id.isdecimal():
        raise BadInput("Last-Event-ID must be the id of an event.")
    return min(int(last_event_id), 2**62)
