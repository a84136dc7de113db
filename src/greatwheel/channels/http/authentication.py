"""Who calls: everything but a few paths needs an API key or a login, before anything of the request is read."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from greatwheel.channels.http.door import Door
from greatwheel.channels.http.errors import response_of
from greatwheel.channels.http.foreign import require_own_page
from greatwheel.core.errors import GreatwheelError, KeyRefused
from greatwheel.tenancy.principal import Principal

PUBLIC = frozenset({"/", "/health", "/docs", "/docs.css", "/openapi.json", "/api/login", "/api/logout"})
"""Paths without anything of anybody: the console's page, whether the server is well, what the API looks like; and
where one logs in."""
PUBLIC_FOLDERS = ("/console/static/", "/hooks/", "/slack/")
"""What begins so is public, too; senders of webhooks and Slack sign what they send."""
COOKIE = "greatwheel_login"
PRINCIPAL = "greatwheel.principal"
"""Where the scope has the caller."""


class Authentication:
    """Refuses whoever has no key; puts the others' principal into the scope.

    A web socket that comes without any is let through, without a principal: its first message may bring the key.
    """

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] not in ("http", "websocket") or is_public(scope["path"]):
            await self._app(scope, receive, send)
            return
        conn = HTTPConnection(scope)
        key, token = bearer_of(conn.headers), conn.cookies.get(COOKIE, "")
        try:
            if key or token or scope["type"] == "http":
                scope[PRINCIPAL] = await self._caller(conn, key, token)
        except GreatwheelError as error:
            answer = response_of(error)
            if isinstance(error, KeyRefused) and token and not key:
                answer.delete_cookie(COOKIE)  # else the browser would send it again and again
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _caller(self, conn: HTTPConnection, key: str, token: str) -> Principal:
        if key:
            return await self._door.by_key(address_of(conn), key)
        if not token:
            raise KeyRefused("This needs an API key: send the header `Authorization: Bearer gwk_…`.")
        require_own_page(conn)
        return await self._door.by_login(address_of(conn), token)


def is_public(path: str) -> bool:
    """Whether nobody needs a key for that path."""
    return path in PUBLIC or path.startswith(PUBLIC_FOLDERS)


def address_of(conn: HTTPConnection) -> str:
    """Where a request comes from; empty when that is not known."""
    return conn.client.host if conn.client else ""


def bearer_of(headers: Headers) -> str:
    """The bearer token; empty when there is none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
