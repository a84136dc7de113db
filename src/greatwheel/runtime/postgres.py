"""The journal on Postgres."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb

from greatwheel.core.errors import DatabaseUnavailable, LeaseLost
from greatwheel.core.ids import OrgId, TaskId
from greatwheel.core.usage import Usage
from greatwheel.database import queries
from greatwheel.database.connection import OrgConnection
from greatwheel.database.database import Database
from greatwheel.database.errors import as_ours
from greatwheel.database.storable import storable, storable_text
from greatwheel.runtime.group_commit import Batch, GroupCommit, Run
from greatwheel.runtime.journal import FRESH_SECONDS, CallRow, EventRow, encoded
from greatwheel.runtime.keeping import Keeping
from greatwheel.runtime.record import RecordedCall
from greatwheel.runtime.services import Waiting

SQL = queries.load(__file__)
R = TypeVar("R")
_BEGIN = sql.SQL("begin; select set_config('greatwheel.org', {}, true), pg_current_xact_id()::text as transaction")
"""Sent as one message: a round trip costs as much as many rows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tried:
    """A batch whose transaction may have been committed: the connection was lost before that was told."""

    rows: Sequence[CallRow | EventRow]
    transaction: str
    lost: frozenset[Run]


class PostgresStore:
    """Commits batches of rows over a connection of its own. Used by one thread."""

    def __init__(self, connect: Callable[[], psycopg.Connection[DictRow]]) -> None:
        self._connect = connect
        self._connection: psycopg.Connection[DictRow] | None = None
        self._tried: _Tried | None = None

    def commit(self, batch: Batch) -> frozenset[Run]:
        """See `group_commit.Store`."""
        try:
            connection = self._connection = self._connection or self._connect()
            if (known := self._committed_before(connection, batch)) is not None:
                return known
            (org, part), *others = _by_organisation(batch)
            with _begun(connection, org) as (cursor, transaction):
                lost = _write(cursor, org, part)
                for other, part in others:
                    cursor.execute(SQL["enter"], {"org": other})
                    lost |= _write(cursor, other, part)
                self._tried = _Tried(rows=[row for _, row in batch], transaction=transaction, lost=lost)
        except psycopg.Error as error:
            self.close()
            raise as_ours(error) from error
        self._tried = None
        return lost

    def _committed_before(self, connection: psycopg.Connection[DictRow], batch: Batch) -> frozenset[Run] | None:
        """What came of the batch if an earlier try was committed after all: events have no number to be known by."""
        tried = self._tried
        if tried is None or [id(row) for row in tried.rows] != [id(row) for _, row in batch]:
            return None
        found = connection.execute(SQL["what_became"], {"transaction": tried.transaction}).fetchone()
        status = None if found is None else found["status"]
        if status == "in progress":
            raise DatabaseUnavailable("the connection was lost in the middle of a commit, which has not ended yet")
        self._tried = None
        return tried.lost if status == "committed" else None

    def close(self) -> None:
        """See `group_commit.Store`."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _by_organisation(batch: Batch) -> Iterable[tuple[OrgId, list[tuple[Run, Any]]]]:
    if len({run.org_id for run, _ in batch}) == 1:
        yield batch[0][0].org_id, list(batch)
        return
    for org, rows in groupby(sorted(batch, key=lambda each: each[0].org_id), key=lambda each: each[0].org_id):
        yield org, list(rows)


@contextmanager
def _begun(connection: psycopg.Connection[DictRow], org: OrgId) -> Iterator[tuple[psycopg.Cursor[DictRow], str]]:
    """A transaction that writes for the organisation, and its number."""
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN.format(sql.Literal(org)))
        cursor.nextset()
        [row] = cursor.fetchall()
        try:
            yield cursor, str(row["transaction"])
        except BaseException:
            with suppress(psycopg.Error):
                connection.rollback()
            raise
        connection.commit()


def _write(cursor: psycopg.Cursor[DictRow], org: OrgId, batch: Batch) -> frozenset[Run]:
    """Write one organisation's rows; the runs that have lost their task, or may not go on with it.

    A worker that was slow may have taken over its own task: of two runs of it, only the later one can still have it.
    """
    runs: dict[TaskId, Run] = {}
    for run, _ in batch:
        runs[run.task_id] = max(run, runs.get(run.task_id, run), key=lambda each: each.epoch)
    given, batch = {run for run, _ in batch}, [(run, row) for run, row in batch if runs[run.task_id] == run]
    calls = list({(run.task_id, row.seq): (run, row) for run, row in batch if isinstance(row, CallRow)}.values())
    cursor.execute(SQL["append_calls"], {"org": org, **_columns(runs, calls)}, prepare=True)
    kept = {row["task_id"] for row in cursor.fetchall()}
    events = [(run, event) for run, row in batch if run.task_id in kept and (event := _event(row)) is not None]
    if events:
        cursor.execute(
            SQL["append_events"],
            {
                "org": org,
                "tasks": [run.task_id for run, _ in events],
                "types": [row.type for _, row in events],
                "data": [json.dumps(storable(row.data), ensure_ascii=False) for _, row in events],
            },
        )
    whole = [(run.task_id, abs(row.seq)) for run, row in calls if row.streamed and run.task_id in kept]
    if whole:
        tasks, places = zip(*whole, strict=True)
        cursor.execute(SQL["drop_deltas"], {"org": org, "tasks": list(tasks), "places": list(places)})
    return frozenset(given - {run for task, run in runs.items() if task in kept})


def _event(row: CallRow | EventRow) -> EventRow | None:
    return row if isinstance(row, EventRow) else row.told


def _columns(runs: Mapping[TaskId, Run], calls: Sequence[tuple[Run, CallRow]]) -> dict[str, list[Any]]:
    return {
        "run_tasks": list(runs),
        "run_epochs": [run.epoch for run in runs.values()],
        "tasks": [run.task_id for run, _ in calls],
        "seqs": [row.seq for _, row in calls],
        "steps": [row.step for _, row in calls],
        "names": [row.name for _, row in calls],
        "digests": [row.digest for _, row in calls],
        "states": [row.state for _, row in calls],
        "requests": [row.request.encode("utf-8", "replace") for _, row in calls],
        "answers": [row.answer for _, row in calls],
        "errors": [None if row.error is None else storable_text(row.error) for _, row in calls],
        "prompt": [row.usage.prompt_tokens for _, row in calls],
        "completion": [row.usage.completion_tokens for _, row in calls],
        "seconds": [row.seconds for _, row in calls],
        "expiring": [row.expires_at for _, row in calls],
    }


class PostgresJournal:
    """The journal of one attempt at one task. See `greatwheel.runtime.journal` for the contract."""

    def __init__(
        self, database: Database, commits: GroupCommit, run: Run, keeping: Keeping, snapshot: bytes | None
    ) -> None:
        self._database = database
        self._commits = commits
        self._run = run
        self._keeping = keeping
        self._snapshot = snapshot
        self._ours = {"org": run.org_id, "task": run.task_id, "epoch": run.epoch}

    def served(self, row: CallRow) -> None:
        """A call that was served, or a model's reply."""
        if self._commits.is_lost(self._run):
            raise LeaseLost
        self._commits.put(self._run, row)

    def event(self, type: str, data: Mapping[str, Any]) -> None:
        """Something that people may watch."""
        self._commits.put(self._run, EventRow(type=type, data=data))

    async def live(self) -> None:
        """Return when the run may go on; most often without asking the database."""
        if self._commits.full:
            await self.committed()
        if self._commits.is_lost(self._run):
            raise LeaseLost
        if self._is_fresh():
            return
        async with self._commits.asking[self._run.org_id]:
            if not self._is_fresh():  # nobody has asked meanwhile
                await self._ask()

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._commits.live_since(self._run) < FRESH_SECONDS

    async def _ask(self) -> None:
        """Find out which of the organisation's runs in this process may go on: one question for all of them."""
        asked = time.monotonic()
        runs = {self._run, *self._commits.live_runs(self._run.org_id)}
        async with self._database.org(self._run.org_id) as connection:
            values = {"tasks": [run.task_id for run in runs], "epochs": [run.epoch for run in runs]}
            rows = await (await connection.execute(SQL["are_live"], {"org": self._run.org_id, **values})).fetchall()
        live = {(row["task_id"], row["epoch"]) for row in rows}
        if (self._run.task_id, self._run.epoch) not in live:
            raise LeaseLost
        self._commits.note_live(self._run, [run for run in runs if (run.task_id, run.epoch) in live], asked)

    async def committed(self) -> None:
        """Wait until all that was written is durable."""
        if not await self._commits.committed(self._run):
            raise LeaseLost

    async def intend(self, row: CallRow) -> None:
        """An effect is about to happen."""
        self.served(row)
        await self.committed()

    async def record(self, row: Callable[[Any], CallRow], handle: Callable[[OrgConnection], Awaitable[Any]]) -> Any:
        """Run a handler and write its call's row in one transaction."""
        return await self._together(row, handle)

    async def wait(
        self, row: Callable[[Waiting], CallRow], handle: Callable[[OrgConnection], Awaitable[Waiting]]
    ) -> None:
        """As `record`, for a call whose answer somebody else gives."""
        await self._together(row, handle)

    async def boundary(self, state: Mapping[str, Any], dump: bytes | None) -> None:
        """From here a later attempt goes on."""
        await self.committed()
        async with self._database.org(self._run.org_id) as connection:
            snapshot = None if dump is None else await self._keeping.keep_dump(connection, dump)
            usage = state.get("usage", {})
            values = {**self._ours, "state": encoded(state), "snapshot": snapshot, "usage": Jsonb(usage)}
            held = await (await connection.execute(SQL["set_boundary"], values)).fetchone()
            if held is None:
                raise LeaseLost
            if snapshot is not None and snapshot != self._snapshot:
                await self._keeping.drop_unused(connection, self._snapshot)
        self._snapshot = snapshot or self._snapshot

    async def _together(self, row: Callable[[R], CallRow], handle: Callable[[OrgConnection], Awaitable[R]]) -> R:
        await self.committed()
        async with self._database.org(self._run.org_id) as connection:
            if await (await connection.execute(SQL["hold_task"], self._ours)).fetchone() is None:
                raise LeaseLost
            result = await handle(connection)
            runs = {self._run.task_id: self._run}
            values = {"org": self._run.org_id, **_columns(runs, [(self._run, row(result))])}
            await connection.execute(SQL["append_calls"], values)
            return result


