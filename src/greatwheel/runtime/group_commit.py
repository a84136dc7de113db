"""Group commit: the journal rows of all runs of a process, a transaction for many.

A thread of its own writes, with a connection of its own: the event loop spends nothing on it but an append. The thread
waits `linger` seconds for more rows before it commits, unless somebody waits for one or one was dear to come by; while
it commits, further rows gather for the next transaction. So the cost of a commit is shared by as many rows as come in
its time, and what a crash can lose is what took next to no time to get.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from greatwheel.core.errors import Conflict, DatabaseUnavailable
from greatwheel.core.ids import OrgId, TaskId
from greatwheel.runtime.journal import CallRow, EventRow

LINGER = 0.02
"""Seconds that a row waits for others when nobody waits for it."""
DEAR_SECONDS = LINGER
"""A row whose model calls took as long as that is not kept waiting at all."""
MAX_BATCH = 2_000
"""Rows of one transaction."""
MOST_BEHIND = 8_000_000
"""Characters and bytes of rows that wait: whoever makes more of them than a database takes must wait for it."""
RETRY_SECONDS = 0.25
"""Between two tries to reach a database that is gone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Whose rows they are: one attempt at one task."""

    org_id: OrgId
    task_id: TaskId
    epoch: int


Row: TypeAlias = CallRow | EventRow
Batch: TypeAlias = Sequence[tuple[Run, Row]]


class Store(Protocol):
    """Where batches go. Used by the writer's thread alone."""

    def commit(self, batch: Batch) -> frozenset[Run]:
        """Write a batch in one transaction; the runs that may not go on (see `journal`), of which nothing was written.

        Writing a batch again that was committed already changes nothing.

        Raises:
            DatabaseUnavailable: it may or may not have been committed.
        """
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class GroupCommit:
    """Takes rows from an event loop and commits them in its own thread, in order."""

    def __init__(
        self,
        store: Store,
        *,
        linger: float = LINGER,
        dear: float = DEAR_SECONDS,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._store = store
        self._linger = linger
        self._dear = dear
        self._tell = tell
        self._wake = threading.Condition()
        self._rows: list[tuple[Run, Row]] = []
        self._behind = 0
        self._waiters: list[tuple[Run, asyncio.AbstractEventLoop, asyncio.Future[bool]]] = []
        self._lost: set[Run] = set()
        self._live: dict[Run, float] = {}
        self.asking: Mapping[OrgId, asyncio.Lock] = defaultdict(asyncio.Lock)
        """Held while it is asked which of the organisation's runs may go on: the others wait for that answer."""
        self._closing = False
        self._hurry = False
        self._committing = False
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    def put(self, run: Run, row: Row) -> None:
        """A row to be written soon."""
        with self._wake:
            self._rows.append((run, row))
            self._behind += _weight(row)
            dear = isinstance(row, CallRow) and row.usage.tokens > 0 and row.seconds >= self._dear
            self._hurry = self._hurry or dear
            if dear or len(self._rows) == 1:
                self._wake.notify()

    async def committed(self, run: Run) -> bool:
        """Wait until all rows so far are durable; False when the run may not go on."""
        loop = asyncio.get_running_loop()
        with self._wake:
            if not self._rows and not self._committing:
                return run not in self._lost
            future: asyncio.Future[bool] = loop.create_future()
            self._waiters.append((run, loop, future))
            self._wake.notify()
        return await future

    @property
    def full(self) -> bool:
        """Whether so much waits to be written that nothing should be added."""
        return self._behind >= MOST_BEHIND

    def is_lost(self, run: Run) -> bool:
        """Whether it is known already that the run may not go on."""
        return run in self._lost

    def live_since(self, run: Run) -> float:
        """The `time.monotonic` at which it was last asked whether the run may go on, and it might."""
        return self._live.get(run, -math.inf)

    def live_runs(self, org: OrgId) -> list[Run]:
        """The organisation's runs of which that was asked before."""
        with self._wake:
            return [run for run in self._live if run.org_id == org]

    def note_live(self, run: Run, others: Iterable[Run], asked: float) -> None:
        """The run might go on when that was asked; from now on each commit asks anew. The others might, too."""
        with self._wake:
            self._live[run] = asked
            self._refresh(others, asked)

    def _refresh(self, runs: Iterable[Run], asked: float) -> None:
        """Those that are not forgotten by now might go on."""
        self._live.update(dict.fromkeys(self._live.keys() & set(runs), asked))

    def forget(self, run: Run) -> None:
        """The run has ended: what was known of it is not needed any more."""
        with self._wake:
            self._lost.discard(run)
            self._live.pop(run, None)

    async def close(self) -> None:
        """Write what is left and end the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        await asyncio.to_thread(self._thread.join)
        self._store.close()

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            rows, waiters = taken
            for start in range(0, len(rows), MAX_BATCH):
                self._commit(rows[start : start + MAX_BATCH])
            with self._wake:
                self._committing = False
                lost = frozenset(self._lost)
            for run, loop, future in waiters:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(_settle, future, run not in lost)

    def _take(self) -> tuple[list[tuple[Run, Row]], list[Any]] | None:
        """The next rows, with those who wait for them; None at the end."""
        with self._wake:
            while not (self._rows or self._waiters or self._closing):
                self._wake.wait()
            if not self._rows and not self._waiters:
                return None
            deadline = time.monotonic() + self._linger
            while not (self._waiters or self._hurry or self._closing) and len(self._rows) < MAX_BATCH:
                if not self._wake.wait(max(0.0, deadline - time.monotonic())) and time.monotonic() >= deadline:
                    break
            rows, waiters = self._rows, self._waiters
            self._rows, self._waiters, self._hurry, self._committing = [], [], False, True
            self._behind = 0
            return rows, waiters

    def _commit(self, rows: list[tuple[Run, Row]]) -> None:
        """Write until it is written: rows are in order, so none may be left out."""
        told = False
        while kept := [(run, row) for run, row in rows if run not in self._lost]:
            asked = time.monotonic()
            try:
                lost = self._store.commit(kept)
            except (DatabaseUnavailable, Conflict) as error:
                if not told:
                    self._tell(f"The journal waits for the database: {error}")
                    told = True
                time.sleep(RETRY_SECONDS)
                continue
            except Exception as error:  # of whatever kind: without this thread every run would wait for ever
                lost = self._without_the_refused(rows, error)
            with self._wake:
                self._lost |= lost
                self._refresh((run for run, _ in rows), asked)
            return

    def _without_the_refused(self, rows: list[tuple[Run, Row]], error: Exception) -> frozenset[Run]:
        """One run's row that Postgres refuses must not stop the others': each run's rows go by themselves."""
        runs = {run for run, _ in rows}
        if len(runs) == 1:
            self._tell(f"The journal can't be written, so the run stops: {error}")
            return frozenset(runs)
        for one in runs:
            self._commit([(run, row) for run, row in rows if run == one])
        return frozenset()


def _weight(row: Row) -> int:
    """About the size of a row."""
    event, answer = (row, None) if isinstance(row, EventRow) else (row.told, row.answer)
    texts = () if event is None else [value for value in event.data.values() if isinstance(value, str)]
    return sum(map(len, texts)) + len(answer or b"")


def _settle(future: asyncio.Future[bool], kept: bool) -> None:
    if not future.done():
        future.set_result(kept)
