"""Checks of the database: it answers, its schema is ours, its role sees one tenant at a time, its clock is right."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from greatwheel.core.errors import GreatwheelError
from greatwheel.database import embedded
from greatwheel.database.errors import translated
from greatwheel.database.migration import APPLICATION, OWNER, missing
from greatwheel.server.checkup.finding import Finding, fail, ok, refused, warn
from greatwheel.server.settings import Settings

_SKEW_WARNS = 1.0
_SKEW_FAILS = 30.0
_ROLE = """
select r.rolsuper or r.rolbypassrls or pg_has_role(r.rolname, %(owner)s, 'member') as too_much
from pg_roles r where r.rolname = %(app)s
"""


async def database(settings: Settings) -> Sequence[Finding]:
    """The database of the settings; an embedded one is started for as long as the check takes."""
    return await asyncio.to_thread(_examined, settings)


def _examined(settings: Settings) -> Sequence[Finding]:
    url = settings.database.url
    try:
        if url:
            return _findings(url, "the Postgres of DATABASE_URL answers", "Run `greatwheel migrate`.")
        data = settings.data_folder / "postgres"
        if not data.exists():
            return _first_start()
        runs = embedded.is_running(data)
        with _running(data, stop=not runs) as server:
            told = f"the embedded Postgres in {data} {'runs' if runs else 'starts'}"
            return _findings(server.url(), told, "The next start does it.")
    except GreatwheelError as error:
        remedy = "Start it, or correct DATABASE_URL; without, an embedded Postgres is used." if url else ""
        return [refused("database", error, remedy)]


def _first_start() -> Sequence[Finding]:
    """Whether the embedded server could start: tried in a folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="greatwheel-doctor-"))
    try:
        with _running(folder / "postgres", stop=True):
            return [ok("database", "the embedded Postgres can start; it has no data yet")]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(data: Path, *, stop: bool) -> Iterator[embedded.EmbeddedServer]:
    server = embedded.start(data)
    try:
        yield server
    finally:
        if stop:
            embedded.stop(data)


def _findings(url: str, told: str, remedy: str) -> Sequence[Finding]:
    lacking = missing(url)
    found = [ok("database", told)]
    if lacking:
        found.append(warn("schema", f"{len(lacking)} migrations are to be carried out", remedy))
    else:
        found.append(ok("schema", "up to date"))
    with translated(), psycopg.connect(url, autocommit=True, connect_timeout=15) as conn:
        found.extend(_role(conn))
        found.append(_clock(conn))
    return found


def _role(conn: psycopg.Connection) -> Sequence[Finding]:
    row = conn.execute(_ROLE, {"owner": OWNER, "app": APPLICATION}).fetchone()
    if row is None:
        return []  # the first migration makes it
    if row[0]:
        remedy = f"Take SUPERUSER, BYPASSRLS and its membership of {OWNER} from it."
        return [fail("database role", f"{APPLICATION} could see every organisation's rows", remedy)]
    return [ok("database role", f"{APPLICATION} is bound by row-level security")]


def _clock(conn: psycopg.Connection) -> Finding:
    before = time.time()
    row = conn.execute("select extract(epoch from clock_timestamp())::float8").fetchone()
    skew = (row[0] if row else before) - (before + time.time()) / 2
    told = f"{abs(skew):.2f} s {'ahead of' if skew > 0 else 'behind'} this machine's" if abs(skew) > 0.05 else "agrees"
    if abs(skew) < _SKEW_WARNS:
        return ok("database clock", told)
    return (warn if abs(skew) < _SKEW_FAILS else fail)("database clock", told, "Set both clocks by NTP.")