async def forget_deltas(connection: OrgConnection, org: OrgId, task: TaskId) -> None:
    """Delete what earlier attempts at a task told of replies that they never got."""
    await connection.execute(SQL["forget_deltas"], {"org": org, "task": task})


async def read_calls(
    connection: OrgConnection, org: OrgId, task: str, *, after_call: int, after_step: int
) -> list[RecordedCall]:
    """The journal of a task after a boundary; replies to steps have negative numbers."""
    values = {"org": org, "task": task, "after_call": after_call, "after_step": after_step}
    rows = await (await connection.execute(SQL["read_calls"], values)).fetchall()
    return [_recorded(row) for row in rows]


def _recorded(row: DictRow) -> RecordedCall:
    return RecordedCall(
        call=row["seq"],
        step=row["step"],
        name=row["name"],
        digest=row["digest"],
        request=(row["request"] or b"").decode("utf-8", "replace"),
        state=row["state"],
        answer=row["answer"],
        error=row["error"],
        usage=Usage(
            prompt_tokens=row["prompt_tokens"],
            completion_tokens=row["completion_tokens"],
            model_calls=int(row["prompt_tokens"] + row["completion_tokens"] > 0),
            host_calls=int(row["seq"] > 0),
            model_seconds=row["seconds"],
        ),
    )


def connector(url: str) -> Callable[[], psycopg.Connection[DictRow]]:
    """Opens connections for a `PostgresStore`."""
    return lambda: psycopg.connect(url, row_factory=dict_row, autocommit=True)
