"""Brings a database's schema to this version's: Alembic carries out numbered SQL files, forward only.

The files are `migrations/versions/NNNN_name.sql`, each carried out once, in the order of their numbers, all in one
transaction, as the role `greatwheel_owner`. Before them come the two roles (`roles.sql`) and Procrastinate's schema.
An advisory lock makes a second process wait until the first has finished.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow

from greatwheel.core.errors import BadInput, DatabaseError
from greatwheel.database.errors import translated

OWNER = "greatwheel_owner"
APPLICATION = "greatwheel_app"
QUEUE_REVISION = "0000"
"""Procrastinate's schema, as the installed version has it."""

_LOCK = 7316044862
"""Key of the advisory lock, the same in every version."""
_CONNECT_SECONDS = 15


def migrate(url: str) -> list[str]:
    """Bring the database to this version's schema; gives the revisions that were carried out, often none.

    Raises:
        BadInput: it is no URL of a Postgres.
        DatabaseUnavailable: no Postgres answers.
        DatabaseError: the schema is newer than this version's, or the login role may not do what is needed.
    """
    parse_url(url)
    with translated(), psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_SECONDS) as conn:
        if _is_current(conn):
            return []
        conn.execute("select pg_advisory_lock(%s)", (_LOCK,))
        if _is_current(conn):
            return []
        return _upgrade(conn)


def missing(url: str) -> list[str]:
    """The revisions that `migrate` would carry out. Raises as that."""
    parse_url(url)
    with translated(), psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_SECONDS) as conn:
        if _is_current(conn):
            return []
        if conn.execute("select to_regclass('public.alembic_version')").fetchone() == (None,):
            return list(revisions())
        row = conn.execute("select version_num from public.alembic_version").fetchone()
        return [number for number in revisions() if row is None or number > row[0]]


def parse_url(url: str) -> Mapping[str, Any]:
    """The parts of a database's URL.

    Raises:
        BadInput: it is none. The message does not repeat it: it may hold a password.
    """
    try:
        return conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise BadInput("DATABASE_URL is no Postgres URL, such as postgresql://user:password@host/database.") from None


@cache
def revisions() -> Mapping[str, tuple[str, str]]:
    """Every revision's name and SQL by its number, in order."""
    found = {QUEUE_REVISION: ("procrastinate", _queue_schema())}
    folder = resources.files("greatwheel.database.migrations") / "versions"
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        number, _, name = file.name.removesuffix(".sql").partition("_")
        if file.name.endswith(".sql"):
            found[number] = (name, file.read_text(encoding="utf-8"))
    return found


def _queue_schema() -> str:
    from procrastinate.schema import SchemaManager  # slow to load, and rarely needed

    grants = """
    grant select, insert, update, delete on all tables in schema public to greatwheel_app;
    grant usage, select on all sequences in schema public to greatwheel_app;
    revoke all on alembic_version from greatwheel_app;
    grant select on alembic_version to greatwheel_app;
    """
    return SchemaManager.get_schema() + grants


def _newest() -> str:
    folder = resources.files("greatwheel.database.migrations") / "versions"
    return max(file.name for file in folder.iterdir() if file.name.endswith(".sql")).partition("_")[0]


def _is_current(conn: Connection[TupleRow]) -> bool:
    """Whether nothing is to be done; refuses a schema that this version does not know."""
    if conn.execute("select to_regclass('public.alembic_version')").fetchone() == (None,):
        return False
    row = conn.execute("select version_num from public.alembic_version").fetchone()
    if row is None or row[0] == _newest():
        return row is not None
    if row[0] not in revisions():
        raise DatabaseError(
            f"The database is at revision {row[0]}, newer than this Greatwheel's {_newest()}; upgrade Greatwheel."
        )
    return False


def _upgrade(conn: Connection[TupleRow]) -> list[str]:
    from greatwheel.database.revisions import carry_out  # Alembic loads slowly, and is rarely needed

    roles = resources.files("greatwheel.database.migrations") / "roles.sql"
    as_owner = f"set local role {OWNER}; set local search_path to public"
    return carry_out(conn, revisions(), before=f"{roles.read_text(encoding='utf-8')}\n{as_owner}")
