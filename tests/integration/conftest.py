"""Fixtures for tests against a real Postgres."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from greatwheel.core.ids import OrgId, new_id
from greatwheel.database.database import Database
from greatwheel.database.embedded import EmbeddedServer

from .postgres import fresh_database, shared_server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedServer]:
    """A Postgres that all tests share."""
    with shared_server() as server:
        yield server


@pytest.fixture
def database_url(postgres_server: EmbeddedServer) -> Iterator[str]:
    """The URL of a migrated, empty database of the test's own, as the superuser; for processes under test."""
    with fresh_database(postgres_server) as url:
        yield url


@pytest.fixture
async def database(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """A migrated, empty database of the test's own, as the product opens it."""
    database = await Database.open(database_url, folder=tmp_path)
    yield database
    await database.close()


@pytest.fixture
async def org_id(database: Database) -> OrgId:
    """An organisation in that database."""
    org_id = OrgId(new_id("org"))
    async with database.org(org_id) as conn:
        await conn.execute("insert into orgs (org_id, name) values (%s, %s)", (org_id, org_id))
    return org_id
