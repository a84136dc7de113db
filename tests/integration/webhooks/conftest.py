"""Webhooks on a real Postgres, with real receivers on loopback and a worker's errands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from greatwheel.channels.http.app import create_app
from greatwheel.channels.webhooks.courier import Courier
from greatwheel.channels.webhooks.deliverer import Deliverer, DelivererSettings
from greatwheel.channels.webhooks.sending import WebhookSender
from greatwheel.core.clock import SystemClock
from greatwheel.database.database import Database
from greatwheel.scheduler.retrying import Retrying
from greatwheel.tools.addresses import parse_network

from ..http.conftest import Caller, House, parts_of
from .receiver import Receiver, receiving

LOOPBACK = parse_network("127.0.0.0/8")
QUICK = DelivererSettings(retrying=Retrying(max_attempts=3, base_seconds=0.02, cap_seconds=0.1), lease_seconds=5.0)


class MovedClock(SystemClock):
    """The machine's clock, put ahead."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        """See `Clock`."""
        return super().now() + self.ahead


@pytest.fixture
def clock() -> MovedClock:
    """The server's clock."""
    return MovedClock()


@pytest.fixture
async def house(database: Database, tmp_path: Path, clock: MovedClock) -> AsyncIterator[House]:
    """An installation that may deliver to loopback."""
    parts = parts_of(database, tmp_path)
    app = create_app(parts, clock=clock, networks=[LOOPBACK])
    house = House(app=app, parts=parts)
    async with app.router.lifespan_context(app):
        yield house
    for client in house.clients:
        await client.aclose()


@pytest.fixture
async def admin(house: House) -> Caller:
    """The admin of an organisation with the agent `worker`."""
    return await house.organisation("acme")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who takes deliveries."""
    with receiving() as receiver:
        yield receiver


@asynccontextmanager
async def delivering(house: House, settings: DelivererSettings = QUICK, seconds: float = 2.0) -> AsyncIterator[None]:
    """A worker's errands, for as long as the block lasts."""
    sender = WebhookSender(house.parts.sealer, SystemClock(), seconds=seconds, networks=[LOOPBACK])
    deliverer = Deliverer(house.parts.database, {"webhook": sender}, SystemClock(), settings)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(Courier(house.parts.database, [deliverer], tick_seconds=0.05).run(stop))
        try:
            yield
        finally:
            stop.set()


async def until(look: Callable[[], Awaitable[Any]], seconds: float = 10.0) -> Any:
    """What `look` gives, once that is something."""
    async with asyncio.timeout(seconds):
        while not (found := await look()):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.02)
    return found
