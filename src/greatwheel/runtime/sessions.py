"""Sessions in the database: who owns them, and where they stand.

active → suspended (its task waits) → active … → evicted (in no worker's memory) → active … → ended
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from greatwheel.core.errors import KeyRefused, NotFound
from greatwheel.core.ids import AgentId, OrgId, SessionId, TaskId, UserId
from greatwheel.database import queries
from greatwheel.database.connection import OrgConnection
from greatwheel.database.storable import storable
from greatwheel.tenancy import session_keys

SQL = queries.load(__file__, "sessions.sql")
MOST_EXCHANGES = 20
"""That a session's row has."""
SessionStatus: TypeAlias = Literal["active", "suspended", "evicted", "ended"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """What was asked in a session, and the answer."""

    asked: str
    answer: str
    task_id: TaskId | None = None
    """None: it was before exchanges had their task."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionRow:
    """A session as it stands."""

    org_id: OrgId
    session_id: SessionId
    user_id: UserId
    agent_id: AgentId
    status: SessionStatus
    engine: str
    seed: int
    key_hash: bytes | None = None
    snapshot: bytes | None = None
    """Digest of its dump after its last task; None before the first has ended."""
    context: bytes | None = None
    """Digest of the data that it was given."""
    history: Sequence[Exchange] = field(default_factory=tuple)
    """The last exchanges, oldest first."""
    forked_from: SessionId | None = None
    created_at: datetime | None = None
    touched_at: datetime | None = None


def new_seed() -> int:
    """What a session's random numbers come from."""
    return secrets.randbits(62)


async def get(connection: OrgConnection, org: OrgId, session: SessionId) -> SessionRow:
    """The session. Raises NotFound."""
    row = await (await connection.execute(SQL["get_session"], {"org": org, "session": session})).fetchone()
    if row is None:
        raise _unknown(session)
    return _session(row)


async def begin_task(
    connection: OrgConnection, org: OrgId, session: SessionId, *, keys: Sequence[bytes], anew: bool = True
) -> SessionRow:
    """A task of the session begins or goes on, `anew` if it has no dump of its own.

    `keys` are the hashes of the keys that its sandbox may have, the one for a new sandbox first.

    Raises:
        KeyRefused: the session has ended, its key was revoked, or its user is disabled.
    """
    values = {"org": org, "session": session, "keys": list(keys), "anew": anew}
    row = await (await connection.execute(SQL["begin_task"], values)).fetchone()
    if row is not None:
        return _session(row)
    if refused := await session_keys.refusal(connection, (await get(connection, org, session)).session_id):
        raise refused
    raise KeyRefused(f"The session {session} has ended; begin a new one.")


async def suspend(
    connection: OrgConnection, org: OrgId, session: SessionId, *, variables: Sequence[Mapping[str, Any]] | None
) -> None:
    """Its task waits for somebody. `variables` is what they are now; None: as before."""
    shown = None if variables is None else _variables(variables)
    await connection.execute(SQL["suspend_session"], {"org": org, "session": session, "variables": shown})


async def end_task(
    connection: OrgConnection,
    org: OrgId,
    session: SessionId,
    *,
    snapshot: bytes | None,
    context: bytes | None,
    history: Sequence[Exchange],
    variables: Sequence[Mapping[str, Any]],
) -> None:
    """A task of the session has ended: what the next one finds. `variables` is what people are told of them."""
    exchanges = [(each.asked, each.answer, each.task_id) for each in history]
    values = {
        "org": org, "session": session, "snapshot": snapshot, "context": context,
        "history": Jsonb(storable(exchanges)), "variables": _variables(variables),
    }  # fmt: skip
    await connection.execute(SQL["end_task"], values)


async def variables(connection: OrgConnection, org: OrgId, session: SessionId) -> list[Mapping[str, Any]]:
    """Name, type, size and a short preview of each of a session's variables, as of its last boundary.

    Raises:
        NotFound: no such session.
    """
    row = await (await connection.execute(SQL["get_variables"], {"org": org, "session": session})).fetchone()
    if row is None:
        raise _unknown(session)
    return list(row["variables"])


async def evict(connection: OrgConnection, org: OrgId, session: SessionId, *, before: datetime) -> None:
    """It is in no worker's memory any more, unless it was used since `before`."""
    await connection.execute(SQL["evict_session"], {"org": org, "session": session, "before": before})


async def end(connection: OrgConnection, org: OrgId, session: SessionId) -> None:
    """End the session and take its key away. Raises NotFound when there is none that could end."""
    row = await (await connection.execute(SQL["end_session"], {"org": org, "session": session})).fetchone()
    if row is None:
        raise NotFound(f"There is no session {session} in this organisation that could end.")


async def idle_seconds(connection: OrgConnection, org: OrgId) -> int:
    """After how long the organisation's idle sessions are evicted."""
    row = await (await connection.execute(SQL["idle_seconds"], {"org": org})).fetchone()
    return int(row["idle_seconds"]) if row is not None else 0


def _unknown(session: SessionId) -> NotFound:
    return NotFound(f"There is no session {session} in this organisation.")


def _variables(shown: Sequence[Mapping[str, Any]]) -> Jsonb:
    return Jsonb(storable(list(shown)))


def _session(row: DictRow) -> SessionRow:
    return SessionRow(
        org_id=row["org_id"],
        session_id=row["session_id"],
        user_id=row["user_id"],
        agent_id=row["agent_id"],
        status=row["status"],
        engine=row["engine"],
        seed=row["seed"],
        key_hash=row["session_key"],
        snapshot=row["snapshot"],
        context=row["context"],
        history=[Exchange(asked=each[0], answer=each[1], task_id=(*each[2:], None)[0]) for each in row["history"]],
        forked_from=row["forked_from"],
        created_at=row["created_at"],
        touched_at=row["touched_at"],
    )
