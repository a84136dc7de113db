"""The database as adapters use it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from greatwheel.core.errors import BadInput, Conflict, DatabaseError, DatabaseUnavailable, GreatwheelError
from greatwheel.core.ids import OrgId
from greatwheel.database.database import Database, PoolSize


async def test_an_organisation_sees_its_own_rows_alone(database: Database, org_id: OrgId) -> None:
    """A transaction shows the rows of the organisation that it was opened for, and no other's."""
    async with database.org(org_id) as conn:
        assert await (await conn.execute("select org_id from orgs")).fetchall() == [{"org_id": org_id}]
    async with database.org(OrgId("org_other")) as conn:
        assert await (await conn.execute("select org_id from orgs")).fetchall() == []
    async with database.system() as conn:
        assert await (await conn.execute("select org_id from orgs")).fetchall() == []


async def test_a_block_that_raises_keeps_nothing(database: Database, org_id: OrgId) -> None:
    """An exception rolls back what the block wrote, and leaves the block as it is."""
    with pytest.raises(ZeroDivisionError):
        await change(database, org_id, then=lambda: 1 // 0)
    assert await concurrency(database, org_id) == 4


async def test_a_block_that_swallows_an_error_is_told(database: Database, org_id: OrgId) -> None:
    """A statement's failure that the block hides is an error at its end: Postgres keeps nothing of such a block."""
    with pytest.raises(DatabaseError, match="nothing of it was kept"):
        await change_and_hide_an_error(database, org_id)
    assert await concurrency(database, org_id) == 4


async def test_a_block_that_is_cancelled_keeps_nothing_and_gives_its_connection_back(
    database: Database, org_id: OrgId
) -> None:
    """A cancelled block is rolled back, in Postgres too, and its connection can be used again."""

    async def sleep() -> None:
        async with database.org(org_id) as conn:
            await conn.execute("update orgs set concurrency = 9")
            await conn.execute("select pg_sleep(60)")

    for _ in range(12):  # more than the pool has
        task = asyncio.create_task(sleep())
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await concurrency(database, org_id) == 4


async def test_who_stops_in_a_transaction_keeps_no_locks(database: Database, org_id: OrgId) -> None:
    """Postgres ends a transaction whose client does nothing for long; the client is told, and the next block works."""
    async with database.org(org_id) as conn:
        limit = await (await conn.execute("show idle_in_transaction_session_timeout")).fetchone()
    assert limit == {"idle_in_transaction_session_timeout": "15s"}

    async def stop_and_go_on() -> None:
        async with database.org(org_id) as conn:
            await conn.execute("set local idle_in_transaction_session_timeout = '50ms'")
            await conn.execute("select from orgs for update")
            await asyncio.sleep(0.3)
            await conn.execute("select 1")

    with pytest.raises(DatabaseUnavailable):
        await stop_and_go_on()
    async with database.org(org_id) as conn:
        await conn.execute("select from orgs for update nowait")


async def test_a_part_of_a_block_can_be_tried(database: Database, org_id: OrgId) -> None:
    """A transaction within the block is a savepoint: its failure leaves the rest of the block as it was."""
    async with database.org(org_id) as conn:
        await conn.execute("update orgs set concurrency = 9")
        with suppress(psycopg.Error):
            async with conn.transaction():
                await conn.execute("select 1 / 0")
    assert await concurrency(database, org_id) == 9


@pytest.mark.parametrize(
    ("statement", "error", "said"),
    [
        ("insert into orgs (org_id, name) values ('', 'x')", Conflict, "exists already"),
        ("update orgs set concurrency = 0", BadInput, "at least 1"),
        ("select 1 from no_such_table", DatabaseError, "no_such_table"),
        ("select 'x'::integer", BadInput, "invalid input syntax"),
        ("insert into users (org_id, user_id, name) values ('', 'u', null)", BadInput, "name"),
    ],
)
async def test_refusals_of_postgres_are_errors_of_ours(
    database: Database, org_id: OrgId, statement: str, error: type[GreatwheelError], said: str
) -> None:
    """Each kind of refusal leaves the block as a typed error of one line, with the cause kept."""
    with pytest.raises(error, match=said) as refused:
        async with database.org(org_id) as conn:
            await conn.execute(statement.replace("''", f"'{org_id}'"))
    assert len(str(refused.value).splitlines()) == 1
    assert isinstance(refused.value.__cause__, psycopg.Error)


async def test_a_full_pool_is_an_error_in_time(database_url: str, tmp_path: Path) -> None:
    """Who waits too long for a connection gets DatabaseUnavailable."""
    size = PoolSize(least=1, most=1, wait_seconds=0.2)
    database = await Database.open(database_url, folder=tmp_path, size=size)
    async with database.system():
        with pytest.raises(DatabaseUnavailable):
            async with database.system():
                pass
    await database.close()


async def change(database: Database, org_id: OrgId, then: Callable[[], object]) -> None:
    """A block that writes, and then does something."""
    async with database.org(org_id) as conn:
        await conn.execute("update orgs set concurrency = 9")
        then()


async def change_and_hide_an_error(database: Database, org_id: OrgId) -> None:
    """A block that writes, and goes on after a statement that failed."""
    async with database.org(org_id) as conn:
        await conn.execute("update orgs set concurrency = 9")
        with suppress(psycopg.Error):
            await conn.execute("select 1 / 0")


async def concurrency(database: Database, org_id: OrgId) -> int:
    """What is committed."""
    async with database.org(org_id) as conn:
        row = await (await conn.execute("select concurrency from orgs")).fetchone()
    assert row is not None
    return int(row["concurrency"])
