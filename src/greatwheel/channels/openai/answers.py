"""The answer to a request: a stream of chunks, or one completion."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from http import HTTPStatus
from typing import Any, assert_never

from fastapi.sse import KEEPALIVE_COMMENT
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from greatwheel.channels.http.streaming import HEADERS, STREAM, json_of
from greatwheel.channels.openai.bodies import AnswerMessage, Choice, Completion, CompletionUsage
from greatwheel.channels.openai.completing import Alive, Course, Finished, Piece, Text
from greatwheel.channels.openai.errors import error_event
from greatwheel.core.errors import GreatwheelError
from greatwheel.core.usage import Usage

SESSION_HEADER = "X-Greatwheel-Session"
TASK_HEADER = "X-Greatwheel-Task"
CHUNK_CHARS = 4_000
"""Some clients read lines up to 64 KiB alone."""
_DONE = b"data: [DONE]\n\n"


class CompletionStream(StreamingResponse):
    """Streams a completion, and gives it up when the client leaves before its end."""

    def __init__(self, course: Course, *, with_usage: bool) -> None:
        self._course = course
        headers = {**HEADERS, **_headers(course)}
        super().__init__(_events(course, with_usage), media_type=STREAM, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._course.leave()


async def whole(course: Course, request: Request) -> Response:
    """The completion when it is there. Nobody gets it when the client has left meanwhile."""
    texts: list[str] = []
    try:
        async with aclosing(course.pieces()) as pieces:
            async for piece in pieces:
                match piece:
                    case Text():
                        texts.append(piece.text)
                    case Alive():
                        if await request.is_disconnected():
                            return Response(status_code=HTTPStatus.NO_CONTENT)
                    case Finished():
                        body = _completion(course, "".join(texts), piece)
                        return JSONResponse(body.model_dump(), headers=_headers(course))
                    case _:
                        assert_never(piece)
    finally:
        await course.leave()
    raise AssertionError("a completion ends with a last piece")


async def _events(course: Course, with_usage: bool) -> AsyncIterator[bytes]:
    head = _head(course, with_usage)
    yield _chunk(head, {"role": "assistant", "content": ""})
    try:
        async with aclosing(course.pieces()) as pieces:
            async for piece in pieces:
                for event in _rendered(piece, head, with_usage):
                    yield event
    except GreatwheelError as error:
        course.over = True
        yield _data(error_event(error).model_dump())


def _rendered(piece: Piece, head: dict[str, Any], with_usage: bool) -> Iterator[bytes]:
    match piece:
        case Text():
            for part in _parts(piece.text):
                yield _chunk(head, {"content": part})
        case Alive():
            yield KEEPALIVE_COMMENT
        case Finished():
            yield _chunk(head, {}, piece.reason)
            if with_usage:
                yield _data({**head, "choices": [], "usage": _usage(piece.usage).model_dump()})
            yield _DONE
        case _:
            assert_never(piece)


def _head(course: Course, with_usage: bool) -> dict[str, Any]:
    """What all chunks have in common."""
    usage = {"usage": None} if with_usage else {}
    return {
        "id": _id(course), "object": "chat.completion.chunk", "created": _created(course), "model": course.model,
        **usage,
    }  # fmt: skip


def _chunk(head: dict[str, Any], delta: dict[str, Any], reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    return _data({**head, "choices": [choice]})


def _data(body: Any) -> bytes:
    return f"data: {json_of(body)}\n\n".encode()


def _parts(text: str) -> Iterator[str]:
    for start in range(0, len(text), CHUNK_CHARS):
        yield text[start : start + CHUNK_CHARS]


def _completion(course: Course, text: str, last: Finished) -> Completion:
    return Completion(
        id=_id(course),
        created=_created(course),
        model=course.model,
        choices=[Choice(message=AnswerMessage(content=text), finish_reason=last.reason)],
        usage=_usage(last.usage),
    )


def _usage(usage: Usage) -> CompletionUsage:
    return CompletionUsage(
        prompt_tokens=usage.prompt_tokens, completion_tokens=usage.completion_tokens, total_tokens=usage.tokens
    )


def _id(course: Course) -> str:
    """A task has a completion for each time that it goes on."""
    return f"chatcmpl-{course.task.task_id}" + (f"-{course.after}" if course.after else "")


def _created(course: Course) -> int:
    return int(course.task.created_at.timestamp() if course.task.created_at else time.time())


def _headers(course: Course) -> dict[str, str]:
    task = course.task
    return {SESSION_HEADER: task.session_id, TASK_HEADER: task.task_id, "x-request-id": task.task_id}
