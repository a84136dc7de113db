"""Points of a session: where it stood after each of its last tasks. A session can be taken back to one, or forked.

1. A point is made when a task of the session ends and leaves a dump; the newest `MOST` are kept.
2. A **fork** is a new session with the variables, data and exchanges of a point, and nothing else in common: its dump
   is sealed for it alone, its key is its own from its first task on, and it has no points yet.
3. A **rewind** forgets what came later: variables, exchanges and points. The tasks themselves stay on record, marked
   as rewound: they can't be retried. It goes to a point, or to the session's beginning, which a fork has none of.
4. Every function works on a connection of the session's organisation and sees no other's sessions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from greatwheel.core.errors import Conflict, NotFound
from greatwheel.core.ids import OrgId, SessionId, TaskId, UserId, new_session_id
from greatwheel.database import queries
from greatwheel.database.connection import OrgConnection
from greatwheel.database.storable import storable
from greatwheel.runtime.keeping import Keeping, drop_unused
from greatwheel.runtime.sessions import new_seed
from greatwheel.tenancy.sealing import Sealer

SQL = queries.load(__file__, "points.sql")
MOST = 20
"""Points of one session."""
ASKED_CHARS = 400
"""How much of a task's words a list of points shows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """Where a session stood when a task of it had ended."""

    task_id: TaskId
    asked: str
    """The task's words, cut."""
    at: datetime
    dump_bytes: int
    """What its dump takes in the database."""


async def keep(
    connection: OrgConnection,
    org: OrgId,
    session: SessionId,
    task: TaskId,
    *,
    snapshot: bytes,
    context: bytes | None,
    variables: Sequence[Mapping[str, Any]],
) -> list[bytes]:
    """A task of the session has ended: note where it stands. The digests of dumps that may not be needed any more."""
    values = {
        "org": org, "session": session, "task": task, "snapshot": snapshot, "context": context,
        "variables": Jsonb(storable(list(variables))), "most": MOST - 1,
    }  # fmt: skip
    rows = await (await connection.execute(SQL["keep_point"], values)).fetchall()
    return [row["snapshot"] for row in rows]


async def list_points(connection: OrgConnection, org: OrgId, session: SessionId) -> list[Point]:
    """The session's points, oldest first; none for a session that is not there."""
    values = {"org": org, "session": session, "chars": ASKED_CHARS}
    rows = await (await connection.execute(SQL["list_points"], values)).fetchall()
    return [Point(**row) for row in rows]


async def fork(
    connection: OrgConnection, org: OrgId, session: SessionId, *, after: TaskId | None, user: UserId, sealer: Sealer
) -> SessionId:
    """A new session of that user, which goes on from where the session stood after a task; None: where it stands now.

    A task of the session that has not ended is no part of it. Sessions that have ended can be forked, too.

    Raises:
        NotFound: no such session, or no point after that task.
        SealBroken: the dump was altered, or its master key is not known any more.
    """
    held = await _session(connection, "read_session", org, session)
    point = held if after is None else await _point(connection, org, session, after)
    forked = new_session_id()
    snapshot = point["snapshot"]
    if snapshot is not None:
        keeping = Keeping(org_id=org, session_id=forked, sealer=sealer)
        snapshot = await keeping.adopt_dump(connection, snapshot, of=session)
    values = {
        "org": org, "session": session, "fork": forked, "user": user, "seed": new_seed(), "snapshot": snapshot,
        "context": point["context"], "history": Jsonb(_up_to(held["history"], after)),
        "variables": Jsonb(point["variables"]),
    }  # fmt: skip
    await connection.execute(SQL["fork_session"], values)
    return forked


async def rewind(connection: OrgConnection, org: OrgId, session: SessionId, *, after: TaskId | None) -> None:
    """Take the session back to where it stood after a task of it; None: before its first one.

    Raises:
        NotFound: no such session, or no point after that task.
        Conflict: the session has ended, or a task of it has not; or it is a fork, and was to go to its beginning.
    """
    held = await _session(connection, "hold_session", org, session)
    if held["status"] == "ended":
        raise Conflict(f"The session {session} has ended; it can be forked, not rewound.")
    where = {"org": org, "session": session}
    working = await (await connection.execute(SQL["has_open_task"], where)).fetchone()
    if working is not None and working["open"]:
        raise Conflict(f"A task of the session {session} has not ended; wait for it, or cancel it, then rewind.")
    point = _beginning(held) if after is None else await _point(connection, org, session, after)
    values = {
        **where, "snapshot": point["snapshot"], "context": point["context"],
        "history": Jsonb([] if after is None else _up_to(held["history"], after)),
        "variables": Jsonb(point["variables"]),
    }  # fmt: skip
    await connection.execute(SQL["rewind_session"], values)
    later = {**where, "task": after, "at": point["created_at"]}
    await connection.execute(SQL["mark_rewound"], later)
    rows = await (await connection.execute(SQL["drop_later_points"], later)).fetchall()
    for digest in {row["snapshot"] for row in rows} | {held["snapshot"]} - {None}:
        await drop_unused(connection, org, session, digest)


async def hold(connection: OrgConnection, org: OrgId, session: SessionId) -> None:
    """No task joins the session, and none of it changes it, until this transaction ends. Raises NotFound."""
    await _session(connection, "hold_session", org, session)


def _beginning(held: Mapping[str, Any]) -> Mapping[str, Any]:
    """The point before a session's first task."""
    if held["forked_from"] is not None:
        raise Conflict(f"The session {held['session_id']} is a fork, whose beginning is not kept; fork again instead.")
    return {"snapshot": None, "context": held["given"], "variables": [], "created_at": None}


async def _session(connection: OrgConnection, statement: str, org: OrgId, session: SessionId) -> DictRow:
    row = await (await connection.execute(SQL[statement], {"org": org, "session": session})).fetchone()
    if row is None:
        raise NotFound(f"There is no session {session} in this organisation.")
    return row


async def _point(connection: OrgConnection, org: OrgId, session: SessionId, task: TaskId) -> DictRow:
    values = {"org": org, "session": session, "task": task}
    row = await (await connection.execute(SQL["get_point"], values)).fetchone()
    if row is None:
        raise NotFound(f"The session {session} has no point after a task {task}; it keeps the {MOST} newest.")
    return row


def _up_to(history: Sequence[Sequence[Any]], task: TaskId | None) -> list[Sequence[Any]]:
    """The exchanges up to that of a task."""
    if task is None:
        return list(history)
    places = [place for place, exchange in enumerate(history, 1) if list(exchange[2:]) == [task]]
    return list(history[: places[-1]]) if places else []
