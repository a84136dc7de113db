"""Ends of tasks, and answers to calls that wait: whoever was waiting is woken in the same transaction.

Everything here expects the locks that `queries.sql` names, in their order: the parent before the task.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from greatwheel.core.ids import TaskId
from greatwheel.core.tasks import ENDED, Ending
from greatwheel.database import queries
from greatwheel.database.connection import OrgConnection
from greatwheel.database.storable import storable
from greatwheel.runtime.keeping import drop_unused
from greatwheel.scheduler import limits
from greatwheel.scheduler.outcomes import CallOutcome, Part, outcome_of

SQL = queries.load(__file__)


async def fetch(conn: OrgConnection, name: str, **values: Any) -> DictRow | None:
    """The first row of a statement."""
    return await (await conn.execute(SQL[name], values)).fetchone()


async def admit(conn: OrgConnection) -> None:
    """Fill the organisation's free places; last in a transaction."""
    await conn.execute(SQL["admit"])


async def end(conn: OrgConnection, task_id: TaskId, ending: Ending, *, epoch: int | None = None) -> bool:
    """End a task (whose parent is locked) and tell its caller; False when that attempt is not the running one.

    What nobody can use any more goes with it: its boundary, the session of a task that was called, reserved tokens.
    """
    if ending.status not in ENDED:
        raise ValueError(f"a task can't end as {ending.status!r}")
    row = await fetch(
        conn,
        "end_task",
        task=task_id,
        epoch=epoch,
        status=ending.status,
        answer=storable(ending.answer),
        result=None if ending.result is None else Jsonb(storable(ending.result)),
        usage=Jsonb(dict(ending.usage)) if ending.usage else None,
        outcome=ending.outcome,
        error_code=ending.error_code,
        error=storable(ending.error),
    )
    if row is None:
        return False
    if row["reserved"]:
        await limits.settle_unknown(conn, [task_id])
    if row["unused"] is not None:
        await drop_unused(conn, row["org_id"], row["session_id"], row["unused"])
    if row["parent_call"] is not None:
        await _deliver(conn, row["parent_id"], row["parent_call"])
    return True


async def answer_call(conn: OrgConnection, task_id: TaskId, seq: int, outcome: CallOutcome) -> bool:
    """Fill a call that waits, and queue its (locked) task if nothing is left to wait for; False: it did not wait."""
    filled = await fetch(
        conn,
        "fill_call",
        task=task_id,
        seq=seq,
        answer=outcome.answer,
        error=storable(outcome.error),
        prompt_tokens=outcome.prompt_tokens,
        completion_tokens=outcome.completion_tokens,
    )
    if filled is None:
        return False
    await fetch(conn, "wake", task=task_id)
    return True


async def _deliver(conn: OrgConnection, parent: TaskId, call: int) -> None:
    """When all parts of a call have ended, its answer."""
    open_parts = await fetch(conn, "has_open_parts", parent=parent, call=call)
    if open_parts is None or open_parts["open"]:
        return
    rows = await (await conn.execute(SQL["call_with_parts"], {"parent": parent, "call": call})).fetchall()
    if rows:
        await answer_call(conn, parent, call, outcome_of(rows[0]["name"], [_part(row) for row in rows]))


def _part(row: Mapping[str, Any]) -> Part:
    return Part(
        agent=row["agent"] or "",
        kind=row["kind"],
        status=row["status"],
        answer=row["answer"],
        result=row["result"],
        error=row["error"],
        error_code=row["error_code"],
        usage=row["usage"],
    )
