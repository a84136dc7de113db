"""Procrastinate on the database of the tasks: the connector that outlives a restart of Postgres."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, LiteralString, TypeVar

import psycopg
from procrastinate import PsycopgConnector, sql
from procrastinate.connector import Notify
from procrastinate.exceptions import ConnectorException

from greatwheel.database.database import Database

T = TypeVar("T")

QUEUE = "tasks"
JOB = "run_task"
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0)
"""Seconds between tries while Postgres is away."""
_NEWS = json.dumps({"type": "job_inserted", "job_id": 0})


class QueueConnector(PsycopgConnector):
    """Tries again while Postgres is away, and hears of every job.

    A job that was fetched by a try whose answer was lost is found by its worker (`recovery`).
    """

    def __init__(self, database: Database, **pool: Any) -> None:
        super().__init__(conninfo=database.url, **pool)
        self._database = database
        self._heard = 0

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        """See `BaseConnector`."""
        await _lasting(lambda: super(QueueConnector, self).execute_query_async(query, **arguments))

    async def execute_query_one_async(self, query: LiteralString, **arguments: Any) -> dict[str, Any]:
        """See `BaseConnector`."""
        while True:
            heard = self._heard
            row: dict[str, Any] = await _lasting(
                lambda: super(QueueConnector, self).execute_query_one_async(query, **arguments)
            )
            # Procrastinate's worker forgets what it heard while it looked for a job; such a job would wait for a poll.
            if query != sql.queries["fetch_job"] or row["id"] is not None or heard == self._heard:
                return row

    async def execute_query_all_async(self, query: LiteralString, **arguments: Any) -> list[dict[str, Any]]:
        """See `BaseConnector`."""
        return await _lasting(lambda: super(QueueConnector, self).execute_query_all_async(query, **arguments))

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """Listen for ever. What could not be heard, before the first and between two connections, counts as a job."""
        async for told in self._database.listen(*channels):
            self._heard += 1
            await on_notification(channel=told.channel, payload=_NEWS if told.missed else told.payload)


async def _lasting(call: Callable[[], Awaitable[T]]) -> T:
    for pause in _PAUSES:
        try:
            return await call()
        except ConnectorException as error:
            if not isinstance(error.__cause__, psycopg.OperationalError):
                raise
            await asyncio.sleep(pause)
    return await call()
