"""Errors below /v1 in OpenAI's shape, whichever layer refused the request."""

from __future__ import annotations

import inspect
import json
import logging
import re
from collections.abc import Mapping
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from greatwheel.channels.http.errors import INVALID, ErrorFacts, facts_of
from greatwheel.channels.openai.bodies import CompletionRefused, ModelMissing, OpenAIError, OpenAIErrorBody
from greatwheel.core.errors import GreatwheelError, KeyRefused

LOG = logging.getLogger("greatwheel.openai")
PREFIX = "/v1/"
_TYPES: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.FORBIDDEN: "permission_error",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
}
_CODES: Mapping[str, str] = {KeyRefused.code: "invalid_api_key", ModelMissing.code: "model_not_found"}
"""Codes that these clients look at; the others stay ours."""
_NAMED = re.compile(r"(?:body\.)?([a-z_]+(?:\.\w+)*): ")
"""How a message begins that names a field."""
_KEPT = ("retry-after", "www-authenticate", "allow", "set-cookie")


class OpenAIErrors:
    """Gives each answer below /v1 that is no success OpenAI's shape, and says whether a client may try again.

    These clients try again by themselves after most errors, and a completion that is asked for again is another task:
    so they are told when not to.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        held: Message | None = None
        body, started = b"", False

        async def translated(message: Message) -> None:
            nonlocal held, body, started
            if message["type"] == "http.response.start" and message["status"] >= HTTPStatus.BAD_REQUEST:
                held = message
            elif held is None:
                started = True
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body"):
                    await _translation(held, body)(scope, receive, send)

        try:
            await self._app(scope, receive, translated)
        except Exception:
            if started:
                raise
            LOG.exception("a request could not be carried out")
            await _response(HTTPStatus.INTERNAL_SERVER_ERROR, _unforeseen())(scope, receive, send)


def openai_error(status: int, facts: ErrorFacts) -> OpenAIErrorBody:
    """The body that says it."""
    fallback = "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
    named = _NAMED.match(facts.message) if facts.code in (INVALID, CompletionRefused.code) else None
    return OpenAIErrorBody(
        error=OpenAIError(
            message=facts.message,
            type=_TYPES.get(status, fallback),
            param=named[1] if named else None,
            code=_CODES.get(facts.code, facts.code),
        )
    )


def error_event(error: GreatwheelError) -> OpenAIErrorBody:
    """What a stream that has begun ends with."""
    return openai_error(error.http_status, facts_of(error))


def _translation(start: Message, body: bytes) -> JSONResponse:
    headers = Headers(raw=start["headers"])
    kept = {name: headers[name] for name in _KEPT if name in headers}
    facts = ErrorFacts(**json.loads(body)["error"])
    return _response(start["status"], facts, kept)


def _response(status: int, facts: ErrorFacts, headers: Mapping[str, str] | None = None) -> JSONResponse:
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        status = HTTPStatus.BAD_REQUEST  # these clients know no other for a request that can't be understood
    told = {"x-should-retry": "true" if facts.retryable else "false", **(headers or {})}
    return JSONResponse(openai_error(status, facts).model_dump(), status_code=status, headers=told)


def _unforeseen() -> ErrorFacts:
    return ErrorFacts(code=GreatwheelError.code, message=inspect.getdoc(GreatwheelError) or "", retryable=False)
