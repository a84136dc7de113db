"""Where a worker can be killed: before and after each transaction that changes the journal or a task's state.

A point has a name that is the same in every run (`everything/helper@31.0 #3 tool.charge started`) and a number: the
n-th time that the process gets there. `before` lies inside the transaction, when all its statements have run; for rows
that are written behind it lies before their transaction begins. `after` lies behind the commit, before anybody is told
of it.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, cast

from greatwheel.core.ids import OrgId, TaskId
from greatwheel.database.connection import OrgConnection
from greatwheel.database.database import Database
from greatwheel.runtime import postgres as journal
from greatwheel.runtime.group_commit import Batch, Run, Store
from greatwheel.runtime.journal import CallRow, EventRow
from greatwheel.scheduler import delivery

Side: TypeAlias = Literal["before", "after"]
Passing: TypeAlias = tuple[str, int]
"""A point's name, and the how manieth time it is."""

TAKEOVER = "takeover"
"""The point at which a worker queues a task of a dead one again. Its name has no task: which it is depends on where the
first worker died."""
_WATCHED: Mapping[str, str] = MappingProxyType(
    {
        journal.SQL["append_calls"]: "rows",
        journal.SQL["set_boundary"]: "boundary",
        delivery.SQL["claim"]: "claim",
        delivery.SQL["set_waiting"]: "wait",
        delivery.SQL["end_task"]: "end",
        delivery.SQL["requeue"]: TAKEOVER,
    }
)
"""Statements that make a transaction a point."""
_WHO = "select task_id, path, parent_call, part from tasks where task_id = any (%s)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """Where to die."""

    name: str
    nth: int
    side: Side

    def __str__(self) -> str:
        return f"{self.side}:{self.nth}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> Point:
        """The point that prints as this."""
        side, nth, name = text.split(":", 2)
        return cls(name=name, nth=int(nth), side=cast("Side", side))


def label(path: Sequence[str], parent_call: int | None, part: int | None) -> str:
    """A task by its place in its tree."""
    place = "" if parent_call is None else f"@{parent_call}.{part}"
    return "/".join(path) + place


class Killer:
    """Knows the points that this process passes, and kills it at one of them. May be used by several threads."""

    def __init__(self, at: Point | None, record: Path | None = None) -> None:
        self._at = at
        self._record = None if record is None else os.open(record, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._times: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.labels: dict[TaskId, str] = {}
        """Of the tasks that this process has claimed."""

    def before(self, names: Iterable[str]) -> list[Passing]:
        """A transaction with these writes is about to be committed."""
        passings = []
        with self._lock:
            for name in dict.fromkeys(names):
                self._times[name] += 1
                passings.append((name, self._times[name]))
        if self._record is not None:
            os.write(self._record, "".join(f"{nth}:{name}\n" for name, nth in passings).encode())
        self._pass(passings, "before")
        return passings

    def after(self, passings: Iterable[Passing]) -> None:
        """It was committed."""
        self._pass(passings, "after")

    def _pass(self, passings: Iterable[Passing], side: Side) -> None:
        at = self._at
        if at is not None and at.side == side and (at.name, at.nth) in passings:
            os.kill(os.getpid(), signal.SIGKILL)

    def row(self, task_id: TaskId, seq: int, name: str, state: str) -> str:
        """The name of a journal row's point."""
        return f"{self.labels.get(task_id, task_id)} #{seq} {name} {state}"


class KillingStore:
    """The store of the group commit, with its points."""

    def __init__(self, inner: Store, killer: Killer) -> None:
        self._inner = inner
        self._killer = killer

    def commit(self, batch: Batch) -> frozenset[Run]:
        """See `group_commit.Store`."""
        passings = self._killer.before([self._name(run, row) for run, row in batch])
        lost = self._inner.commit(batch)
        self._killer.after(passings)
        return lost

    def close(self) -> None:
        """See `group_commit.Store`."""
        self._inner.close()

    def _name(self, run: Run, row: CallRow | EventRow) -> str:
        if isinstance(row, CallRow):
            return self._killer.row(run.task_id, row.seq, row.name, row.state)
        return f"{self._killer.labels.get(run.task_id, run.task_id)} event {row.type}"


class _Watched:
    """A connection that remembers which watched statements it ran."""

    def __init__(self, connection: OrgConnection) -> None:
        self._connection = connection
        self.written: list[tuple[str, Mapping[str, Any]]] = []

    async def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        """As the connection does."""
        cursor = await self._connection.execute(query, params, **options)
        kind = _WATCHED.get(query) if isinstance(query, str) else None
        if kind is not None:
            self.written.append((kind, params))
        return cursor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class KillingDatabase(Database):
    """The product's database, with its points."""

    killer: Killer | None = None

    @asynccontextmanager
    async def org(self, org_id: OrgId) -> AsyncIterator[OrgConnection]:
        """See `Database`."""
        passings: list[Passing] = []
        async with super().org(org_id) as connection:
            watched = _Watched(connection)
            yield cast("OrgConnection", watched)
            if self.killer is not None and watched.written:
                await _learn(self.killer, connection, watched.written)
                passings = self.killer.before(_names(self.killer, watched.written))
        if self.killer is not None:
            self.killer.after(passings)


async def _learn(killer: Killer, connection: OrgConnection, written: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    tasks = {task for _, values in written for task in values.get("tasks", [values.get("task")])}
    unknown = list(tasks - killer.labels.keys())
    if unknown:
        for row in await (await connection.execute(_WHO, (unknown,))).fetchall():
            killer.labels[row["task_id"]] = label(row["path"], row["parent_call"], row["part"])


def _names(killer: Killer, written: Sequence[tuple[str, Mapping[str, Any]]]) -> Iterable[str]:
    for kind, values in written:
        if kind == "rows":
            columns = (values["tasks"], values["seqs"], values["names"], values["states"])
            yield from (killer.row(*each) for each in zip(*columns, strict=True))
        elif kind == TAKEOVER:
            yield TAKEOVER
        else:
            yield f"{killer.labels.get(values['task'], values['task'])} {kind}"
