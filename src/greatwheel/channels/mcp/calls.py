"""One call of a tool: a task is followed to its end, its progress told, and its questions put to the client's user."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing, suppress
from typing import Any

import anyio
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, InputRequiredResult
from pydantic import ValidationError

from greatwheel.channels.mcp import asking, outcomes
from greatwheel.channels.mcp.port import Ended, Facts, Quiet, Told, Wheel
from greatwheel.core.errors import BadInput, NotFound

_MOST_MESSAGES = 50
_SHOWN_CHARS = 2_000
_LOOK_SECONDS = 1.0
_TRIES = 3
"""So often a question is put anew when the answer is none of its choices."""


class Call:
    """Follows one task for one request of a client."""

    def __init__(self, ctx: ServerRequestContext[Any, Any], wheel: Wheel, task: Facts, after: int = 0) -> None:
        self._ctx = ctx
        self._wheel = wheel
        self._task = task
        self._after = after
        self._messages: list[str] = []
        self._progress = 0.0

    @property
    def task_id(self) -> str:
        """The task."""
        return str(self._task["task_id"])

    async def result(self) -> CallToolResult | InputRequiredResult:
        """How the task ended; or which question keeps it; or that it goes on."""
        happenings = self._wheel.watch(self.task_id, self._after)
        async with aclosing(happenings):
            async for each in happenings:
                match each:
                    case Told():
                        await self._tell(each)
                    case Ended():
                        return outcomes.ended(each.task, self._messages)
                    case Quiet():
                        pass
                if isinstance(each, Quiet) or (isinstance(each, Told) and each.type == "question.asked"):
                    kept = await self._ask()
                    if kept is not None:
                        return kept
        return outcomes.going_on(await self._wheel.task(self.task_id), self._messages)

    async def _tell(self, event: Told) -> None:
        self._after = event.id
        if event.type == "message.sent":
            self._messages = [*self._messages, str(event.data.get("text", ""))[:_SHOWN_CHARS]][-_MOST_MESSAGES:]
        words = _words(event)
        if words is not None:
            self._progress += 1
            await self._ctx.session.report_progress(self._progress, message=words[:_SHOWN_CHARS])

    async def _ask(self) -> CallToolResult | InputRequiredResult | None:
        """Have what is asked answered; None: the task goes on."""
        questions = await self._wheel.questions(self.task_id)
        if not questions:
            return None
        if not asking.can_be_asked(self._ctx):
            return self._left(questions)
        if asking.is_modern(self._ctx):
            state = asking.State(task_id=self.task_id, after=self._after)
            requests = {asking.key_of(question): asking.request_of(question) for question in questions}
            return InputRequiredResult(input_requests={**requests}, request_state=state.text())
        for question in questions:
            if not await self._elicit(question):
                return self._left(await self._wheel.questions(self.task_id) or questions)
        return None

    def _left(self, questions: Sequence[Facts]) -> CallToolResult:
        return outcomes.waiting(self._task, questions, self._messages)

    async def _elicit(self, question: Facts) -> bool:
        """Put one question to the user; False: they did not answer. It may be answered elsewhere meanwhile."""
        for _ in range(_TRIES):
            answers: list[str | None] = []
            async with anyio.create_task_group() as group:
                group.start_soon(self._until_answered, question, group.cancel_scope)
                with suppress(MCPError, ValidationError):  # the client can't, or answers what is no form
                    said = await self._ctx.session.elicit_form(
                        asking.message_of(question), asking.schema_of(question), self._ctx.request_id
                    )
                    answers.append(asking.answer_in(said))
                group.cancel_scope.cancel()
            if not answers:
                return not await self._is_open(question)
            if answers[0] is None:
                return False
            with suppress(BadInput):  # none of its choices
                with suppress(NotFound):  # somebody else was faster
                    await self._wheel.answer(question["task_id"], answers[0], question["call"])
                return True
        return False

    async def _until_answered(self, question: Facts, scope: anyio.CancelScope) -> None:
        while True:
            await anyio.sleep(_LOOK_SECONDS)
            if not await self._is_open(question):
                scope.cancel()
                return

    async def _is_open(self, question: Facts) -> bool:
        found = await self._wheel.questions(self.task_id)
        return asking.key_of(question) in map(asking.key_of, found)


async def answer_all(wheel: Wheel, task_id: str, responses: dict[str, Any]) -> bool:
    """Pass on what the client's user answered to the task's questions; False: something was declined."""
    accepted = True
    for question in await wheel.questions(task_id):
        if asking.key_of(question) not in responses:
            continue
        answer = asking.answer_in(responses[asking.key_of(question)])
        if answer is None:
            accepted = False
            continue
        with suppress(NotFound, BadInput):  # somebody was faster; or none of the choices: it is asked again
            await wheel.answer(question["task_id"], answer, question["call"])
    return accepted


def _words(event: Told) -> str | None:
    """What of an event is progress, for people."""
    match event.type:
        case "message.sent":
            return str(event.data.get("text", ""))
        case "step.started":
            return f"step {event.data.get('step')}"
        case "step.completed":
            return f"step {event.data.get('step')}: {event.data.get('outcome')}"
        case "question.asked":
            return f"asks: {event.data.get('question')}"
        case "limit.warned":
            return "a limit is near"
        case _:
            return None
