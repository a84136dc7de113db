"""Questions of agents that wait for a person, and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from psycopg.types.json import Jsonb

from greatwheel.core.errors import BadInput, NotFound
from greatwheel.core.ids import OrgId, SessionId, TaskId, UserId
from greatwheel.database import queries
from greatwheel.database.connection import OrgConnection
from greatwheel.runtime.journal import encoded

SQL = queries.load(__file__)
MOST = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A question that waits."""

    task_id: TaskId
    call: int
    """Its number in the task's journal."""
    session_id: SessionId
    user_id: UserId
    agent: str
    question: str
    choices: Sequence[str] | None
    asked_at: datetime
    expires_at: datetime | None


class Answers(Protocol):
    """What is asked of the scheduler's store."""

    async def answer(
        self, conn: OrgConnection, task_id: TaskId, seq: int, answer: bytes | None, error: str | None = None
    ) -> bool:
        """Fill in a call that waits and wake its task; False: it does not wait (any more)."""
        ...


async def open_questions(
    conn: OrgConnection,
    org: OrgId,
    *,
    task: TaskId | None = None,
    user: UserId | None = None,
    after: tuple[datetime, str, int] | None = None,
    limit: int = MOST,
) -> list[Question]:
    """The questions that wait, oldest first; those of one task, or one user's, if so asked.

    `after`: those behind the one that was asked then, of that task, and has that number.
    """
    at, behind, call = after or (None, None, None)
    values = {"org": org, "task": task, "user": user, "limit": limit, "at": at, "after": behind, "after_call": call}
    rows = await (await conn.execute(SQL["open_questions"], values)).fetchall()
    return [Question(**row) for row in rows]


async def answer_question(
    conn: OrgConnection, org: OrgId, tasks: Answers, task: TaskId, text: str, *, call: int | None = None
) -> Question:
    """Answer a task's question (the oldest one, unless its call is named), and wake the task.

    Raises:
        NotFound: no such question waits (any more).
        BadInput: the answer is none of the question's choices.
    """
    # The task before its event: whoever writes to the journal locks them in that order, too.
    await conn.execute(SQL["hold_task"], {"org": org, "task": task})
    waiting = [each for each in await open_questions(conn, org, task=task) if call in (None, each.call)]
    if not waiting:
        raise NotFound(f"The task {task} waits for no answer.")
    question = waiting[0]
    if question.choices is not None and text not in question.choices:
        raise BadInput(f"The answer must be one of: {', '.join(question.choices)}.")
    told = {"org": org, "task": task, "type": "question.answered", "data": Jsonb({"call": question.call})}
    await conn.execute(SQL["tell"], told)
    if not await tasks.answer(conn, task, question.call, encoded(text)):
        raise NotFound(f"The task {task} waits for no answer.")  # somebody was faster, or its time was over
    return question
