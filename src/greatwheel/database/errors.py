"""The one place where Postgres' errors become ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

import psycopg
from psycopg import errors
from psycopg_pool import PoolClosed, PoolTimeout

from greatwheel.core.errors import (
    BadInput,
    Conflict,
    DatabaseError,
    DatabaseUnavailable,
    GreatwheelError,
    LeaseLost,
)

CONSTRAINTS: Mapping[str, tuple[type[GreatwheelError], str]] = MappingProxyType(
    {
        "orgs_name_unique": (Conflict, "An organisation of that name exists already."),
        "orgs_concurrency_positive": (BadInput, "The concurrency of an organisation must be at least 1."),
        "orgs_idle_positive": (BadInput, "The idle time of an organisation must be at least a second."),
        "users_name_unique": (Conflict, "A user of that name exists already in this organisation."),
        "api_keys_prefix_unique": (Conflict, "That key's prefix is taken; make another key."),
        "logins_prefix_unique": (Conflict, "That login's prefix is taken; log in again."),
        "webhooks_name_unique": (Conflict, "A webhook of that name exists already in this organisation."),
        "slack_apps_name_unique": (Conflict, "A Slack app of that name exists already in this organisation."),
        "agent_defs_name_unique": (Conflict, "An agent of that name exists already in this organisation."),
        "sessions_session_key_unique": (Conflict, "That session key is taken; make another one."),
        "sessions_ended_keyless": (Conflict, "The session has ended; it can have no key."),
        "sessions_revoked_keyless": (Conflict, "The session's key was revoked; it can have no other."),
        "tasks_idempotency_unique": (Conflict, "A task with that idempotency key exists already."),
        "sessions_idempotency_unique": (Conflict, "A session with that idempotency key exists already."),
        "tasks_part_unique": (Conflict, "That part of the call has its task already."),
        "tasks_one_writer": (LeaseLost, "Another task of the session is running."),
    }
)
"""Each named constraint of the schema, with what its breach means to the caller."""


def as_ours(error: Exception) -> GreatwheelError:
    """What a foreign error means: a breach of a named constraint, no Postgres, or its refusal."""
    if isinstance(error, psycopg.Error) and error.diag.constraint_name in CONSTRAINTS:
        kind, message = CONSTRAINTS[str(error.diag.constraint_name)]
        return kind(message)
    match error:
        case PoolTimeout() | PoolClosed():
            return DatabaseUnavailable()
        case errors.SerializationFailure() | errors.DeadlockDetected() | errors.LockNotAvailable():
            return Conflict("Another transaction was faster; try again.")
        case errors.ForeignKeyViolation():
            return Conflict(f"Something else depends on it, or it refers to what is not there ({_table(error)}).")
        case errors.UniqueViolation():
            return Conflict(f"It exists already ({_table(error)}).")
        case errors.DataError() | errors.CheckViolation() | errors.NotNullViolation():
            return BadInput(f"Postgres can't store that: {first_line(error)}")
        case psycopg.OperationalError() | errors.IdleInTransactionSessionTimeout() if is_gone(error):
            return DatabaseUnavailable(f"No Postgres answers: {first_line(error)}")
        case errors.InsufficientPrivilege():
            return DatabaseError(f"The database role may not do that: {first_line(error)}; see docs/database.md.")
        case _:
            return DatabaseError(f"The database refused: {first_line(error)}")


def is_gone(error: psycopg.Error) -> bool:
    """Whether the server or the connection is gone, rather than the statement refused."""
    state = error.sqlstate
    return state is None or state[:2] == "08" or state in {"57P01", "57P02", "57P03", "53300", "25P03"}


def first_line(error: Exception) -> str:
    """An error's own words, without the statement and its values."""
    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        return error.diag.message_primary
    return (str(error).strip() or type(error).__name__).splitlines()[0]


@contextmanager
def translated() -> Iterator[None]:
    """Within it, Postgres' errors are raised as ours, their cause kept."""
    try:
        yield
    except (psycopg.Error, PoolTimeout, PoolClosed) as error:
        raise as_ours(error) from error


def _table(error: psycopg.Error) -> str:
    return error.diag.table_name or "unknown table"
