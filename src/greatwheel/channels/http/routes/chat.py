"""Ask and wait: a task whose events are streamed, or whose end is waited for, in one request."""

from __future__ import annotations

import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from greatwheel.channels.http import ordering
from greatwheel.channels.http.bodies import QuestionFacts, TaskFacts, TaskOrder
from greatwheel.channels.http.places import PLACE
from greatwheel.channels.http.routes.tasks import IdempotencyHeader
from greatwheel.channels.http.streaming import STREAM, sse, stream_of
from greatwheel.channels.http.visits import Visit, Visitor
from greatwheel.channels.questions import open_questions
from greatwheel.core.ids import TaskId
from greatwheel.core.tasks import ENDED
from greatwheel.scheduler.submission import LONGEST_INPUT

router = APIRouter(prefix="/api", tags=["chat"])
_LOOK_SECONDS = 1.0


class ChatOrder(TaskOrder):
    """Something to say to an agent."""

    message: Annotated[str, Field(min_length=1, max_length=LONGEST_INPUT)]
    stream: bool = True
    """Server-sent events as they happen; false: one answer at the end."""
    wait_seconds: Annotated[float, Field(gt=0, le=600, allow_inf_nan=False)] = 60.0
    """Without stream: how long to wait. The task goes on after that."""


class ChatReply(BaseModel):
    """How far the task is."""

    task: TaskFacts
    questions: Sequence[QuestionFacts] = ()
    """Asked by the agent, and to be answered before it goes on."""


@router.post(
    "/chat",
    dependencies=[PLACE],
    response_model=ChatReply,
    responses={
        HTTPStatus.OK: {"content": {STREAM: {"schema": {"type": "string"}}}},
        HTTPStatus.ACCEPTED: {"model": ChatReply, "description": "The task has not ended: it goes on, or asks you."},
    },
)
async def chat(
    visit: Visitor, order: ChatOrder, response: Response, idempotency_key: IdempotencyHeader = None
) -> ChatReply | StreamingResponse:
    """Say something to an agent and get its answer.

    A stream begins with `task.submitted`, goes on with the task's events and ends with `task.ended`. A client whose
    connection broke goes on at `/api/tasks/{task_id}/events` with `Last-Event-ID`; the task goes on without it.
    """
    task = await ordering.submit(visit, order, order.message, idempotency_key)
    if order.stream:
        first = sse("task.submitted", {"task_id": task.task_id, "session_id": task.session_id})
        return stream_of(visit, task.task_id, 0, first)
    reply = await _reply(visit, task.task_id, order.wait_seconds)
    if reply.task.status not in ENDED:
        response.status_code = HTTPStatus.ACCEPTED
    response.headers["location"] = f"/api/tasks/{task.task_id}"
    return reply


async def _reply(visit: Visit, task_id: TaskId, seconds: float) -> ChatReply:
    """The task once it has ended or asks something, or when the time is over."""
    until, seen = time.monotonic() + seconds, 0
    while True:
        async with visit.org() as conn:
            task = await visit.parts.tasks.get(conn, task_id)
            asked = await open_questions(conn, visit.org_id, task=task_id) if task.status == "waiting" else []
        left = until - time.monotonic()
        if task.status in ENDED or asked or left <= 0 or visit.news.over:
            questions = [QuestionFacts.model_validate(question) for question in asked]
            return ChatReply(task=TaskFacts.of(task), questions=questions)
        seen = await visit.news.wait(visit.org_id, task_id, seen, min(left, _LOOK_SECONDS))
