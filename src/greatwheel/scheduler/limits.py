"""Rate limits: tokens and tasks per day, week and month (UTC), of an organisation and of each of its users.

A hard limit refuses: tokens are reserved before a model call and settled after, so calls made together can't pass it
together. A soft one is told once in its period, as an event of the task that passed it. Each function is a short
transaction's work: never hold one during a model call. An organisation without limits pays one look-up
(`has_limits`), whose answer a caller may keep for a moment, and skips the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from greatwheel.core.errors import LimitReached
from greatwheel.core.ids import TaskId, UserId
from greatwheel.database import queries
from greatwheel.database.connection import OrgConnection

SQL = queries.load(__file__, "limits.sql")
Metric: TypeAlias = Literal["tokens", "tasks"]
Period: TypeAlias = Literal["day", "week", "month"]
WARNED = "limit.warned"
EVERYBODY = UserId("")
"""The user of an organisation's own limit."""
_COUNTERS = 6
"""Of the organisation and one user, for each period."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counter:
    """What was used in one period, and its limit if it has one."""

    user_id: str
    period: Period
    used: int
    reserved: int
    resets: datetime
    hard: int | None = None

    def refuses(self, wanted: int) -> bool:
        """So much more would pass the hard limit."""
        return self.hard is not None and self.used + self.reserved + wanted > self.hard


def refusal(metric: Metric, counters: Sequence[Counter], wanted: int) -> str | None:
    """Why so much more is refused, naming the limit that is free again last; None when it is allowed."""
    refusing = [counter for counter in counters if counter.refuses(wanted)]
    if not refusing:
        return None
    last = max(refusing, key=lambda counter: counter.resets)
    whose = "organisation" if last.user_id == EVERYBODY else "user"
    held = f" and {last.reserved:,} set aside" if last.reserved else ""
    return (
        f"The {whose}'s limit of {last.hard:,} {metric} a {last.period} is reached ({last.used:,} used{held}, "
        f"{wanted:,} wanted); it resets at {last.resets:%Y-%m-%d %H:%M} UTC."
    )


class Spender(Protocol):
    """Whose tokens they are: a task, or what stands for one."""

    @property
    def task_id(self) -> TaskId: ...

    @property
    def user_id(self) -> UserId: ...


async def has_limits(conn: OrgConnection) -> bool:
    """Whether the organisation has any limit at all."""
    row = await (await conn.execute(SQL["has_limits"])).fetchone()
    return row is not None and bool(row["limited"])


async def set_limit(
    conn: OrgConnection,
    metric: Metric,
    period: Period,
    *,
    user: UserId = EVERYBODY,
    soft: int | None = None,
    hard: int | None = None,
) -> None:
    """Set a limit, or take it away (neither soft nor hard)."""
    values = {"user": user, "metric": metric, "period": period, "soft": soft, "hard": hard}
    name = "drop_limit" if soft is None and hard is None else "set_limit"
    await conn.execute(SQL[name], values)


async def list_limits(
    conn: OrgConnection,
    *,
    user: UserId | None = None,
    after: tuple[str, Metric, Period] | None = None,
    limit: int | None = None,
) -> list[DictRow]:
    """The limits, with what was used and set aside of each in its period of now, and when that ends.

    Those that hold for one user alone, if so asked; or so many of those behind one, by its user, metric and period.
    """
    behind, metric, period = after or (None, None, None)
    values = {"user": user, "after": behind, "after_metric": metric, "after_period": period, "limit": limit}
    return await (await conn.execute(SQL["list_limits"], values)).fetchall()


async def count_tasks(conn: OrgConnection, user: UserId, number: int = 1) -> list[Mapping[str, Any]]:
    """Count new tasks; the soft limits that they are the first to pass, to be told (`tell`) once a task is there.

    Raises:
        LimitReached: the organisation or the user may start no more for now.
    """
    await _admit(conn, "tasks", user, number)
    await conn.execute(SQL["count"], {"metric": "tasks", "user": user, "used": number, "reserved": 0})
    return await _warnings(conn, "tasks", user)


async def reserve(conn: OrgConnection, task: Spender, seq: int, tokens: int) -> None:
    """Set tokens aside before the model calls of one host call (or of step -n): all of them at once.

    Raises:
        LimitReached: they would pass a hard limit; nothing is set aside then.
    """
    await _admit(conn, "tokens", task.user_id, tokens)
    await conn.execute(SQL["count"], {"metric": "tokens", "user": task.user_id, "used": 0, "reserved": tokens})
    values = {"task": task.task_id, "seq": seq, "user": task.user_id, "tokens": tokens}
    await conn.execute(SQL["reserve"], values)


async def settle(conn: OrgConnection, task: Spender, seq: int, used: int) -> None:
    """Put the tokens that a call really used in the place of its reservation; nothing if it has none."""
    await _settle(conn, [task.task_id], seq, used)
    await tell(conn, task.task_id, await _warnings(conn, "tokens", task.user_id))


async def settle_unknown(conn: OrgConnection, tasks: Sequence[TaskId]) -> None:
    """What attempts that are over set aside and never settled counts as used: the servers may have done the work."""
    await _settle(conn, tasks, None, None)


async def tell(conn: OrgConnection, task_id: TaskId, warnings: Sequence[Mapping[str, Any]]) -> None:
    """Write warnings as events of a task."""
    for data in warnings:
        await conn.execute(SQL["tell"], {"task": task_id, "type": WARNED, "data": Jsonb(dict(data))})


async def _settle(conn: OrgConnection, tasks: Sequence[TaskId], seq: int | None, used: int | None) -> None:
    values = {"tasks": list(tasks), "seq": seq, "used": used}
    locked = await (await conn.execute(SQL["lock_reserved"], values)).fetchall()
    if locked:
        await conn.execute(SQL["settle"], values)


async def _admit(conn: OrgConnection, metric: Metric, user: UserId, wanted: int) -> None:
    values = {"metric": metric, "user": user}
    rows = await (await conn.execute(SQL["lock_counters"], values)).fetchall()
    if len(rows) < _COUNTERS:
        await conn.execute(SQL["make_counters"], values)
        rows = await (await conn.execute(SQL["lock_counters"], values)).fetchall()
    counters = [_counter(row) for row in rows]
    refused = refusal(metric, counters, wanted)
    if refused is not None:
        raise LimitReached(
            refused, held=refusal(metric, [replace(each, reserved=0) for each in counters], wanted) is None
        )


async def _warnings(conn: OrgConnection, metric: Metric, user: UserId) -> list[Mapping[str, Any]]:
    rows = await (await conn.execute(SQL["warn"], {"metric": metric, "user": user})).fetchall()
    return [
        {"metric": metric, "period": row["period"], "used": row["used"], "soft": row["soft"], "user": row["user_id"]}
        for row in rows
    ]


def _counter(row: DictRow) -> Counter:
    return Counter(
        user_id=row["user_id"],
        period=row["period"],
        used=row["used"],
        reserved=row["reserved"],
        resets=row["resets"],
        hard=row["hard"],
    )
