"""How large a request's body may be. The web framework has such a limit, but refuses in a shape of its own."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from greatwheel.channels.http.errors import refusal

MIB = 1024 * 1024
MOST_BODY = 2 * MIB
"""Bytes of a request's body …"""
MOST_CONTEXT_BODY = 128 * MIB
"""… and of one that has a context: 100 MB of text, and what JSON adds to it."""


class BodyLimit:
    """Refuses a body that says it is too long before it is read, and any other as soon as it is."""

    def __init__(self, app: ASGIApp, limits: Mapping[str, int]) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._limits.get(scope["path"], MOST_BODY)
        said = Headers(scope=scope).get("content-length", "0")
        if said.isdecimal() and int(said) > most:
            await refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)(scope, receive, send)
            return
        got = 0

        async def counted() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > most:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)  # raised where the route reads
            return message

        await self._app(scope, counted, send)
