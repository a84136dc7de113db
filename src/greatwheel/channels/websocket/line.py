"""What goes over one web socket, message by message. Nothing is put by: who says something waits until it is sent."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import anyio
from anyio import CancelScope
from anyio.lowlevel import checkpoint
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from greatwheel.channels.http.errors import facts_of, response_of
from greatwheel.channels.http.streaming import json_of
from greatwheel.channels.websocket.messages import InvalidMessage
from greatwheel.core.errors import GreatwheelError, KeyRefused, LimitReached, TooManyTries

REFUSED = 4401
"""Close code: the key is worth nothing (any more), or did not come in time."""
TOO_MANY = 4429
"""Close code: too many wrong keys, or too many web sockets."""
TRY_AGAIN = 1013
"""Close code of the protocol's registry: something is away for the moment."""
_LAST_WORDS_SECONDS = 5.0


class Line:
    """The line to one client. `left` is cancelled when the client is not there any more, and so is who waits here."""

    def __init__(self, socket: WebSocket, left: CancelScope) -> None:
        self._socket = socket
        self._left = left
        self._saying = anyio.Lock()

    async def hear(self) -> str:
        """The client's next message. Raises InvalidMessage when it is no text."""
        got = await self._socket.receive()
        if got["type"] == "websocket.disconnect":
            await self._end()
        text = got.get("text")
        if not isinstance(text, str):
            raise InvalidMessage("A message is a text: a JSON object.")
        return text

    async def say(self, kind: str, ref: str | None = None, **facts: Any) -> None:
        """Send a message; `ref` is that of the message that it answers."""
        about = {} if ref is None else {"ref": ref}
        text = json_of({"type": kind, **about, **facts})
        async with self._saying:
            try:
                await self._socket.send_text(text)
            except (WebSocketDisconnect, RuntimeError):  # the second: it was closed meanwhile
                await self._end()

    async def refuse(self, error: GreatwheelError, ref: str | None = None, **facts: Any) -> None:
        """Say that something could not be done."""
        await self.say("error", ref, **facts, **facts_of(error).model_dump())

    async def part(self, error: GreatwheelError) -> None:
        """Say why, and end the connection, or refuse to begin it."""
        with anyio.move_on_after(_LAST_WORDS_SECONDS, shield=True):
            if self._socket.application_state is WebSocketState.CONNECTING:
                await self._socket.send_denial_response(response_of(error))
            else:
                await self.refuse(error)
                with suppress(WebSocketDisconnect, RuntimeError):  # it is closed already
                    await self._socket.close(_close_code(error), error.code)
        self._left.cancel()

    async def _end(self) -> None:
        self._left.cancel()
        await checkpoint()


def _close_code(error: GreatwheelError) -> int:
    match error:
        case KeyRefused():
            return REFUSED
        case LimitReached() | TooManyTries():
            return TOO_MANY
        case _:
            return TRY_AGAIN
