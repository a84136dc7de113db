"""Streams of a task whose worker is killed in the middle of a model's reply."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest
from websockets.asyncio.client import connect

from greatwheel.channels.http.app import create_app
from greatwheel.core.ids import TaskId
from greatwheel.tenancy import api_keys
from greatwheel.testing.server_formats import FakeRequest
from greatwheel.testing.servers import FakeModelServer

from ..websocket.conftest import serving
from .plant import Plant, opened_plant

pytestmark = pytest.mark.heavy

Heard: TypeAlias = list[tuple[int | None, str, dict[str, Any]]]
"""Number, type and data of each event."""
SECONDS = 60.0
QUICK = "[scheduler]\nheartbeat_seconds = 0.3\nstalled_after_seconds = 2.0\n"
ENDLESS = "I am thinking of it " * 500
ANSWER = "```python\n# " + "let me see " * 10 + "\nfound = 6 * 7\nprint(found)\nFINAL(found)\n```"


class Thinker:
    """A model whose first reply takes longer than its worker lives."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, request: FakeRequest) -> str:
        self.asked += 1
        return ENDLESS if self.asked == 1 else ANSWER


async def by_sse(base: str, key: str, task: TaskId, heard: Heard) -> None:
    """Hear a task's events over one connection, to its end."""
    headers = {"authorization": f"Bearer {key}", "accept": "text/event-stream"}
    async with (
        httpx.AsyncClient(base_url=base, headers=headers, timeout=SECONDS) as client,
        client.stream("GET", f"/api/tasks/{task}/events") as answer,
    ):
        async for fields in _blocks(answer.aiter_lines()):
            number = int(fields["id"]) if "id" in fields else None
            heard.append((number, fields["event"], json.loads(fields["data"])))


async def _blocks(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, str]]:
    fields: dict[str, str] = {}
    async for line in lines:
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            yield fields
            fields = {}


async def by_web_socket(base: str, key: str, task: TaskId, heard: Heard) -> None:
    """Hear the same over one web socket."""
    url = base.replace("http:", "ws:") + "/ws"
    async with connect(url, additional_headers={"authorization": f"Bearer {key}"}) as socket:
        await socket.send(json.dumps({"type": "watch", "task_id": task, "after": 0}))
        async for text in socket:
            message = json.loads(text)
            if message["type"] == "event":
                heard.append((message["id"], message["event"], message["data"]))
            elif message["type"] == "ended":
                heard.append((None, "task.ended", message["task"]))
                return


async def told(heard: Heard, kind: str) -> None:
    """Return when an event of that type was heard."""
    while kind not in (type for _, type, _ in heard):  # noqa: ASYNC110  the listener has nobody to tell
        await asyncio.sleep(0.02)


async def page_of(plant: Plant, task: TaskId) -> Sequence[int]:
    """The numbers of the events that are left when all is over."""
    return [row["seq"] for row in await plant.rows("select seq from task_events where task_id = %(t)s", t=task)]


async def test_streams_go_on_with_the_worker_that_takes_over(tmp_path: Path, database_url: str) -> None:
    """A worker is killed while a model's reply is told: open streams go on with the next one's, once and in order."""
    thinker = Thinker()
    with FakeModelServer(thinker, pause=0.05) as model:
        async with opened_plant(tmp_path, database_url, model=model, more=QUICK) as plant:
            await plant.define("loop")
            async with plant.installation.database.org(plant.org) as conn:
                key = (await api_keys.create(conn, plant.org, plant.user)).text
            async with serving(create_app(plant.installation)) as (port, _), plant.worker() as first:
                heard, spoken = await _followed(plant, f"http://127.0.0.1:{port}", key, first)
    assert heard == spoken
    assert thinker.asked == 2
    numbers = [number for number, _, _ in heard[:-1] if number is not None]
    assert len(numbers) == len(heard) - 1
    assert all(before < after for before, after in itertools.pairwise(numbers))
    assert (heard[-1][1], heard[-1][2]["answer"]) == ("task.ended", "42")
    attempts = [data["attempt"] for _, kind, data in heard if kind == "model.delta"]
    assert attempts == sorted(attempts)
    assert len(set(attempts)) == 2
    assert [kind for _, kind, _ in heard].count("model.replied") == 1


async def _followed(plant: Plant, base: str, key: str, first: asyncio.subprocess.Process) -> tuple[Heard, Heard]:
    """What was heard of a task whose first worker is killed in its first reply, by either kind of stream."""
    heard: Heard = []
    spoken: Heard = []
    task = await plant.submit("loop", "What is it?")
    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as group:
        group.create_task(by_sse(base, key, task, heard))
        group.create_task(by_web_socket(base, key, task, spoken))
        await told(heard, "model.delta")
        await told(spoken, "model.delta")
        async with plant.worker():
            first.kill()
            await plant.until(task, "done", seconds=SECONDS)
    assert set(await page_of(plant, task)) <= {number for number, _, _ in heard}
    return heard, spoken
