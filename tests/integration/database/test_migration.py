"""Bringing a database to today's schema."""

from __future__ import annotations

import hashlib
import secrets
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from procrastinate.schema import SchemaManager
from psycopg.conninfo import conninfo_to_dict

from greatwheel.core.errors import BadInput, DatabaseError, DatabaseUnavailable
from greatwheel.core.ids import OrgId
from greatwheel.database.database import Database
from greatwheel.database.embedded import EmbeddedServer
from greatwheel.database.migration import migrate, revisions

MIGRATED_QUEUE = "c70ec4b400a60ad9592787653aae5ae77ae41bf801d56b5bd2712751a07f2009"


@pytest.fixture
def empty(postgres_server: EmbeddedServer) -> Iterator[str]:
    """The URL of a database without a schema."""
    yield from _database(postgres_server, "postgres")


def _database(server: EmbeddedServer, owner: str) -> Iterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute(f"create database {name} owner {owner}")
        try:
            yield server.url(name, user=owner)
        finally:
            admin.execute(f"drop database {name} with (force)")


def test_a_migration_is_carried_out_once(empty: str) -> None:
    """The first call carries everything out, the second nothing."""
    assert migrate(empty) == list(revisions())
    assert migrate(empty) == []


def test_processes_that_migrate_at_once_wait_for_each_other(empty: str) -> None:
    """Of two processes that start together one migrates and the other waits; both succeed."""
    script = f"from greatwheel.database.migration import migrate; print(len(migrate({empty!r})))"
    processes = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(int(process.communicate(timeout=60)[0]) for process in processes)
    assert [process.returncode for process in processes] == [0, 0]
    assert said == [0, len(revisions())]


def test_databases_of_one_cluster_can_be_migrated_at_once(postgres_server: EmbeddedServer) -> None:
    """The roles, which all databases share, can be made by several migrations at a time."""
    databases = [_database(postgres_server, "postgres") for _ in range(3)]
    urls = [next(each) for each in databases]
    with ThreadPoolExecutor(3) as threads:
        assert [len(done) for done in threads.map(migrate, urls)] == [len(revisions())] * 3
    for each in databases:
        assert next(each, None) is None


def test_a_migration_that_fails_leaves_nothing(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a file fails nothing of the migration is kept, the error is one line, and a later one succeeds."""
    with monkeypatch.context() as patched:
        broken = {**revisions(), "9999": ("broken", "select no_such_column")}
        patched.setattr("greatwheel.database.migration.revisions", lambda: broken)
        with pytest.raises(DatabaseError, match="no_such_column") as refused:
            migrate(empty)
    assert len(str(refused.value).splitlines()) == 1
    with psycopg.connect(empty) as conn:
        assert conn.execute(
            "select count(*) from pg_class where relname in ('orgs', 'alembic_version')"
        ).fetchone() == (0,)
    assert migrate(empty) == list(revisions())


def test_a_schema_that_is_too_new_is_refused(database_url: str) -> None:
    """An older Greatwheel leaves a newer one's database alone, and says what to do."""
    with psycopg.connect(database_url) as conn:
        conn.execute("update alembic_version set version_num = '9998'")
    with pytest.raises(DatabaseError, match=r"revision 9998, newer than this.*upgrade Greatwheel"):
        migrate(database_url)


@pytest.mark.usefixtures("database_url")
async def test_a_login_role_without_power_can_run_everything(postgres_server: EmbeddedServer, tmp_path: Path) -> None:
    """A given database needs no superuser: its owner, with the two roles, migrates it and runs the product."""
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as admin:
        owner = f"login_{secrets.token_hex(4)}"
        admin.execute(f"create role {owner} login nosuperuser")
        admin.execute(f"grant greatwheel_owner, greatwheel_app to {owner}")
        for url in _database(postgres_server, owner):
            database = await Database.open(url, folder=tmp_path)
            async with database.org(OrgId("org_a")) as conn:
                await conn.execute("insert into orgs (org_id, name) values ('org_a', 'a')")
                await conn.execute("reset role")
                row = await (await conn.execute("select current_user as me, session_user as login")).fetchone()
            assert row == {"me": "greatwheel_app", "login": owner}
            await database.close()
        admin.execute(f"drop role {owner}")


async def test_a_login_role_that_is_only_the_application_has_no_way_out(
    postgres_server: EmbeddedServer, database_url: str, tmp_path: Path
) -> None:
    """On a migrated database a login role with the application's rights alone is enough, and row-level security holds.

    Also after it has left the application's role, which any login may.
    """
    name = str(conninfo_to_dict(database_url)["dbname"])
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as admin:
        admin.execute(f"create role {(login := f'login_{secrets.token_hex(4)}')} login nosuperuser")
        admin.execute(f"grant greatwheel_app to {login}")
        database = await Database.open(postgres_server.url(name, user=login), folder=tmp_path)
        async with database.org(OrgId("org_a")) as conn:
            await conn.execute("insert into orgs (org_id, name) values ('org_a', 'a')")
        async with database.org(OrgId("org_b")) as conn:
            await conn.execute("set role none")
            row = await (await conn.execute("select current_user as me, count(*) as seen from orgs")).fetchone()
            assert row == {"me": login, "seen": 0}
        with pytest.raises(DatabaseError, match="permission denied"):
            async with database.org(OrgId("org_b")) as conn:
                await conn.execute("set role greatwheel_owner")
        await database.close()
        admin.execute(f"drop role {login}")


@pytest.mark.usefixtures("database_url")
def test_a_login_role_that_may_too_little_is_told(postgres_server: EmbeddedServer) -> None:
    """A role that can't get the product's roles gets one line that says where to read on."""
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as admin:
        admin.execute(f"create role {(owner := f'login_{secrets.token_hex(4)}')} login nosuperuser")
        for url in _database(postgres_server, owner):
            with pytest.raises(DatabaseError, match=r"permission denied.*docs/database\.md"):
                migrate(url)
        admin.execute(f"drop role {owner}")


@pytest.mark.parametrize("url", ["nonsense:s3cret", "postgresql://u:s3cret@[bad"])
def test_a_url_that_is_none_is_not_repeated(url: str) -> None:
    """What can't be a URL may hold a password: the error does not show it."""
    with pytest.raises(BadInput) as refused:
        migrate(url)
    assert "s3cret" not in str(refused.value)


async def test_no_postgres_is_one_clear_line(tmp_path: Path) -> None:
    """When nothing answers the error is one line with the place and without the password."""
    with pytest.raises(DatabaseUnavailable) as refused:
        await Database.open("postgresql://me:s3cret@127.0.0.1:1/db", folder=tmp_path)
    assert len(str(refused.value).splitlines()) == 1
    assert "127.0.0.1" in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_the_queue_has_the_schema_that_was_migrated() -> None:
    """Procrastinate's schema is the one that installations have: a newer one needs a migration of its own first."""
    assert hashlib.sha256(SchemaManager.get_schema().encode()).hexdigest() == MIGRATED_QUEUE
