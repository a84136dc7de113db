"""One web socket of somebody who is known.

1. What the client says is carried out one after the other; what answers it has its `ref`.
2. Events of a task come in their order, each once; those of several tasks are mixed.
3. Nothing is put by for a client: who tells a task's events reads on when the last one is sent.
4. What can't be done is an `error`, and the connection goes on. It ends with the key that it began with.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import assert_never

import anyio
from anyio import CancelScope

from greatwheel.channels.http import ordering
from greatwheel.channels.http.visits import Visit
from greatwheel.channels.questions import answer_question
from greatwheel.channels.websocket.line import Line
from greatwheel.channels.websocket.messages import (
    Cancel,
    GiveAnswer,
    Hello,
    Incoming,
    InvalidMessage,
    Ping,
    Place,
    Submit,
    Unwatch,
    Watch,
    read,
)
from greatwheel.channels.websocket.watches import Watches
from greatwheel.core.errors import BadInput, GreatwheelError, KeyRefused
from greatwheel.database.connection import OrgConnection
from greatwheel.tenancy.principal import Principal

LOG = logging.getLogger("greatwheel.websocket")
PROVE_SECONDS = 30.0
"""The key is looked at again so often."""

Prove = Callable[[], Awaitable[Principal]]
"""Who the client is, by the key that it began with. Raises KeyRefused."""


class Connection:
    """See the module for the contract."""

    def __init__(self, line: Line, visit: Visit, prove: Prove) -> None:
        self._line = line
        self._visit = visit
        self._prove = prove
        self._watches: Watches

    async def run(self, hello: Hello | None = None) -> None:
        """Serve the client until it leaves, or its key ends: then the line's scope is cancelled. `hello` was said."""
        principal = self._visit.principal
        facts = {"org_id": principal.org_id, "user_id": principal.user_id, "role": principal.role}
        await self._line.say("ready", hello.ref if hello else None, **facts)
        async with anyio.create_task_group() as group:
            self._watches = Watches(self._line, self._visit, group)
            group.start_soon(self._prove_again)
            if hello is not None:
                await self._resume(hello.resume)
            while True:
                await self._next()

    async def _next(self) -> None:
        """Carry out what the client says next."""
        ref = None
        try:
            message = await read(await self._line.hear())
            ref = message.ref
            await self._obey(message)
        except InvalidMessage as error:
            await self._line.refuse(error, error.ref)
        except GreatwheelError as error:
            await self._line.refuse(error, ref)
        except Exception:
            LOG.exception("a message could not be carried out")
            await self._line.refuse(GreatwheelError(), ref)

    async def _obey(self, message: Incoming) -> None:
        match message:
            case Hello():
                await self._hello(message)
            case Submit():
                await self._submit(message)
            case Watch():
                await self._see(message)
                self._watches.require_room(message.task_id)
                await self._line.say("ok", message.ref, task_id=message.task_id)
                self._watches.begin(message.task_id, message.after)
            case Unwatch():
                self._watches.end(message.task_id)
                await self._line.say("ok", message.ref, task_id=message.task_id)
            case GiveAnswer():
                await self._answer(message)
            case Cancel():
                await self._cancel(message)
            case Ping():
                await self._line.say("pong", message.ref)
            case _:
                assert_never(message)

    async def _hello(self, message: Hello) -> None:
        if message.key is not None:
            raise BadInput("Who you are is known already; another key needs another connection.")
        await self._line.say("ok", message.ref)
        await self._resume(message.resume)

    async def _resume(self, places: Sequence[Place]) -> None:
        for place in places:
            try:
                await self._see(place)
                self._watches.begin(place.task_id, place.after)
            except GreatwheelError as error:
                await self._line.refuse(error, task_id=place.task_id)

    async def _see(self, place: Place | GiveAnswer | Cancel) -> None:
        """Go on if the client may see the task. Raises NotFound."""
        async with self._org() as conn:
            await self._visit.task(conn, place.task_id)

    async def _submit(self, message: Submit) -> None:
        if message.watch:
            self._watches.require_room()
        with CancelScope(shield=True):
            task = await ordering.submit(self._visit, message, message.input, message.idempotency_key)
        await self._line.say("submitted", message.ref, task_id=task.task_id, session_id=task.session_id)
        if message.watch:
            self._watches.begin(task.task_id, 0)

    async def _answer(self, message: GiveAnswer) -> None:
        await self._see(message)
        visit = self._visit
        async with self._org() as conn:
            question = await answer_question(
                conn, visit.org_id, visit.parts.tasks, message.task_id, message.answer, call=message.call
            )
        await self._line.say("ok", message.ref, task_id=message.task_id, call=question.call)

    async def _cancel(self, message: Cancel) -> None:
        await self._see(message)
        async with self._org() as conn:
            await self._visit.parts.tasks.cancel(conn, message.task_id)
        await self._line.say("ok", message.ref, task_id=message.task_id)

    @asynccontextmanager
    async def _org(self) -> AsyncIterator[OrgConnection]:
        """A transaction of the client's organisation that is not cut off when the client leaves."""
        with CancelScope(shield=True):
            async with self._visit.org() as conn:
                yield conn

    async def _prove_again(self) -> None:
        """End the connection when its key has ended, or means somebody with another role."""
        while True:
            await anyio.sleep(PROVE_SECONDS)
            try:
                with CancelScope(shield=True):
                    principal = await self._prove()
                if principal.role != self._visit.principal.role:
                    raise KeyRefused("Your role was changed; connect again.")
            except KeyRefused as error:
                await self._line.part(error)
            except GreatwheelError as error:
                LOG.warning("a web socket's key could not be looked at: %s", error)
