"""The API under a real uvicorn in this process, and clients of its web sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect

from greatwheel.channels.http.app import create_app
from greatwheel.channels.http.serving import listening, server_of
from greatwheel.core.ids import OrgId
from greatwheel.database.database import Database
from greatwheel.tenancy import api_keys

from ..http.conftest import Caller, House, parts_of


@dataclass(frozen=True, kw_only=True)
class Served:
    """A server that listens."""

    house: House
    port: int
    web_sockets: int
    """The port for web sockets alone."""

    @property
    def url(self) -> str:
        """Of its web sockets."""
        return f"ws://127.0.0.1:{self.port}/ws"


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[tuple[int, int]]:
    """Serve the app; its port, and the one for web sockets alone."""
    sockets = [listening("127.0.0.1", 0), listening("127.0.0.1", 0)]
    ports = sockets[0].getsockname()[1], sockets[1].getsockname()[1]
    server = server_of(app, web_sockets=ports[1])
    run = asyncio.create_task(server._serve(sockets))
    try:
        async with asyncio.timeout(20):
            while not server.started:  # noqa: ASYNC110  uvicorn has no event for it
                await asyncio.sleep(0.01)
        yield ports
    finally:
        server.should_exit = True
        await run


@asynccontextmanager
async def served_of(database: Database, folder: Path) -> AsyncIterator[Served]:
    """An installation on that database, with its server."""
    parts = parts_of(database, folder)
    app = create_app(parts)
    house = House(app=app, parts=parts)
    async with serving(app) as (port, web_sockets):
        yield Served(house=house, port=port, web_sockets=web_sockets)
        for client in house.clients:
            await client.aclose()


class Talk:
    """A client of a web socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def say(self, kind: str, **facts: Any) -> None:
        """Send a message."""
        await self.socket.send(json.dumps({"type": kind, **facts}))

    async def hear(self, *kinds: str) -> dict[str, Any]:
        """The next message, of one of these kinds if any are named."""
        async with asyncio.timeout(20):
            heard: dict[str, Any] = json.loads(await self.socket.recv())
        assert not kinds or heard["type"] in kinds, heard
        return heard

    async def ask(self, kind: str, **facts: Any) -> dict[str, Any]:
        """Send a message, and hear what answers it; what else comes meanwhile must not."""
        await self.say(kind, ref="r1", **facts)
        heard = await self.hear()
        assert heard.get("ref") == "r1", heard
        return heard

    async def refused(self, kind: str, **facts: Any) -> str:
        """The code of the error that answers a message."""
        heard = await self.ask(kind, **facts)
        assert (heard["type"], bool(heard["message"]), "retryable" in heard) == ("error", True, True), heard
        return str(heard["code"])

    async def closed(self) -> int:
        """The code with which the server ends the connection."""
        async with asyncio.timeout(20):
            await self.socket.wait_closed()
        return self.socket.close_code or 0


@asynccontextmanager
async def talking(url: str, key: str | None = None, **options: Any) -> AsyncIterator[Talk]:
    """A client that has connected; with a key it has been told `ready`."""
    headers = {"authorization": f"Bearer {key}"} if key else {}
    async with connect(url, additional_headers=headers | options.pop("headers", {}), **options) as socket:
        talk = Talk(socket)
        if key:
            await talk.hear("ready")
        yield talk


def key_of(caller: Caller) -> str:
    """The caller's key."""
    return str(caller.client.headers["authorization"]).removeprefix("Bearer ")


async def another_key(house: House, caller: Caller) -> str:
    """One more key of the caller's."""
    async with house.parts.database.org(OrgId(caller.org_id)) as conn:
        return (await api_keys.create(conn, caller.org_id, caller.user_id)).text


@pytest.fixture
async def served(database: Database, tmp_path: Path) -> AsyncIterator[Served]:
    """An installation that is served."""
    async with served_of(database, tmp_path) as served:
        yield served


@pytest.fixture
async def admin(served: Served) -> Caller:
    """The admin of an organisation with the agent `worker`."""
    return await served.house.organisation("acme")


@pytest.fixture
async def member(served: Served, admin: Caller) -> Caller:
    """A member of the same organisation."""
    return await served.house.user(admin.org_id, "ada", "member")


@pytest.fixture
async def stranger(served: Served) -> Caller:
    """The admin of another organisation."""
    return await served.house.organisation("other")
