"""Where web sockets begin: who calls is known by the request's key or login, or by the first message."""

from __future__ import annotations

from functools import partial

import anyio
from anyio import CancelScope
from fastapi import APIRouter, WebSocket

from greatwheel.channels.http.authentication import COOKIE, PRINCIPAL, address_of, bearer_of
from greatwheel.channels.http.door import Door
from greatwheel.channels.http.visits import Visit
from greatwheel.channels.websocket.connection import Connection, Prove
from greatwheel.channels.websocket.line import Line
from greatwheel.channels.websocket.messages import Hello, InvalidMessage, read
from greatwheel.channels.websocket.open_sockets import OpenSockets
from greatwheel.core.errors import GreatwheelError, KeyRefused
from greatwheel.tenancy.principal import Principal

HELLO_SECONDS = 10.0
LONGEST_HELLO = 8_192

router = APIRouter()


@router.websocket("/ws")
async def web_socket(socket: WebSocket) -> None:
    """Events and orders, both ways. See docs/websocket.md."""
    with CancelScope() as left:
        line = Line(socket, left)
        try:
            await _serve(socket, line)
        except GreatwheelError as error:
            await line.part(error)


async def _serve(socket: WebSocket, line: Line) -> None:
    open_sockets: OpenSockets = socket.app.state.open_sockets
    principal: Principal | None = socket.scope.get(PRINCIPAL)
    if principal is None:
        with open_sockets.of_unknown(address_of(socket)):
            await socket.accept()
            hello = await _hello(line)
            prove = _by_hello(socket, hello)
            principal = await prove()
        with open_sockets.of_user(principal):
            await Connection(line, _visit(socket, principal), prove).run(hello)
    else:
        with open_sockets.of_user(principal):
            await socket.accept()
            await Connection(line, _visit(socket, principal), _by_request(socket)).run()


async def _hello(line: Line) -> Hello:
    """The first message. Raises KeyRefused when it brings no key, or does not come."""
    try:
        with anyio.fail_after(HELLO_SECONDS):
            text = await line.hear()
            message = await read(text) if len(text) <= LONGEST_HELLO else None
    except (TimeoutError, InvalidMessage):
        message = None
    if not isinstance(message, Hello) or message.key is None:
        raise KeyRefused('Say first who you are: {"type": "hello", "key": "gwk_…"}.')
    return message


def _by_hello(socket: WebSocket, hello: Hello) -> Prove:
    door: Door = socket.app.state.door
    return partial(door.by_key, address_of(socket), hello.key.get_secret_value() if hello.key else "")


def _by_request(socket: WebSocket) -> Prove:
    """As the authentication layer has done it."""
    door: Door = socket.app.state.door
    address, key = address_of(socket), bearer_of(socket.headers)
    return partial(door.by_key, address, key) if key else partial(door.by_login, address, socket.cookies[COOKIE])


def _visit(socket: WebSocket, principal: Principal) -> Visit:
    state = socket.app.state
    return Visit(principal=principal, parts=state.parts, news=state.news, offer=state.offer)
