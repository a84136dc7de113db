"""Organisations in one database, at the level of SQL."""

from __future__ import annotations

import psycopg
import pytest

from greatwheel.core.errors import DatabaseError
from greatwheel.core.ids import OrgId
from greatwheel.database.connection import OrgConnection
from greatwheel.database.database import Database

from .rows import ROWS, insert

A, B = OrgId("org_a"), OrgId("org_b")


async def fill(database: Database, org_id: OrgId) -> None:
    """A row of the organisation in every table."""
    async with database.org(org_id) as conn:
        for table in ROWS:
            await insert(conn, table, org_id)


async def count(conn: OrgConnection, table: str) -> int:
    """How many rows the transaction sees."""
    row = await (await conn.execute(f"select count(*) as n from {table}")).fetchone()
    assert row is not None
    return int(row["n"])


async def test_the_rows_cover_every_table_of_a_tenant(database: Database, database_url: str) -> None:
    """Each table with an org_id has a row in this test's list, so that a new one can't be forgotten."""
    with psycopg.connect(database_url) as conn:
        tables = conn.execute(
            "select table_name from information_schema.columns where column_name = 'org_id' and table_schema = 'public'"
        ).fetchall()
    assert {name for (name,) in tables} == set(ROWS)


async def test_no_organisation_sees_or_changes_anothers_rows(database: Database) -> None:
    """Of each table the other organisation, and nobody, sees no row, changes none and deletes none."""
    await fill(database, A)
    for table in reversed(ROWS):
        async with database.org(B) as conn:
            assert await count(conn, table) == 0, table
            updated = await conn.execute(f"update {table} set org_id = org_id")
            deleted = await conn.execute(f"delete from {table}")
            assert (updated.rowcount, deleted.rowcount) == (0, 0), table
        async with database.system() as conn:
            assert await count(conn, table) == 0, table
        async with database.org(A) as conn:
            assert await count(conn, table) == 1, table


@pytest.mark.parametrize("table", list(ROWS))
async def test_no_row_can_be_put_into_another_organisation(database: Database, table: str) -> None:
    """A row with another organisation's id is refused, when inserted and when moved there."""
    await fill(database, A)
    await fill(database, B)
    with pytest.raises(DatabaseError, match="row-level security"):
        async with database.org(A) as conn:
            await conn.execute(f"update {table} set org_id = %s", (B,))
    with pytest.raises(DatabaseError, match="row-level security"):
        async with database.org(A) as conn:
            await insert(conn, table, OrgId("org_c"))


async def test_an_organisation_does_not_stay_on_a_connection(database: Database) -> None:
    """The next transaction on the same connection knows nothing of the organisation before it."""
    await fill(database, A)
    async with database.org(A) as conn:
        first = conn.info.backend_pid
    async with database.system() as conn:
        assert conn.info.backend_pid == first
        assert await count(conn, "orgs") == 0


async def test_organisations_with_hostile_names_are_only_names(database: Database) -> None:
    """An id with quotes, backslashes and statements in it is a text like any other."""
    for hostile in ("a'); drop table orgs; --", "\\'; select 1", "'' or true --", "%s %(x)s {}"):
        await fill(database, OrgId(hostile))
        async with database.org(OrgId(hostile)) as conn:
            assert await count(conn, "orgs") == 1
