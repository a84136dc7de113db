"""Those who have a stream open: each notes what it was told, when, and how often it had to come again."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from greatwheel.runtime.telling import DELTA

AGAIN_SECONDS = 0.2
HEARING_SECONDS = 60.0
"""A stream that says nothing for so long is none: the server sends something at least every 15 seconds."""


@dataclass(kw_only=True, slots=True)
class Listener:
    """Follows one task's events to their end."""

    task_id: str
    leaves_after: int = 0
    """Events after which it drops the connection and comes again; 0: never."""
    on_event: Callable[[str, str], None] = lambda task_id, kind: None
    told: list[int] = field(default_factory=list)
    passing: int = 0
    """How many of these are written only until a model's reply is whole: who comes later is not told them."""
    delays: list[float] = field(default_factory=list)
    """Seconds from when an event was written until it was heard."""
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False
    resumed: int = 0
    broken: int = 0

    async def listen(self, client: httpx.AsyncClient) -> None:
        """Listen until the task has ended, over as many connections as it takes."""
        while not self.ended:
            try:
                await self._hear(client)
            except httpx.HTTPError:
                self.broken += 1
                await asyncio.sleep(AGAIN_SECONDS)

    async def _hear(self, client: httpx.AsyncClient) -> None:
        headers = {"accept": "text/event-stream"}
        if self.told:
            headers["last-event-id"] = str(self.told[-1])
        async with client.stream("GET", f"/api/tasks/{self.task_id}/events", headers=headers) as answer:
            answer.raise_for_status()
            self.connected.set()
            fields: dict[str, str] = {}
            heard = 0
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                if line and name:
                    fields[name] = value
                    continue
                heard += self._note(fields)
                fields = {}
                if self.ended:
                    return
                if self.leaves_after and heard >= self.leaves_after:
                    self.resumed += 1
                    return
        if not self.ended:
            self.broken += 1

    def _note(self, fields: Mapping[str, str]) -> int:
        """Take one event down; how many it was."""
        kind = fields.get("event")
        if kind == "task.ended":
            self.ended = True
        if kind is None or "id" not in fields:
            return 0
        data: dict[str, Any] = json.loads(fields["data"])
        self.told.append(int(fields["id"]))
        self.passing += kind == DELTA
        self.delays.append(time.time() - datetime.fromisoformat(data["at"]).timestamp())
        self.on_event(self.task_id, kind)
        return 1
