"""Questions that agents ask people, and their answers."""

from __future__ import annotations

from fastapi import APIRouter

from greatwheel.channels.http.bodies import Answer, QuestionFacts, TaskPath
from greatwheel.channels.http.cursors import Page
from greatwheel.channels.http.visits import Visitor
from greatwheel.channels.questions import answer_question, open_questions

router = APIRouter(prefix="/api", tags=["questions"])


@router.get("/questions")
async def questions(visit: Visitor) -> Page[QuestionFacts]:
    """The questions that wait, oldest first: those of your tasks; an admin sees the organisation's."""
    async with visit.org() as conn:
        waiting = await open_questions(conn, visit.org_id, user=visit.whose)
    return Page(items=[QuestionFacts.model_validate(question) for question in waiting])


@router.post("/tasks/{task_id}/answer")
async def answer(visit: Visitor, task_id: TaskPath, given: Answer) -> QuestionFacts:
    """Answer a task's question; the task goes on. What comes back is the question that was answered."""
    async with visit.org() as conn:
        await visit.task(conn, task_id)
    async with visit.org() as conn:
        question = await answer_question(conn, visit.org_id, visit.parts.tasks, task_id, given.answer, call=given.call)
    return QuestionFacts.model_validate(question)
