"""Clients that are slow, dead, rude or too talkative, and servers that stop."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from greatwheel.channels.http import following, serving
from greatwheel.channels.http.app import create_app
from greatwheel.channels.http.serving import MOST_MESSAGE
from greatwheel.channels.http.visits import Visit
from greatwheel.core.ids import TaskId
from greatwheel.core.tasks import Task
from greatwheel.database.database import Database

from ..http.conftest import Caller, House, parts_of
from .conftest import Served, Talk, key_of, served_of, talking
from .conftest import serving as served_app

BAD = (
    b"{",
    b"[" * 100_000,
    b'"hello"',
    b"{}",
    b'{"type": "nothing"}',
    b'{"type": "submit"}',
    b'{"type": "submit", "input": ""}',
    b'{"type": "submit", "input": "x", "inptu": 1}',
    b'{"type": "submit", "input": "\\ud800"}',
    b'{"type": "submit", "input": "x", "agent": "\\u0000"}',
    b'{"type": "submit", "input": "x", "agent": "nobody"}',
    b'{"type": "submit", "input": "x", "agent": "worker", "context": 5}',
    b'{"type": "submit", "input": "x", "agent": "worker", "budget": {"seconds": NaN}}',
    b'{"type": "watch", "task_id": "\\u0000"}',
    b'{"type": "watch", "task_id": "t", "after": -1}',
    b'{"type": "watch", "task_id": "t", "after": 99999999999999999999}',
    b'{"type": "answer", "task_id": "t", "answer": 1}',
    b'{"type": "ping", "ref": 1}',
)


async def test_what_can_not_be_understood_is_an_error_and_no_more(served: Served, member: Caller) -> None:
    """Broken, unknown and impossible messages are each answered by one error; the connection goes on."""
    async with talking(served.url, key_of(member)) as talk:
        for message in BAD:
            await talk.socket.send(message.decode())
            error = await talk.hear("error")
            assert error["message"], message
            assert error["code"] not in ("internal", "database.failed"), (message, error)
        await talk.socket.send(b"\x00\xff")
        assert (await talk.hear("error"))["code"] == "message.invalid"
        assert await talk.refused("submit", input=3) == "message.invalid"
        assert (await talk.ask("ping"))["type"] == "pong"


async def test_our_own_faults_are_told_without_details(
    served: Served, member: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An unforeseen exception is one error without its cause, which the log has; the connection goes on."""

    async def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("inner thing")

    async with talking(served.url, key_of(member)) as talk:
        made = await talk.ask("submit", input="x", agent="worker", watch=False)
        monkeypatch.setattr(served.house.parts.tasks, "cancel", fail)
        answer = await talk.ask("cancel", task_id=made["task_id"])
        assert (answer["type"], answer["code"], "inner thing" in str(answer)) == ("error", "internal", False)
        monkeypatch.setattr(following, "_news", fail)
        await talk.ask("watch", task_id=made["task_id"])
        error = await talk.hear("error")
        assert (error["task_id"], error["code"], "inner thing" in str(error)) == (made["task_id"], "internal", False)
        assert (await talk.ask("ping"))["type"] == "pong"
    assert "inner thing" in caplog.text


async def test_a_context_of_8_mib_fits_into_a_message(served: Served, member: Caller) -> None:
    """A larger message than 9 MiB ends the connection, as the protocol has it."""
    async with talking(served.url, key_of(member)) as talk:
        made = await talk.ask("submit", input="x", agent="worker", context="x" * 8 * 1024 * 1024, watch=False)
        assert made["type"] == "submitted"
        with suppress(ConnectionClosed):  # it may be refused by its first bytes
            await talk.socket.send("x" * (MOST_MESSAGE + 1))
        assert await talk.closed() in (1009, 1006)  # the second when the line is cut before the first is read


