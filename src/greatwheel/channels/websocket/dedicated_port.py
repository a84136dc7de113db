"""A port that serves web sockets alone, beside the API's."""

from __future__ import annotations

from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from greatwheel.channels.http.errors import error_response
from greatwheel.channels.http.headers import SECURITY_HEADERS

PATH = "/ws"
_TAKEN = frozenset({"/", PATH})


class DedicatedPort:
    """Passes on what came to other ports; what came to this one must be a web socket, at `/` or `/ws`."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] not in ("http", "websocket") or (scope.get("server") or ("", None))[1] != self._port:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"] in _TAKEN:
            await self._app({**scope, "path": PATH, "raw_path": PATH.encode()}, receive, send)
        else:
            await _REFUSAL(scope, receive, send)


_REFUSAL = error_response(
    HTTPStatus.UPGRADE_REQUIRED,
    "http.web_sockets_only",
    "This port takes web sockets alone, at /; the API is at the server's other port.",
    headers={**SECURITY_HEADERS, "upgrade": "websocket"},
)
