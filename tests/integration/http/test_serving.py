"""The API in a process of its own, under uvicorn."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from greatwheel.channels.http.serving import STOP_SECONDS, listening
from greatwheel.core.errors import BadInput
from greatwheel.core.ids import OrgId
from greatwheel.database.database import Database
from greatwheel.tenancy.first_start import ensure_first

from .conftest import House, parts_of

PROGRAM = """
import asyncio, os, signal, sys
from pathlib import Path
from tests_http_conftest import parts_of
from greatwheel.channels.http.app import create_app
from greatwheel.channels.http.serving import listening, server_of
from greatwheel.database.database import Database

async def main(url, folder, port):
    database = await Database.open(url, folder=Path(folder))
    await server_of(create_app(parts_of(database, Path(folder)))).serve([listening("127.0.0.1", int(port))])
    await database.close()

asyncio.run(main(*sys.argv[1:]))
"""


@asynccontextmanager
async def serving(url: str, folder: Path, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """A server process that answers."""
    (folder / "tests_http_conftest.py").write_text((Path(__file__).parent / "conftest.py").read_text())
    (folder / "program.py").write_text(PROGRAM)
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(folder / "program.py"), url, str(folder), str(port)
    )
    try:
        async with httpx.AsyncClient() as client, asyncio.timeout(60):
            while True:
                try:
                    await client.get(f"http://127.0.0.1:{port}/health")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def caller(key: str) -> httpx.AsyncClient:
    """Somebody with that key."""
    return httpx.AsyncClient(headers={"authorization": f"Bearer {key}"}, timeout=30)


async def test_a_stream_goes_on_after_its_server_was_killed(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    """Events come while they happen; after kill -9 another server gives what followed, none twice, none lost.

    SIGTERM ends the streams and the server, before any would be cut off.
    """
    key = await ensure_first(database)
    assert key is not None
    house = House(app=None, parts=parts_of(database, tmp_path))  # type: ignore[arg-type]
    base = f"http://127.0.0.1:{(port := free_port())}"
    async with serving(database_url, tmp_path, port) as process, caller(key.text) as client:
        await client.post(f"{base}/api/agents", json={"name": "worker"})
        made = (await client.post(f"{base}/api/tasks", json={"input": "x", "agent": "worker"})).json()
        org_id = OrgId((await client.get(f"{base}/api/me")).json()["org_id"])
        task = await house.begin(org_id, made["task_id"])
        path = f"{base}/api/tasks/{task.task_id}/events"
        last = ""
        async with client.stream("GET", path, headers={"accept": "text/event-stream"}) as answer:
            lines = answer.aiter_lines()
            await house.tell(task, "noted", number=0)
            async with asyncio.timeout(20):
                async for line in lines:
                    if line.startswith("id: "):
                        last = line.removeprefix("id: ")
                        break
            process.kill()
            await process.wait()
    await house.tell(task, "noted", number=1)
    async with serving(database_url, tmp_path, port) as process, caller(key.text) as client:
        told = []
        again = {"accept": "text/event-stream", "last-event-id": last}
        async with client.stream("GET", path, headers=again) as answer:
            lines = answer.aiter_lines()
            async for line in lines:
                if line.startswith("data: "):
                    told.append(json.loads(line.removeprefix("data: ")))
                    break
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(STOP_SECONDS):
                told += [line async for line in lines if line.startswith("data: ")]
                await process.wait()
        assert [each["number"] for each in told] == [1]


def test_an_address_that_is_taken_is_one_clear_error() -> None:
    """The error names the address and says what to do; port 0 is any free one."""
    with listening("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(BadInput, match=f"port {port}.*--port"):
            listening("127.0.0.1", port)
    with pytest.raises(BadInput, match="nowhere"):
        listening("nowhere.invalid", 80)
