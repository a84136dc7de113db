"""A pool of connections that see one organisation at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from greatwheel.core.errors import DatabaseError, DatabaseUnavailable
from greatwheel.core.ids import OrgId
from greatwheel.database import embedded
from greatwheel.database.connection import OrgConnection
from greatwheel.database.errors import is_gone, translated
from greatwheel.database.migration import APPLICATION, migrate, parse_url

_Pool: TypeAlias = AsyncConnectionPool[AsyncConnection[DictRow]]

_BEGIN = sql.SQL("begin; select set_config('greatwheel.org', {}, true)")
"""Sent as one message: a transaction costs two round trips beyond its own statements."""
_CONNECT_SECONDS = 15
_IDLE = "-c idle_in_transaction_session_timeout=15s"
"""A process that stops in a transaction, or whose machine is gone, must not keep its locks: others wait for them."""
_RETRY_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolSize:
    """How many connections this process keeps."""

    least: int = 1
    most: int = 10
    wait_seconds: float = 15.0
    """How long a caller waits for a connection, and for Postgres to come back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Access:
    """How the application connects, and the data folder of its server when that is the embedded one."""

    url: str
    embedded: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Notification:
    """Something was notified on a channel."""

    channel: str
    payload: str
    missed: bool = False
    """The listening has only begun, or begun again: others may have been missed, so look for yourself."""


class Database:
    """What adapters get their connections from.

    1. A connection lives in one transaction: committed when the block ends, rolled back when it raises.
    2. `org` shows the rows of that organisation alone; `system` shows no tenant's row, and calls only functions of
       the owner. Both run as a role that can't do otherwise.
    3. Postgres' errors leave the block as errors of `core.errors`. Inside it they are psycopg's.
    4. After a restart of Postgres the next block works; a block under way fails with `DatabaseUnavailable`. An
       embedded server that has ended is started again.
    5. A block in which a statement failed, and that ends as if none had, raises `DatabaseError`: nothing was kept.
    """

    def __init__(self, pool: _Pool, access: _Access) -> None:
        self._pool = pool
        self._access = access

    @property
    def url(self) -> str:
        """How the application connects: no more than its role may do, whoever uses it."""
        return self._access.url

    @classmethod
    async def open(cls, url: str | None = None, *, folder: Path, size: PoolSize | None = None) -> Database:
        """Connect to the Postgres of that URL, or to the embedded one of the data folder, and migrate it if needed.

        Raises:
            BadInput: it is no URL of a Postgres.
            DatabaseUnavailable: it does not answer, or the embedded one can't be started.
            DatabaseError: it can't be migrated.
        """
        size = size or PoolSize()
        access = await asyncio.to_thread(_reach, url, folder)
        pool: _Pool = AsyncConnectionPool(
            access.url,
            min_size=size.least,
            max_size=size.most,
            timeout=size.wait_seconds,
            kwargs={"autocommit": True, "row_factory": dict_row},
            name="greatwheel",
            open=False,
        )
        try:
            with translated():
                await pool.open(wait=True, timeout=size.wait_seconds)
        except BaseException:
            await pool.close()
            raise
        return cls(pool, access)

    @asynccontextmanager
    async def org(self, org_id: OrgId) -> AsyncIterator[OrgConnection]:
        """A transaction of one organisation."""
        async with self._transaction(org_id) as conn:
            yield conn

    @asynccontextmanager
    async def system(self) -> AsyncIterator[AsyncConnection[DictRow]]:
        """A transaction of no organisation: it sees no tenant's rows, and may call the owner's functions."""
        async with self._transaction("") as conn:
            yield conn

    async def listen(self, *channels: str) -> AsyncIterator[Notification]:
        """What is notified on these channels, for ever; listens again after Postgres was away.

        The first notification, and the first after each new connection, is one of `missed`, with an empty payload.
        """
        failures = 0
        while True:
            try:
                async with await AsyncConnection.connect(self.url, autocommit=True) as conn:
                    for channel in channels:
                        await conn.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
                    failures = 0
                    yield Notification(channel=channels[0], payload="", missed=True)
                    async for notify in conn.notifies():
                        yield Notification(channel=notify.channel, payload=notify.payload)
            except psycopg.OperationalError:
                await asyncio.sleep(_RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)])
                failures += 1

    async def close(self) -> None:
        """Give all connections back; transactions under way fail."""
        await self._pool.close()

    @asynccontextmanager
    async def _transaction(self, org_id: str) -> AsyncIterator[AsyncConnection[DictRow]]:
        with translated():
            conn = await self._begun(org_id)
            try:
                yield conn
                await _commit(conn)
            except BaseException:
                with suppress(psycopg.Error):
                    await conn.rollback()
                raise
            finally:
                await self._pool.putconn(conn)

    async def _begun(self, org_id: str) -> AsyncConnection[DictRow]:
        """A connection in a transaction; those that died with an earlier Postgres are dropped on the way."""
        begin = _BEGIN.format(sql.Literal(org_id))
        for _ in range(self._pool.max_size + 1):
            conn = await self._connection()
            try:
                await conn.execute(begin)
            except psycopg.OperationalError as error:
                await self._pool.putconn(conn)
                if not is_gone(error):
                    raise
                await self._revive()
            except BaseException:
                await self._pool.putconn(conn)
                raise
            else:
                return conn
        raise DatabaseUnavailable

    async def _connection(self) -> AsyncConnection[DictRow]:
        try:
            return await self._pool.getconn()
        except PoolTimeout:
            if self._access.embedded is None:
                raise
            await self._revive()
            return await self._pool.getconn()

    async def _revive(self) -> None:
        """Start an embedded server that has ended; others come back by themselves."""
        if self._access.embedded is not None:
            await asyncio.to_thread(embedded.start, self._access.embedded)


async def _commit(conn: AsyncConnection[DictRow]) -> None:
    if conn.info.transaction_status is TransactionStatus.INERROR:
        # Postgres would answer the commit with a rollback and call it a success.
        raise DatabaseError("A statement of the transaction failed, so nothing of it was kept.")
    await conn.commit()


def _reach(url: str | None, folder: Path) -> _Access:
    """Start what is to be started, migrate, and see that the application can connect."""
    if url is None:
        server = embedded.start(folder / "postgres")
        migrate(server.url())
        access = _Access(url=make_conninfo(server.url(user=APPLICATION), options=_IDLE), embedded=server.data)
    else:
        access = _Access(url=_as_application(url))
        migrate(url)
    with translated():
        psycopg.connect(access.url, connect_timeout=_CONNECT_SECONDS).close()  # the pool would not say what is wrong
    return access


def _as_application(url: str) -> str:
    """The login role's connection that takes the application's role from its first moment, also after a RESET."""
    given = parse_url(url)
    options = f"{given.get('options') or ''} -c role={APPLICATION} {_IDLE}".strip()
    return make_conninfo(url, options=options)
