"""The queue's connector: no job waits for a poll because it was told of at the wrong moment."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from procrastinate import App, PsycopgConnector

from greatwheel.scheduler.queue import QUEUE, QueueConnector

from .office import Office


async def test_a_job_that_comes_while_another_is_looked_for_is_found(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Procrastinate's worker forgets a notification that comes while it fetches; the connector does not."""
    heard = asyncio.Event()
    looks = 0
    look = PsycopgConnector.execute_query_one_async

    async def slow_look(self: PsycopgConnector, query: Any, **arguments: Any) -> dict[str, Any]:
        nonlocal looks
        looks += 1
        row = await look(self, query, **arguments)
        if looks == 1:
            assert row["id"] is None
            heard.clear()
            await office.submit()
            await heard.wait()
        return row

    async def on_notification(*, channel: str, notification: Any) -> None:
        heard.set()

    app = App(connector=QueueConnector(office.database, min_size=1, max_size=2))
    async with app.open_async():
        worker = await app.job_manager.register_worker()
        listening = asyncio.create_task(
            app.job_manager.listen_for_jobs(on_notification=on_notification, queues=[QUEUE])
        )
        await asyncio.wait_for(heard.wait(), 10)  # that it listens counts as news, too
        monkeypatch.setattr(PsycopgConnector, "execute_query_one_async", slow_look)
        job = await asyncio.wait_for(app.job_manager.fetch_job(queues=[QUEUE], worker_id=worker), 10)
        listening.cancel()
    assert job is not None
    assert looks == 2
