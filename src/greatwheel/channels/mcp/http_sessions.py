"""The SDK's session manager with our server behind it, and how many sessions one user may have open."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.context import ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from greatwheel.channels.http.authentication import PRINCIPAL
from greatwheel.channels.http.body_limit import MOST_BODY
from greatwheel.channels.http.visits import Visit
from greatwheel.channels.mcp.inhouse import InHouse
from greatwheel.channels.mcp.port import Wheel
from greatwheel.channels.mcp.server import WheelServer
from greatwheel.core.errors import TooManyStreams
from greatwheel.tenancy.principal import Principal

IDLE_SECONDS = 600.0
MOST_SESSIONS = 5_000
MOST_PER_USER = 50
_SESSION = "mcp-session-id"
_VERSION = "mcp-protocol-version"


class HttpSessions:
    """Hands requests to the SDK. `running` must be entered."""

    def __init__(self) -> None:
        self._manager = StreamableHTTPSessionManager(
            WheelServer(_caller).server,
            session_idle_timeout=IDLE_SECONDS,
            max_sessions=MOST_SESSIONS,
            max_request_body_size=MOST_BODY,
        )
        self._used: defaultdict[tuple[str, str], dict[str, float]] = defaultdict(dict)
        """When each user last used each of their sessions."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve within the block; its end ends all sessions."""
        async with self._manager.run():
            yield

    async def handle(self, principal: Principal, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of that caller.

        Raises:
            TooManyStreams: they have too many sessions open to begin another one.
        """
        user = (principal.org_id, principal.user_id)
        used = self._kept(user)
        headers = Headers(scope=scope)
        session = headers.get(_SESSION)
        begins = session is None and headers.get(_VERSION) not in MODERN_PROTOCOL_VERSIONS
        if begins and len(used) >= MOST_PER_USER:
            raise TooManyStreams(f"{MOST_PER_USER} MCP sessions are open for this user; end one first.")
        if session in used:
            used[session] = time.monotonic()
        scope["user"] = _user(principal)

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._note(user, scope, message, session)
            await send(message)

        await self._manager.handle_request(scope, receive, noted)

    def _kept(self, user: tuple[str, str]) -> dict[str, float]:
        oldest = time.monotonic() - IDLE_SECONDS
        kept = {session: at for session, at in self._used[user].items() if at > oldest}
        if kept:
            self._used[user] = kept
        else:
            del self._used[user]
        return kept

    def _note(self, user: tuple[str, str], scope: Scope, message: Message, session: str | None) -> None:
        begun = Headers(raw=message["headers"]).get(_SESSION)
        if session is None and begun is not None and message["status"] < 400:
            self._used[user][begun] = time.monotonic()
        if session is not None and (scope["method"] == "DELETE" or message["status"] == 404):
            self._used.get(user, {}).pop(session, None)


def _user(principal: Principal) -> AuthenticatedUser:
    """Whom the SDK binds a session to."""
    token = AccessToken(
        token="", client_id=principal.user_id, subject=principal.user_id, scopes=[], claims={"iss": principal.org_id}
    )
    return AuthenticatedUser(token)


def _caller(ctx: ServerRequestContext[object, Request]) -> Wheel:
    request = ctx.request
    assert request is not None  # each message comes with its request
    state = request.app.state
    return InHouse(Visit(principal=request.scope[PRINCIPAL], parts=state.parts, news=state.news, offer=state.offer))
