"""A task's services and its journal: what the bridge needs to serve host calls durably."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, assert_never

from greatwheel.core.context import CallContext
from greatwheel.core.tasks import Task
from greatwheel.core.usage import Usage
from greatwheel.runtime.journal import CallRow, CallState, EventRow, Journal, digest_of, encoded, request_of
from greatwheel.runtime.ledger import Ledger
from greatwheel.runtime.services import (
    Effect,
    Read,
    Record,
    Service,
    ServiceCall,
    Services,
    Tell,
    Varying,
    Wait,
    Waiting,
)
from greatwheel.sandbox.port import HostCall
from greatwheel.sandbox.prelude import BINDERS

if TYPE_CHECKING:
    from greatwheel.database.connection import OrgConnection  # a run without a database needs no driver


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """What became of a call."""

    value: Any = None
    waits: bool = False
    """Somebody else gives the answer."""
    kept: bool = False
    """Its row stands in the journal already."""
    told: EventRow | None = None
    """What people are told by it, together with its row."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """Serves calls of one attempt at one task."""

    context: CallContext
    task: Task
    journal: Journal
    services: Services
    ledger: Ledger
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Calls of one pause that wait are begun one after the other, so that each divides what those before have left."""

    def find(self, name: str) -> Service | None:
        """The service behind a wire name."""
        return self.services.find(name)

    async def serve(self, number: int, step: int, call: HostCall, kwargs: dict[str, Any], service: Service) -> Served:
        """Serve a call, with what of its row must be written before or with it."""
        # The row has the call as the guest made it, by which a replay is compared; the service gets it bound to names.
        args = () if call.name in BINDERS else call.args
        asked = ServiceCall(
            context=self.context, task=self._told(), seq=number, name=call.name, args=args, kwargs=kwargs
        )
        match service:
            case Read():
                return Served(value=await service.handle(asked))
            case Tell():
                return Served(told=service.event(asked))
            case Effect():
                await self.journal.intend(row(number, step, call, state="started"))
                return Served(value=await service.handle(asked))
            case Record():
                value = await self.journal.record(
                    lambda result: row(number, step, call, answer=encoded(result)),
                    lambda connection: service.handle(connection, asked),
                )
                return Served(value=value, kept=True)
            case Wait():
                await self._wait(number, step, call, service, asked)
                return Served(waits=True)
            case Varying():
                return await self.serve(number, step, call, kwargs, await service.choose(asked))
            case _:
                assert_never(service)

    def _told(self) -> Task:
        """The task with what is used of its budget by now."""
        return replace(self.task, usage=asdict(self.ledger.spoken_for))

    async def _wait(self, number: int, step: int, call: HostCall, service: Wait, asked: ServiceCall) -> None:
        async def handle(connection: OrgConnection) -> Waiting:
            waiting = await service.handle(connection, replace(asked, task=self._told()))
            self.ledger.promise(waiting.tokens, waiting.model_calls)
            return waiting

        async with self._turn:
            await self.journal.wait(
                lambda waiting: row(number, step, call, state="waiting", expires_at=waiting.expires_at), handle
            )


def row(number: int, step: int, call: HostCall, *, state: CallState = "done", **rest: Any) -> CallRow:
    """A call's row of the journal."""
    return CallRow(
        seq=number,
        step=step,
        name=call.name,
        digest=digest_of(call.name, call.args, call.kwargs),
        state=state,
        request=request_of(call.args, call.kwargs),
        **rest,
    )


def finished_row(
    number: int, step: int, call: HostCall, result: Any, error: str | None, usage: Usage, seconds: float
) -> CallRow:
    """The row of a call that was served."""
    answer = encoded(result) if error is None else None
    state: CallState = "done" if error is None else "failed"
    return row(number, step, call, state=state, answer=answer, error=error, usage=usage, seconds=seconds)
