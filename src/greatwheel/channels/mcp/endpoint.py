"""MCP over streamable HTTP, at `/mcp` of the API. The library for it is loaded at the first request.

A client shows its key with each request, as everywhere; a session that a handshake began is its user's alone. There is
no stream for messages that nobody asked for (GET): what is told belongs to a call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from importlib import import_module
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from greatwheel.channels.http.authentication import PRINCIPAL
from greatwheel.channels.http.errors import refusal, response_of
from greatwheel.channels.http.foreign import own_origin
from greatwheel.core.errors import ForeignRequest, GreatwheelError
from greatwheel.tenancy.principal import Principal

if TYPE_CHECKING:
    from greatwheel.channels.mcp.http_sessions import HttpSessions

PATH = "/mcp"
_METHODS = ("POST", "DELETE")


class McpEndpoint:
    """An ASGI app; `run` must be running while it is asked."""

    def __init__(self, origins: Sequence[str] = ()) -> None:
        """`origins`: of web pages that may speak to it, beside this machine's own."""
        self._origins = frozenset(origin.lower().rstrip("/") for origin in origins)
        self._wanted = asyncio.Event()
        self._ready = asyncio.Event()
        self._over = asyncio.Event()
        self._sessions: HttpSessions | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        conn = HTTPConnection(scope)
        if scope["method"] not in _METHODS:
            answer = refusal(HTTPStatus.METHOD_NOT_ALLOWED, {"allow": ", ".join(_METHODS)})
            await answer(scope, receive, send)
            return
        try:
            self._require_known_origin(conn)
            principal: Principal = scope[PRINCIPAL]
            self._wanted.set()
            await self._ready.wait()
            if self._sessions is None:
                await refusal(HTTPStatus.SERVICE_UNAVAILABLE)(scope, receive, send)
                return
            with conn.app.state.places.taken(principal.org_id, principal.user_id):
                await self._sessions.handle(principal, scope, receive, send)
        except GreatwheelError as error:
            await response_of(error)(scope, receive, send)

    async def run(self) -> None:
        """Serve until `stop`."""
        await self._wanted.wait()
        try:
            if self._over.is_set():
                return
            module = await asyncio.to_thread(import_module, "greatwheel.channels.mcp.http_sessions")
            sessions: HttpSessions = module.HttpSessions()
            async with sessions.running():
                self._sessions = sessions
                self._ready.set()
                await self._over.wait()
        finally:
            self._sessions = None
            self._ready.set()

    def stop(self) -> None:
        """End it."""
        self._over.set()
        self._wanted.set()

    def _require_known_origin(self, conn: HTTPConnection) -> None:
        """A browser names the page's origin. A page whose own name leads to this machine (DNS rebinding) is refused:
        only addresses and `localhost` can't be made to lead elsewhere.

        Raises:
            ForeignRequest: it is none of those that may.
        """
        origin = conn.headers.get("origin")
        if origin is None or origin.lower() in self._origins:
            return
        if not (own_origin(conn) and _is_address(urlsplit(origin).hostname or "")):
            raise ForeignRequest


def _is_address(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
