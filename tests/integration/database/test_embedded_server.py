"""The Postgres that comes with Greatwheel, its life and its end."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager
from pathlib import Path

import psycopg
import pytest

from greatwheel.core.errors import DatabaseError, DatabaseUnavailable
from greatwheel.core.ids import OrgId
from greatwheel.database import embedded
from greatwheel.database.database import Database, PoolSize
from greatwheel.database.migration import migrate

ORG = OrgId("org_a")


@contextmanager
def fresh_folder() -> Iterator[Path]:
    """A data folder that a server under another user can reach; its server is stopped at the end."""
    folder = Path(tempfile.mkdtemp(prefix="greatwheel-test-"))
    try:
        yield folder
    finally:
        embedded.stop(folder / "postgres")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder of the test's own."""
    with fresh_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def lasting() -> Iterator[Path]:
    """A data folder of several tests, whose server each may stop and start."""
    with fresh_folder() as folder:
        yield folder


def postmaster(folder: Path) -> int:
    """The process id of the server."""
    return int((folder / "postgres" / "postmaster.pid").read_text().split()[0])


async def add_org(database: Database) -> None:
    """A row that is committed."""
    async with database.org(ORG) as conn:
        await conn.execute("insert into orgs (org_id, name) values (%s, 'a') on conflict do nothing", (ORG,))


async def work_while_it_dies(database: Database, folder: Path) -> None:
    """A block during which the server is killed, leaving a lock file that names another program.

    Ends when all processes of the server have: one that has not noticed yet would begin another block.
    """
    async with database.system() as conn:
        told = await (await conn.execute("select pid from pg_stat_activity")).fetchall()
    try:
        async with database.org(ORG) as conn:
            os.kill(postmaster(folder), signal.SIGKILL)
            (folder / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\nstale\n")
            await conn.execute("select pg_sleep(20)")
    finally:
        await asyncio.to_thread(ended, [row["pid"] for row in told])


def ended(processes: Sequence[int]) -> None:
    """Return when none of them is there any more."""
    while any(Path(f"/proc/{process}").exists() for process in processes):
        time.sleep(0.02)


async def orgs(database: Database) -> int:
    """How many rows there are."""
    async with database.org(ORG) as conn:
        return len(await (await conn.execute("select 1 from orgs")).fetchall())


def test_processes_that_start_at_once_share_one_server(folder: Path) -> None:
    """Several processes that need a server at the same moment get the same one, and it outlives them."""
    script = (
        "import sys; from pathlib import Path; from greatwheel.database import embedded\n"
        "import psycopg; server = embedded.start(Path(sys.argv[1]) / 'postgres')\n"
        "print(psycopg.connect(server.url()).execute('select pg_postmaster_start_time()::text').fetchone()[0])"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = {process.communicate(timeout=60)[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(said) == 1
    with psycopg.connect(embedded.start(folder / "postgres").url()) as conn:
        settings = "current_setting('max_connections'), current_setting('synchronous_commit'), current_setting('fsync')"
        assert conn.execute(f"select {settings}").fetchone() == ("200", "on", "on")
        assert conn.execute("show listen_addresses").fetchone() == ("",)


async def test_the_pool_survives_the_servers_death(lasting: Path) -> None:
    """After SIGKILL of the server a block under way fails, the next one works, and what was committed is there."""
    database = await Database.open(folder=lasting, size=PoolSize(least=3, most=5))
    await add_org(database)
    with pytest.raises(DatabaseUnavailable):
        await work_while_it_dies(database, lasting)
    assert await asyncio.gather(*(orgs(database) for _ in range(8))) == [1] * 8
    await database.close()


async def test_the_pool_survives_a_restart(lasting: Path) -> None:
    """An ordered stop and start goes by without an error for blocks that begin after it."""
    database = await Database.open(folder=lasting, size=PoolSize(least=2))
    await add_org(database)
    assert embedded.stop(lasting / "postgres")
    embedded.start(lasting / "postgres")
    assert [await orgs(database) for _ in range(4)] == [1] * 4
    await database.close()


async def test_listening_goes_on_after_a_restart(lasting: Path) -> None:
    """A listener gets what is notified, is told when it may have missed something, and goes on after a restart."""
    database = await Database.open(folder=lasting)
    async with aclosing(database.listen("one", "two")) as notifications:
        assert (await anext(notifications)).missed
        async with database.system() as conn:
            await conn.execute("select pg_notify('two', 'hello')")
        heard = await anext(notifications)
        assert (heard.channel, heard.payload, heard.missed) == ("two", "hello", False)
        embedded.stop(lasting / "postgres")
        embedded.start(lasting / "postgres")
        async with asyncio.timeout(20):
            assert (await anext(notifications)).missed
        async with database.system() as conn:
            await conn.execute("select pg_notify('one', 'again')")
        assert (await anext(notifications)).payload == "again"
    await database.close()


def test_a_folder_with_a_long_name_has_its_socket_elsewhere(folder: Path) -> None:
    """A data folder whose path is too long for a Unix socket works, with a private folder for the socket."""
    data = folder / ("long" * 30) / "postgres"
    server = embedded.start(data)
    try:
        assert server.sockets != data
        assert server.sockets.stat().st_mode & 0o077 == 0
        with psycopg.connect(server.url()) as conn:
            assert conn.execute("select 1").fetchone() == (1,)
    finally:
        assert embedded.stop(data)
    assert not embedded.stop(data)


def test_a_server_that_can_not_start_says_why_in_one_line(folder: Path) -> None:
    """Postgres' own complaint is in the error, in one line."""
    embedded.start(folder / "postgres")
    embedded.stop(folder / "postgres")
    with (folder / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("shared_buffers = nonsense\n")
    with pytest.raises(
        DatabaseUnavailable, match=r"can't be started: configuration file .* contains errors"
    ) as refused:
        embedded.start(folder / "postgres")
    assert len(str(refused.value).splitlines()) == 1


def test_a_fresh_server_can_be_migrated_by_a_role_that_may_make_roles(folder: Path) -> None:
    """CREATEROLE and the ownership of the database are enough: the product's roles are made on the way."""
    server = embedded.start(folder / "postgres")
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute("create role login login createrole")
        admin.execute("create database given owner login")
    assert migrate(server.url("given", user="login"))
    with psycopg.connect(server.url("given", user="login"), options="-c role=greatwheel_app") as conn:
        assert conn.execute("select current_user").fetchone() == ("greatwheel_app",)


async def test_an_application_role_with_too_much_power_is_refused(folder: Path) -> None:
    """When somebody lets the application's role bypass row-level security, the migration refuses to go on."""
    server = embedded.start(folder / "postgres")
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute("create role greatwheel_app login bypassrls")
    with pytest.raises(DatabaseError, match="more rights than it may have"):
        await Database.open(folder=folder)
