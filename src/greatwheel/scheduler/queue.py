"""Procrastinate on the database of the tasks: the connector that outlives a restart of Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, LiteralString, TypeVar

import psycopg
from procrastinate import PsycopgConnector
from procrastinate.connector import Notify
from procrastinate.exceptions import ConnectorException

T = TypeVar("T")

QUEUE = "tasks"
JOB = "run_task"
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0)
"""Seconds between tries while Postgres is away."""


class QueueConnector(PsycopgConnector):
    """Tries again while Postgres is away. A job that was fetched by a try whose answer was lost is found by its
    worker (`recovery`)."""

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        """See `BaseConnector`."""
        await _lasting(lambda: super(QueueConnector, self).execute_query_async(query, **arguments))

    async def execute_query_one_async(self, query: LiteralString, **arguments: Any) -> dict[str, Any]:
        """See `BaseConnector`."""
        return await _lasting(lambda: super(QueueConnector, self).execute_query_one_async(query, **arguments))

    async def execute_query_all_async(self, query: LiteralString, **arguments: Any) -> list[dict[str, Any]]:
        """See `BaseConnector`."""
        return await _lasting(lambda: super(QueueConnector, self).execute_query_all_async(query, **arguments))

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """Listen for ever; what is notified meanwhile is found by polling."""
        wanted = list(channels)
        while True:
            try:
                await super().listen_notify(on_notification, wanted)
            except ConnectorException:
                await asyncio.sleep(_PAUSES[-1] / 4)


async def _lasting(call: Callable[[], Awaitable[T]]) -> T:
    for pause in _PAUSES:
        try:
            return await call()
        except ConnectorException as error:
            if not isinstance(error.__cause__, psycopg.OperationalError):
                raise
            await asyncio.sleep(pause)
    return await call()
