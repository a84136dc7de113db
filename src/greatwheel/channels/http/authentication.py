"""Who calls: everything but a few paths needs an API key, before anything of the request is read."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from greatwheel.channels.http.errors import error_response, response_of
from greatwheel.channels.http.throttle import Throttle
from greatwheel.core.errors import GreatwheelError, KeyRefused
from greatwheel.tenancy.principal import Principal

PUBLIC = frozenset({"/health", "/docs", "/docs.css", "/openapi.json"})
"""Paths without anything of anybody: whether the server is well, and what the API looks like."""
PRINCIPAL = "greatwheel.principal"
"""Where the scope has the caller."""
_LONGEST_KEY = 200


class Authentication:
    """Refuses whoever has no key; puts the others' principal into the scope."""

    def __init__(self, app: ASGIApp, authenticate: Callable[[str], Awaitable[Principal]], throttle: Throttle) -> None:
        self._app = app
        self._authenticate = authenticate
        self._throttle = throttle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] not in ("http", "websocket") or scope["path"] in PUBLIC:
            await self._app(scope, receive, send)
            return
        key, address = _key(Headers(scope=scope)), (scope.get("client") or ("", 0))[0]
        seconds = self._throttle.wait(address, key) if key else 0.0
        if seconds > 0:
            await _too_many(seconds)(scope, receive, send)
            return
        try:
            scope[PRINCIPAL] = await self._checked(key, address)
        except GreatwheelError as error:
            await response_of(error)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _checked(self, key: str, address: str) -> Principal:
        if not key:
            raise KeyRefused("This needs an API key: send the header `Authorization: Bearer gwk_…`.")
        try:
            principal = await self._authenticate(key)
        except KeyRefused:
            self._throttle.refused(address)
            raise
        self._throttle.proved(key)
        return principal


def _key(headers: Headers) -> str:
    """The bearer token; empty when there is none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip()[:_LONGEST_KEY] if scheme.lower() == "bearer" else ""


def _too_many(seconds: float) -> ASGIApp:
    wait = math.ceil(seconds)
    return error_response(
        HTTPStatus.TOO_MANY_REQUESTS,
        "access.too_many_tries",
        f"Too many wrong keys came from this address; try again in {wait} seconds.",
        retryable=True,
        headers={"retry-after": str(wait)},
    )
