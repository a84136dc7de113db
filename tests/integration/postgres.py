"""A real Postgres for tests: one server for all of them, a fresh database for each, cloned from a migrated one.

The server belongs to the checkout, so that test runs at the same time share it; the last one to end stops it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from greatwheel.database import embedded
from greatwheel.database.embedded import EmbeddedServer
from greatwheel.database.migration import migrate, revisions

UNSAFE_BUT_FAST = {"max_connections": "400", "fsync": "off", "full_page_writes": "off"}
"""A test that ends a server's life by force starts its own, as users have it."""


@contextmanager
def shared_server() -> Iterator[EmbeddedServer]:
    """The checkout's server; stopped and removed when nobody uses it any more."""
    mark = hashlib.sha256(f"{Path(__file__).resolve()}-{os.geteuid()}".encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"greatwheel-tests-{mark}"
    with folder.with_suffix(".users").open("a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        folder.mkdir(exist_ok=True)
        try:
            yield embedded.start(folder / "postgres", settings=UNSAFE_BUT_FAST)
        finally:
            _leave(folder, users.fileno())


def _leave(folder: Path, users: int) -> None:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # somebody else still uses it
    embedded.stop(folder / "postgres")
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fresh_database(server: EmbeddedServer) -> Iterator[str]:
    """The URL of a migrated database that nobody else uses; gone at the end."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        template = migrated_template(server, admin)
        admin.execute(f"create database {name} template {template}")
        try:
            yield server.url(name)
        finally:
            admin.execute(f"drop database {name} with (force)")


def migrated_template(server: EmbeddedServer, admin: psycopg.Connection) -> str:
    """The name of a database with today's schema: one for each state of the migrations."""
    texts = repr(sorted(revisions().items())) + roles()
    name = f"template_{hashlib.sha256(texts.encode()).hexdigest()[:16]}"
    found = "select from pg_database where datname = %s"
    if admin.execute(found, (name,)).fetchone() is None:
        admin.execute("select pg_advisory_lock(1)")
        try:
            if admin.execute(found, (name,)).fetchone() is None:
                _make_template(server, admin, name)
        finally:
            admin.execute("select pg_advisory_unlock(1)")
    return name


def _make_template(server: EmbeddedServer, admin: psycopg.Connection, name: str) -> None:
    draft = f"draft_{secrets.token_hex(6)}"
    admin.execute(f"create database {draft}")
    migrate(server.url(draft))
    admin.execute(f"alter database {draft} rename to {name}")


def roles() -> str:
    """The text of the roles' file, which counts as part of the schema."""
    from greatwheel.database import migrations

    return (Path(migrations.__file__).parent / "roles.sql").read_text(encoding="utf-8")
