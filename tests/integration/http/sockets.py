"""A web socket's client that calls the app in this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI


async def said_to(app: FastAPI, path: str, message: Mapping[str, Any], *, key: str, answers: int) -> list[Any]:
    """Say one message over a new web socket with that `Authorization`; the first so many answers to it."""
    incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    scope = {
        "type": "websocket", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "ws", "path": path,
        "raw_path": path.encode(), "root_path": "", "query_string": b"", "subprotocols": [], "state": {},
        "headers": [(b"host", b"wheel"), (b"authorization", key.encode())],
        "client": ("10.0.0.1", 1), "server": ("wheel", 80),
    }  # fmt: skip
    incoming.put_nowait({"type": "websocket.connect"})
    serving = asyncio.create_task(app(scope, incoming.get, outgoing.put))  # type: ignore[arg-type]
    try:
        async with asyncio.timeout(20):
            told = await _texts(outgoing, 1)
            assert told[0]["type"] == "ready", told
            incoming.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})
            return await _texts(outgoing, answers)
    finally:
        incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(serving, 20)


async def _texts(outgoing: asyncio.Queue[dict[str, Any]], count: int) -> list[Any]:
    """The next messages that are sent."""
    found = []
    while len(found) < count:
        sent = await outgoing.get()
        assert sent["type"] in ("websocket.accept", "websocket.send"), sent
        if sent["type"] == "websocket.send":
            found.append(json.loads(sent["text"]))
    return found