async def test_events_wait_for_a_slow_client(served: Served, member: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it does not read, the server stops to read events for it; what it reads later is complete, in order."""
    monkeypatch.setattr(following, "PAGE", 10)
    pages = 0
    news = following._news

    async def counted(*args: Any) -> Any:
        nonlocal pages
        pages += 1
        return await news(*args)

    monkeypatch.setattr(following, "_news", counted)
    house, many = served.house, 400
    task = await house.begin(member.org_id, (await member.submit())["task_id"])
    await tell_much(house, task, many)
    await house.end(task)
    async with talking(served.url, key_of(member), max_queue=1) as talk:
        await talk.say("watch", task_id=task.task_id)
        before = 0
        async with asyncio.timeout(20):
            while not pages or before != pages:
                before = pages
                await asyncio.sleep(1.0)
        assert pages < many / 10
        await talk.hear("ok")
        told = [await talk.hear("event") for _ in range(many)]
        assert [each["data"]["number"] for each in told] == list(range(many))
        await talk.hear("ended")


async def test_a_stream_that_nobody_reads_costs_next_to_nothing(
    served: Served, member: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server reads no events for a client that takes none, holds none for it, and others hear theirs meanwhile."""
    monkeypatch.setattr(following, "PAGE", 10)
    house, many = served.house, 1_200
    stuck = await house.begin(member.org_id, (await member.submit())["task_id"])
    other = await house.begin(member.org_id, (await member.submit())["task_id"])
    await tell_much(house, stuck, many)
    news, pages = following._news, 0

    async def counted(visit: Visit, task_id: TaskId, after: int) -> Any:
        nonlocal pages
        pages += task_id == stuck.task_id
        return await news(visit, task_id, after)

    monkeypatch.setattr(following, "_news", counted)
    before = psutil.Process().memory_info().rss
    async with deaf(served.port, key_of(member), f"/api/tasks/{stuck.task_id}/events"), asyncio.timeout(30):
        base, headers = f"http://127.0.0.1:{served.port}", {"authorization": f"Bearer {key_of(member)}"}
        async with httpx.AsyncClient(base_url=base, headers=headers | {"accept": "text/event-stream"}) as client:
            hearing = asyncio.create_task(client.get(f"/api/tasks/{other.task_id}/events"))
            seen = -1
            while not pages or seen != pages:
                seen = pages
                await house.tell(other, "noted")
                await asyncio.sleep(1.0)
            await house.end(other)
            heard = (await hearing).text
        assert heard.count("event: noted") >= 2
        assert heard.count("event: task.ended") == 1
        assert 0 < pages < many / 10 / 4
        assert psutil.Process().memory_info().rss - before < many * 50_000 / 2
    await served.house.end(stuck)


@asynccontextmanager
async def deaf(port: int, key: str, path: str) -> AsyncIterator[None]:
    """A client that asks for a stream and never reads it."""
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        line.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(line, ("127.0.0.1", port))
        lines = (f"GET {path} HTTP/1.1", "Host: wheel", "Accept: text/event-stream", f"Authorization: Bearer {key}")
        await loop.sock_sendall(line, "\r\n".join([*lines, "", ""]).encode())
        yield


async def tell_much(house: House, task: Task, many: int) -> None:
    """Events that no buffer of the system holds all of."""
    async with house.parts.database.org(task.org_id) as conn:
        await conn.execute(
            "insert into task_events (org_id, task_id, type, data)"
            " select %s, %s, 'noted', jsonb_build_object('number', n, 'text', repeat('x', 50000))"
            " from generate_series(0, %s) n",
            (task.org_id, task.task_id, many - 1),
        )


@asynccontextmanager
async def raw(port: int, key: str) -> AsyncIterator[asyncio.StreamWriter]:
    """A client that has shaken hands, answers no ping, and reads little."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4_096)
    lines = (
        "GET /ws HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}", "Sec-WebSocket-Version: 13",
        f"Authorization: Bearer {key}",
    )  # fmt: skip
    writer.write("\r\n".join([*lines, "", ""]).encode())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    try:
        yield writer
    finally:
        writer.transport.abort()


def frame(text: str) -> bytes:
    """A short message of a client."""
    return bytes([0x81, 0x80 | len(text)]) + b"\0\0\0\0" + text.encode()


async def gone(served: Served) -> None:
    """Return when the server holds nothing for anybody any more."""
    async with asyncio.timeout(15):
        while served.house.app.state.open_sockets._taken:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.05)


async def test_a_dead_client_is_let_go(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that answers no ping is closed soon."""
    monkeypatch.setattr(serving, "PING_SECONDS", 0.3)
    async with served_of(database, tmp_path) as served:
        admin = await served.house.organisation("acme")
        async with raw(served.port, key_of(admin)):
            assert served.house.app.state.open_sockets._taken
            await gone(served)


async def test_a_client_that_takes_nothing_is_cut_off(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not sent is not held for it for ever, also when its machine still answers for it."""
    monkeypatch.setattr(serving, "STUCK_SECONDS", 1)
    async with served_of(database, tmp_path) as served:
        admin = await served.house.organisation("acme")
        house = served.house
        task = await house.begin(admin.org_id, (await admin.submit())["task_id"])
        await tell_much(house, task, 400)
        async with raw(served.port, key_of(admin)) as client:
            client.write(frame(f'{{"type": "watch", "task_id": "{task.task_id}"}}'))
            await asyncio.sleep(0.5)
            assert house.app.state.open_sockets._taken
            await gone(served)


async def test_a_server_that_stops_closes_its_web_sockets(database: Database, tmp_path: Path) -> None:
    """The code says that the service restarts; the client comes again and goes on."""
    parts = parts_of(database, tmp_path)
    app = create_app(parts)
    house = House(app=app, parts=parts)
    async with AsyncExitStack() as stop:
        port, _ = await stop.enter_async_context(served_app(app))
        admin = await house.organisation("acme")
        async with connect(f"ws://127.0.0.1:{port}/ws") as client:
            talk = Talk(client)
            await talk.ask("hello", key=key_of(admin))
            await talk.ask("submit", input="x", agent="worker")
            await stop.aclose()
            assert await talk.closed() == 1012
    for each in house.clients:
        await each.aclose()


async def test_the_port_for_web_sockets_takes_nothing_else(served: Served, member: Caller) -> None:
    """It serves them at / and /ws; all else is told where to go."""
    for path in ("", "/", "/ws"):
        async with talking(f"ws://127.0.0.1:{served.web_sockets}{path}", key_of(member)) as talk:
            assert (await talk.ask("ping"))["type"] == "pong"
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {key_of(member)}"}) as client:
        for path in ("/api/me", "/", "/health"):
            answer = await client.get(f"http://127.0.0.1:{served.web_sockets}{path}")
            assert (answer.status_code, answer.json()["error"]["code"]) == (426, "http.web_sockets_only")
            assert answer.headers["x-content-type-options"] == "nosniff"
        assert (await client.get(f"http://127.0.0.1:{served.port}/api/me")).status_code == 200
