"""Whether the server can do its work: each thing that it depends on, with its state."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Literal, TypeAlias

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from greatwheel.channels.http.statements import SQL
from greatwheel.core.clock import Clock
from greatwheel.core.errors import GreatwheelError
from greatwheel.database.database import Database
from greatwheel.llm.choice import resolve_model
from greatwheel.llm.servers import EmbeddedServer

Probe: TypeAlias = Callable[[], Awaitable[str]]
"""Looks after something; a word or two about it, or an error of ours when it is not there."""
State: TypeAlias = Literal["ok", "failing"]

SILENT_SECONDS = 30.0
"""A worker not heard of for so long is none."""
REMEMBERED_SECONDS = 15.0
"""For so long a probe's answer counts: whoever asks for the health can't keep the model server busy."""
LONGEST_PROBE = 10.0


class Dependency(BaseModel):
    """One thing that the server depends on."""

    state: State
    detail: str


class Health(BaseModel):
    """`ok`: everything is there. `degraded`: tasks are taken, but wait. `failing`: nothing works."""

    status: Literal["ok", "degraded", "failing"]
    dependencies: Mapping[str, Dependency]


class HealthDesk:
    """Knows the probes and what they last said."""

    def __init__(self, database: Database, model: Probe | None, clock: Clock) -> None:
        self._probes: dict[str, Probe] = {
            "database": lambda: _look(database),
            "worker": lambda: _heartbeat(database),
        }
        if model is not None:
            self._probes["model"] = model
        self._clock = clock
        self._last: Health | None = None
        self._until = 0.0
        self._asking = asyncio.Lock()

    async def ask(self) -> Health:
        """How things stand, or stood a moment ago."""
        async with self._asking:
            if self._last is None or self._clock.monotonic() >= self._until:
                self._last = await self._ask()
                remembered = REMEMBERED_SECONDS if self._last.status == "ok" else 1.0
                self._until = self._clock.monotonic() + remembered
            return self._last

    async def _ask(self) -> Health:
        told = await asyncio.gather(*[_told(probe) for probe in self._probes.values()])
        dependencies = dict(zip(self._probes, told, strict=True))
        if dependencies["database"].state != "ok":
            return Health(status="failing", dependencies=dependencies)
        well = all(each.state == "ok" for each in told)
        return Health(status="ok" if well else "degraded", dependencies=dependencies)


def model_probe(spec: str | None, environment: Mapping[str, str]) -> Probe:
    """Whether the model that agents use by default is there."""

    async def probe() -> str:
        choice = await resolve_model(spec, environment=environment)
        return choice.server.name if isinstance(choice.server, EmbeddedServer) else choice.server.model

    return probe


router = APIRouter(tags=["health"])


@router.get("/health", responses={HTTPStatus.SERVICE_UNAVAILABLE: {"model": Health}})
async def health(request: Request, response: Response) -> Health:
    """How the server is; 503 when its database is not there. Needs no key."""
    desk: HealthDesk = request.app.state.health
    told = await desk.ask()
    if told.status == "failing":
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return told


async def _told(probe: Probe) -> Dependency:
    try:
        async with asyncio.timeout(LONGEST_PROBE):
            return Dependency(state="ok", detail=await probe())
    except TimeoutError:
        return Dependency(state="failing", detail="no answer in time")
    except GreatwheelError as error:
        # Whoever asks has shown no key: what is told is the kind of the fault, never its place.
        return Dependency(state="failing", detail=error.code)


async def _look(database: Database) -> str:
    async with database.system() as conn:
        await conn.execute("select 1")
    return "answers"


async def _heartbeat(database: Database) -> str:
    async with database.system() as conn:
        row = await (await conn.execute(SQL["workers"])).fetchone()
    if row is None or row["age"] is None or row["age"] > SILENT_SECONDS:
        raise _NoWorker
    return "heard of"


class _NoWorker(GreatwheelError):
    """No worker was heard of lately."""

    code = "worker.silent"
