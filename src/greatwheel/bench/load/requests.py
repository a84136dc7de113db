"""Those who send requests: so many a second, whether or not the ones before were answered."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import httpx

ANSWER, LOOK = "answer a question", "look at a task"
_LOOKS = (
    (LOOK, "/api/tasks/{task}"),
    ("list tasks", "/api/tasks?limit=20"),
    ("read a page of events", "/api/tasks/{task}/events?limit=50"),
    ("read a session", "/api/sessions/{session}"),
    ("read the journal", "/api/tasks/{task}/calls?limit=20"),
    ("who am I", "/api/me"),
    ("list questions", "/api/questions"),
    ("list sessions", "/api/sessions?limit=20"),
)
ANSWERS_SHARE = 5
"""Every so manieth request answers a question, if one waits: that makes the tasks go on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A task that asks and asks again."""

    task_id: str
    session_id: str


@dataclass(kw_only=True, slots=True)
class Senders:
    """Sends, and notes how long each answer took from when its request was due."""

    client: httpx.AsyncClient
    places: Sequence[Place]
    asking: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    """Tasks whose question waits."""
    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    refused: Counter[str] = field(default_factory=Counter)

    async def send(self, rate: float, seconds: float) -> None:
        """Send `rate` requests a second for so many seconds, and wait for the last answers.

        The times are fixed beforehand, so a server that stumbles does not get fewer requests.
        """
        begun = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number, look in zip(range(round(rate * seconds)), self._looks(), strict=False):
                due = begun + number / rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if number % ANSWERS_SHARE == 0 and not self.asking.empty():
                    group.create_task(self._answer(self.asking.get_nowait(), "go on", due))
                else:
                    group.create_task(self._look(*look, due))

    async def stop_all(self) -> None:
        """Answer every task, as soon as it asks, that it may end."""
        left = {place.task_id for place in self.places}
        while left:
            task_id = await self.asking.get()
            left.discard(task_id)
            await self._answer(task_id, "stop", time.monotonic())

    def _looks(self) -> Iterator[tuple[str, str]]:
        for (what, path), place in zip(itertools.cycle(_LOOKS), itertools.cycle(self.places), strict=False):
            yield what, path.format(task=place.task_id, session=place.session_id)

    async def _look(self, what: str, path: str, due: float) -> None:
        await self._count(what, self.client.build_request("GET", path), due)

    async def _answer(self, task_id: str, text: str, due: float) -> None:
        request = self.client.build_request("POST", f"/api/tasks/{task_id}/answer", json={"answer": text})
        await self._count(ANSWER, request, due)

    async def _count(self, what: str, request: httpx.Request, due: float) -> None:
        try:
            answer = await self.client.send(request)
        except httpx.HTTPError as error:
            self.refused[f"{what}: {type(error).__name__}"] += 1
            return
        if answer.is_success:
            self.seconds[what].append(time.monotonic() - due)
        else:
            self.refused[f"{what}: {answer.status_code}"] += 1
