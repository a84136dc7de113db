"""Questions that an agent, or one that it called, asks the user in the middle of a completion."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from greatwheel.channels.http.visits import Visit
from greatwheel.channels.questions import answer_question
from greatwheel.core.errors import BadInput, Conflict
from greatwheel.core.ids import TaskId
from greatwheel.core.usage import Usage
from greatwheel.database import queries
from greatwheel.database.connection import OrgConnection

SQL = queries.load(__file__)
LONGEST_ANSWER = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A question that waits."""

    task_id: TaskId
    call: int
    event: int
    """The number of the event that told it."""
    question: str
    choices: Sequence[str] | None
    settled: bool
    """The task that is talked to waits: what it has used so far is known."""

    @property
    def text(self) -> str:
        """As a person is asked."""
        if self.choices is None:
            return self.question
        return "\n".join([self.question, "", *(f"- {choice}" for choice in self.choices)])

    def chosen(self, text: str) -> str:
        """The answer that a text is: of several choices the one that it names, however it is written."""
        named = [choice for choice in self.choices or () if choice.strip().casefold() == text.strip().casefold()]
        return named[0] if named else text


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """A task that goes on because its question was answered."""

    task_id: TaskId
    after: int
    """The event of the question: what came up to it was told when it was asked."""
    before: Usage
    """What the task had used by then."""


async def question_below(visit: Visit, conn: OrgConnection, task_id: TaskId) -> Question | None:
    """The question of a task, or of one that it called, which has waited longest."""
    row = await _fetch(conn, "asked_below", org=visit.org_id, task=task_id)
    return None if row is None else Question(**row)


async def answer_in(
    visit: Visit, conn: OrgConnection, session_id: str, agent: str | None, text: str, key: str | None
) -> Answered | None:
    """Answer what is asked in a session of the caller's; None when nothing is.

    The same answer with the same idempotency key goes on where the first one did.

    Raises:
        BadInput: it is none of the question's choices, or too long.
        Conflict: the session is another agent's.
    """
    values = {"org": visit.org_id, "session": session_id, "user": visit.user_id}
    mark = None if key is None else hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    before = None if mark is None else await _fetch(conn, "continued", **values, mark=mark)
    if before is not None:
        return Answered(task_id=before["task_id"], after=before["after"], before=usage_of(before))
    row = await _fetch(conn, "open_task", **values)
    question = None if row is None else await question_below(visit, conn, row["task_id"])
    if row is None or question is None:
        return None
    if agent not in (None, row["agent"]):
        raise Conflict(f"The session {session_id} belongs to another agent; begin a new one.")
    if len(text) > LONGEST_ANSWER:
        raise BadInput(f"The agent waits for an answer; this one has more than {LONGEST_ANSWER:,} characters.")
    given = question.chosen(text)
    answered = Answered(task_id=row["task_id"], after=question.event, before=usage_of(row["usage"]))
    if mark is not None:
        await _note(visit, conn, answered, mark)
    # Last, for it locks the organisation.
    await answer_question(conn, visit.org_id, visit.parts.tasks, question.task_id, given, call=question.call)
    return answered


async def _note(visit: Visit, conn: OrgConnection, answered: Answered, mark: str) -> None:
    values = {
        "org": visit.org_id, "task": answered.task_id, "mark": mark, "after": answered.after,
        "prompt_tokens": answered.before.prompt_tokens, "completion_tokens": answered.before.completion_tokens,
    }  # fmt: skip
    await conn.execute(SQL["note_continued"], values)


async def _fetch(conn: OrgConnection, name: str, **values: object) -> Mapping[str, Any] | None:
    return await (await conn.execute(SQL[name], values)).fetchone()


def usage_of(kept: object) -> Usage:
    """Tokens, as a task has them."""
    told = kept if isinstance(kept, dict) else {}
    return Usage(
        prompt_tokens=int(told.get("prompt_tokens", 0)), completion_tokens=int(told.get("completion_tokens", 0))
    )
