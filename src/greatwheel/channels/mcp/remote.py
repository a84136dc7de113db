"""The `Wheel` behind a server's API: for `greatwheel mcp`, whose client starts it as a process on its own machine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from greatwheel.channels.mcp.grants import usable
from greatwheel.channels.mcp.port import Ended, Facts, Happening, Order, Quiet, Told
from greatwheel.core.errors import GreatwheelError, NotFound
from greatwheel.core.tasks import ENDED
from greatwheel.tenancy.permissions import Grants

SOONEST = 0.1
"""Seconds from one look to the next while things happen …"""
LATEST = 1.0
"""… and when nothing does."""
LONGEST_SECONDS = 1_800.0
PAGE = 50
_SLOWER = 1.5
_TRIES = 60
_PAUSE = 1.0

T = TypeVar("T")


class Api(Protocol):
    """A client of the HTTP API, whose calls block."""

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Any:
        """The JSON that a request gives; errors of the API as errors of `core.errors`."""
        ...

    def pages(self, path: str) -> list[Any]:
        """The items of a list, all its pages. Raises as `call`."""
        ...

    @staticmethod
    def path(pattern: str, *parts: str) -> str:
        """A path with names in it, whatever they hold."""
        ...


class Remote:
    """See the port."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._roots: dict[str, str] = {}

    @property
    def stopping(self) -> bool:
        """See the port: this process stops when its client does."""
        return False

    async def agents(self) -> Sequence[Facts]:
        """See the port."""
        found = await self._pages("/api/agents")
        me = await self._call("GET", "/api/me")
        grants = Grants(allow=tuple(me["allow"]), deny=tuple(me["deny"]))
        return [agent for agent in found if usable(grants, agent["name"])]

    async def submit(self, order: Order) -> Facts:
        """See the port."""
        body = {
            "agent": order.agent, "input": order.input, "context": order.context, "session_id": order.session_id
        }  # fmt: skip
        made: Facts = await self._call("POST", "/api/tasks", body)
        return made

    async def task(self, task_id: str) -> Facts:
        """See the port."""
        found: Facts = await self._call("GET", self._api.path("/api/tasks/{}", task_id))
        return found

    async def watch(self, task_id: str, after: int) -> AsyncGenerator[Happening]:
        """See the port."""
        until, pause, failures = time.monotonic() + LONGEST_SECONDS, SOONEST, 0
        while time.monotonic() < until:
            try:
                # The state first: an event that is told before the end is then in the second answer.
                task = await self.task(task_id)
                path = self._api.path("/api/tasks/{}/events", task_id)
                page = (await self._call("GET", path, query={"after": after}))["items"]
                failures = 0
            except GreatwheelError as error:
                failures += 1
                if not error.retryable or failures > _TRIES:
                    raise
                await asyncio.sleep(_PAUSE)
                continue
            for event in page:
                after = event["id"]
                yield Told(id=after, type=event["type"], data=event["data"])
            if task["status"] in ENDED and not page:
                yield Ended(task=task)
                return
            yield Quiet()
            pause = SOONEST if page else min(LATEST, pause * _SLOWER)
            await asyncio.sleep(pause)

    async def questions(self, task_id: str) -> Sequence[Facts]:
        """See the port."""
        found = await self._pages("/api/questions")
        return [question for question in found if task_id in (question["task_id"], await self._root(question))]

    async def answer(self, task_id: str, text: str, call: int | None) -> None:
        """See the port."""
        await self._call("POST", self._api.path("/api/tasks/{}/answer", task_id), {"answer": text, "call": call})

    async def cancel(self, task_id: str) -> None:
        """See the port."""
        await self._call("POST", self._api.path("/api/tasks/{}/cancel", task_id))

    async def sessions(self, cursor: str | None) -> tuple[Sequence[Facts], str | None]:
        """See the port. An admin is shown others' sessions, too, by the API; they are left out here."""
        me = await self._call("GET", "/api/me")
        page = await self._call("GET", "/api/sessions", query={"cursor": cursor, "limit": PAGE, "roots": True})
        return [each for each in page["items"] if each["user_id"] == me["user_id"]], page.get("next")

    async def session(self, session_id: str) -> Facts:
        """See the port."""
        me = await self._call("GET", "/api/me")
        found = await self._call("GET", self._api.path("/api/sessions/{}", session_id))
        if found["user_id"] != me["user_id"]:
            raise NotFound(f"There is no session {session_id} of yours.")
        variables = await self._call("GET", self._api.path("/api/sessions/{}/variables", session_id))
        return {**found, "variables": variables["items"]}

    async def _root(self, question: Facts) -> str:
        task_id = str(question["task_id"])
        if task_id not in self._roots:
            with suppress(NotFound):
                self._roots[task_id] = (await self.task(task_id))["root_id"] or task_id
        return self._roots.get(task_id, task_id)

    async def _call(self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None) -> Any:
        return await _in_thread(lambda: self._api.call(method, path, body, query=query))

    async def _pages(self, path: str) -> list[Any]:
        return await _in_thread(lambda: self._api.pages(path))


async def _in_thread(work: Callable[[], T]) -> T:
    return await asyncio.to_thread(work)
