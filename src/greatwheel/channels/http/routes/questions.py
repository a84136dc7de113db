"""Questions that agents ask people, and their answers."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter

from greatwheel.channels.http.bodies import Answer, QuestionFacts, TaskPath
from greatwheel.channels.http.cursors import CursorQuery, LimitQuery, Page, cursor_of, page_of, read_cursor
from greatwheel.channels.http.visits import Visitor
from greatwheel.channels.questions import answer_question, open_questions
from greatwheel.core.errors import BadInput

router = APIRouter(prefix="/api", tags=["questions"])


@router.get("/questions")
async def questions(visit: Visitor, limit: LimitQuery = 500, cursor: CursorQuery = None) -> Page[QuestionFacts]:
    """The questions that wait, oldest first: those of your tasks; an admin sees the organisation's."""
    after = _place(cursor)
    async with visit.org() as conn:
        waiting = await open_questions(conn, visit.org_id, user=visit.whose, after=after, limit=limit + 1)
    asked = [QuestionFacts.model_validate(question) for question in waiting]
    return page_of(asked, limit, lambda each: cursor_of(each.asked_at, f"{each.task_id} {each.call}"))


@router.post("/tasks/{task_id}/answer")
async def answer(visit: Visitor, task_id: TaskPath, given: Answer) -> QuestionFacts:
    """Answer a task's question; the task goes on. What comes back is the question that was answered."""
    async with visit.org() as conn:
        await visit.task(conn, task_id)
    async with visit.org() as conn:
        question = await answer_question(conn, visit.org_id, visit.parts.tasks, task_id, given.answer, call=given.call)
    return QuestionFacts.model_validate(question)


def _place(cursor: str | None) -> tuple[datetime, str, int] | None:
    """The time, the task and the number of the question behind which a page begins."""
    at, key = read_cursor(cursor)
    if at is None or key is None:
        return None
    task, _, call = key.rpartition(" ")
    if not call.isascii() or not call.isdecimal() or len(call) > 9:
        raise BadInput("The cursor is none of ours; pass `next` of the page before as it was.")
    return at, task, int(call)
