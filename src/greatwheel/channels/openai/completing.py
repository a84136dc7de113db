"""One completion: a task that is begun, or goes on by the answer to its question, until it ends or asks something."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias, assert_never

from anyio import CancelScope

from greatwheel.channels.http import repeats
from greatwheel.channels.http.bodies import TaskFacts
from greatwheel.channels.http.finding import find_agent
from greatwheel.channels.http.following import Happening, Over, Quiet, Told, follow
from greatwheel.channels.http.visits import Visit
from greatwheel.channels.openai.asking import Asked, asked_in
from greatwheel.channels.openai.bodies import CompletionOrder, FinishReason, ModelMissing
from greatwheel.channels.openai.questions import Question, answer_in, question_below, usage_of
from greatwheel.core.errors import AgentFailed, DatabaseUnavailable, GreatwheelError, NotFound
from greatwheel.core.ids import SessionId
from greatwheel.core.tasks import SubmitTask, Task
from greatwheel.core.usage import Usage

LOG = logging.getLogger("greatwheel.openai")
ANYBODY = "greatwheel"
"""The model that is the session's agent, or the organisation's triage agent."""
ALIVE_SECONDS = 2.0
LONGEST_SECONDS = 1_800.0
"""Then the client must come again with its key, as for any stream."""
_CUT_SHORT = frozenset({"budget", "steps"})


class Interrupted(GreatwheelError):
    """The server stops, or the answer took too long; the task goes on."""

    code = "completion.interrupted"
    http_status = 503


@dataclass(frozen=True, slots=True)
class Text:
    """A part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Alive:
    """The agent works."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """The last of all."""

    reason: FinishReason
    usage: Usage


Piece: TypeAlias = Text | Alive | Finished


@dataclass(kw_only=True, slots=True)
class Course:
    """A completion under way."""

    visit: Visit
    task: Task
    model: str
    """As the client named it."""
    after: int = 0
    """Only what happens after this event belongs to it."""
    before: Usage = field(default_factory=Usage)
    """What the task had used before."""
    kept: bool = False
    """The client can come back to it, so it goes on when the client leaves."""
    over: bool = False
    _said: str | None = None
    _seen: int = 0
    """The event of a question that waits, as it was last seen."""

    async def pieces(self) -> AsyncGenerator[Piece]:
        """The answer as it comes, with a sign of life at least every few seconds.

        Raises:
            AgentFailed: the agent did, or its task was cancelled.
            Interrupted: there is no end of it here.
        """
        happenings = follow(
            self.visit, self.task.task_id, self.after, quiet_seconds=ALIVE_SECONDS / 2, most_seconds=LONGEST_SECONDS
        )
        shown = time.monotonic()
        async with aclosing(happenings):
            async for happening in happenings:
                found = await self._pieces_of(happening)
                for piece in found:
                    yield piece
                if self.over:
                    return
                if found:
                    shown = time.monotonic()
                elif time.monotonic() - shown >= ALIVE_SECONDS:
                    shown = time.monotonic()
                    yield Alive()
        self.over = True
        raise Interrupted(f"No answer came here; the task goes on: see /api/tasks/{self.task.task_id}.")

    async def leave(self) -> None:
        """The client has left: unless it can come back, nobody will see the answer."""
        if self.over or self.kept or self.visit.news.over:
            return
        with CancelScope(shield=True):
            try:
                async with self.visit.org() as conn:
                    await self.visit.parts.tasks.cancel(conn, self.task.task_id)
            except GreatwheelError as error:
                LOG.info("a task that nobody waits for goes on: %s", error)

    async def _pieces_of(self, happening: Happening) -> list[Piece]:
        match happening:
            case Told(type="message.sent"):
                return [self._text(str(happening.data["text"]))]
            case Over():
                self.over = True
                return self._end(happening.task)
            case Told(type=kind) if kind != "question.asked":
                return []
            case Told():
                return await self._asked(told=happening.id)
            case Quiet():
                return await self._asked(told=None)
            case _:
                assert_never(happening)

    async def _asked(self, *, told: int | None) -> list[Piece]:
        """A question ends the completion, once all that came before it was told: when its event is told.

        One of a task that this one called has no event here. It must have been seen before: what came before it is
        told between two looks.
        """
        question = await self._question()
        known, self._seen = self._seen if told is None else told, 0 if question is None else question.event
        if question is None or not question.settled or question.event != known:
            return []
        return await self._asks(question)

    async def _question(self) -> Question | None:
        with suppress(DatabaseUnavailable), CancelScope(shield=True):
            async with self.visit.org() as conn:
                return await question_below(self.visit, conn, self.task.task_id)
        return None

    async def _asks(self, question: Question) -> list[Piece]:
        self.over = True
        with CancelScope(shield=True):
            async with self.visit.org() as conn:
                task = await self.visit.parts.tasks.get(conn, self.task.task_id)
        return [self._text(question.text), self._finished("stop", task.usage)]

    def _end(self, task: TaskFacts) -> list[Piece]:
        if task.status != "done":
            raise AgentFailed(f"The task {task.task_id} is {task.status}: {task.error or 'it was stopped'}.")
        answer = task.answer or ""
        if not answer and self._said is None and task.error:
            raise AgentFailed(f"The task {task.task_id} has no answer: {task.error}.")
        last = self._finished("length" if task.outcome in _CUT_SHORT else "stop", task.usage)
        # Many agents send their answer to the channel and return it, too.
        known = not answer.strip() or answer.strip() == (self._said or "").strip()
        return [last] if known else [self._text(answer), last]

    def _text(self, text: str) -> Text:
        first, self._said = self._said is None, text
        return Text(text if first else f"\n\n{text}")

    def _finished(self, reason: FinishReason, usage: Mapping[str, Any]) -> Finished:
        total = usage_of(usage)
        return Finished(
            reason=reason,
            usage=Usage(
                prompt_tokens=max(0, total.prompt_tokens - self.before.prompt_tokens),
                completion_tokens=max(0, total.completion_tokens - self.before.completion_tokens),
            ),
        )


async def begin(visit: Visit, order: CompletionOrder, session_id: str | None, key: str | None) -> Course:
    """Answer what is asked in the session, or queue a task.

    Raises:
        CompletionRefused, BadInput: it can't be done so.
        NotFound: the model or the session is not there.
        KeyReused: another order had the same key.
        Conflict, LimitReached: not now.
    """
    order.require_possible()
    session_id = session_id or order.session_id
    asked = asked_in(order.messages, going_on=session_id is not None)
    agent = await _agent(visit, order.model)
    with CancelScope(shield=True):
        async with visit.org() as conn:
            if session_id is not None:
                answered = await answer_in(visit, conn, session_id, agent, asked.said, key)
                if answered is not None:
                    task = await visit.parts.tasks.get(conn, answered.task_id)
                    return Course(
                        visit=visit, task=task, model=order.model, kept=key is not None,
                        after=answered.after, before=answered.before,
                    )  # fmt: skip
            wanted = _order(visit, asked, agent, session_id, key)
            task = await visit.parts.tasks.submit(conn, wanted)
            await repeats.require_same(visit, conn, "task", task.task_id, wanted)
    return Course(visit=visit, task=task, model=order.model, kept=key is not None)


async def _agent(visit: Visit, model: str) -> str | None:
    """The name of the agent that is meant; None: whoever it falls to. Raises ModelMissing."""
    if model == ANYBODY:
        return None
    try:
        return (await find_agent(visit, model)).name
    except NotFound:
        raise ModelMissing(f"The model {model!r} does not exist; GET /v1/models lists those there are.") from None


def _order(visit: Visit, asked: Asked, agent: str | None, session_id: str | None, key: str | None) -> SubmitTask:
    return SubmitTask(
        user_id=visit.user_id,
        input=asked.question,
        agent=agent,
        session_id=None if session_id is None else SessionId(session_id),
        context=asked.context,
        instructions=asked.instructions,
        idempotency_key=key,
    )
