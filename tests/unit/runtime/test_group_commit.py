"""Rows of many runs in one transaction, by a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from greatwheel.core.errors import DatabaseError, DatabaseUnavailable
from greatwheel.core.ids import OrgId, TaskId
from greatwheel.core.usage import Usage
from greatwheel.runtime import group_commit
from greatwheel.runtime.group_commit import Batch, GroupCommit, Run
from greatwheel.runtime.journal import CallRow, EventRow


def run(name: str) -> Run:
    return Run(org_id=OrgId("org"), task_id=TaskId(name), epoch=1)


def row(seq: int) -> CallRow:
    return CallRow(seq=seq, step=1, name="llm_query", digest=b"", state="done")


class Memory:
    """A store that keeps batches, and fails as it is told."""

    def __init__(self) -> None:
        self.batches: list[list[tuple[Run, int]]] = []
        self.failures: list[Exception] = []
        self.refused: set[Run] = set()
        self.lost: set[Run] = set()
        self.go = threading.Event()
        self.go.set()
        self.written = threading.Event()

    def commit(self, batch: Batch) -> frozenset[Run]:
        self.go.wait(10)
        if self.failures:
            raise self.failures.pop(0)
        if self.refused & {run for run, _ in batch}:
            raise DatabaseError("no")
        kept = [(run, one.seq) for run, one in batch if isinstance(one, CallRow) and run not in self.lost]
        self.batches.append(kept)
        self.written.set()
        return frozenset({run for run, _ in batch} & self.lost)

    def close(self) -> None:
        self.go.set()

    @property
    def rows(self) -> list[tuple[Run, int]]:
        return [each for batch in self.batches for each in batch]


@pytest.fixture
def store() -> Memory:
    return Memory()


@pytest.fixture
async def commits(store: Memory) -> AsyncIterator[GroupCommit]:
    commits = GroupCommit(store, linger=60.0)
    yield commits
    store.go.set()
    await commits.close()


async def test_committed_waits_for_all_that_was_put(store: Memory, commits: GroupCommit) -> None:
    """When it returns, every row that was put before stands in the store, in order."""
    for seq in range(5):
        commits.put(run("a"), row(seq))
    assert await commits.committed(run("a"))
    assert store.rows == [(run("a"), seq) for seq in range(5)]


async def test_rows_that_come_during_a_commit_share_the_next_one(store: Memory, commits: GroupCommit) -> None:
    """While a transaction is under way, the rows of all runs gather for one further transaction."""
    store.go.clear()
    commits.put(run("a"), row(1))
    first = asyncio.ensure_future(commits.committed(run("a")))
    await asyncio.sleep(0.05)
    for name in "bcd":
        commits.put(run(name), row(1))
    second = asyncio.ensure_future(commits.committed(run("d")))
    await asyncio.sleep(0.05)
    store.go.set()
    assert await first
    assert await second
    assert [len(batch) for batch in store.batches] == [1, 3]


@pytest.mark.parametrize("error", [DatabaseError("no"), TypeError("not to be written")])
async def test_a_row_that_can_not_be_written_stops_its_run_alone(
    store: Memory, commits: GroupCommit, error: Exception
) -> None:
    """Whatever the error is: rows that come later, of other runs, are written."""
    store.failures = [error]
    commits.put(run("a"), row(1))
    assert not await commits.committed(run("a"))
    commits.put(run("a"), row(2))
    assert not await commits.committed(run("a"))
    commits.put(run("b"), row(1))
    assert await commits.committed(run("b"))
    assert store.rows == [(run("b"), 1)]


async def test_who_makes_more_than_is_written_can_tell(
    store: Memory, commits: GroupCommit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers and what is told count; when they are written there is room again."""
    monkeypatch.setattr(group_commit, "MOST_BEHIND", 1_000)
    commits.put(run("a"), replace(row(1), answer=b"x" * 500))
    commits.put(run("a"), EventRow(type="noted", data={"number": 1}))
    assert not commits.full
    commits.put(run("b"), replace(row(1), told=EventRow(type="message.sent", data={"text": "x" * 500})))
    assert commits.full
    assert await commits.committed(run("a"))
    assert not commits.full


async def test_rows_are_written_though_nobody_waits() -> None:
    """A row is durable soon after it was put, without anyone asking."""
    store = Memory()
    commits = GroupCommit(store, linger=0.01)
    commits.put(run("a"), row(1))
    assert await asyncio.to_thread(store.written.wait, 10)
    assert store.rows == [(run("a"), 1)]
    await commits.close()


async def test_a_row_that_was_dear_to_come_by_is_not_kept_waiting(store: Memory, commits: GroupCommit) -> None:
    """The reply of a call that took long is written at once, with the rows before it, though nobody waits."""
    commits.put(run("a"), row(1))
    paid = Usage(prompt_tokens=9, completion_tokens=1, model_calls=1)
    commits.put(run("a"), CallRow(seq=2, step=1, name="llm_query", digest=b"", state="done", usage=paid, seconds=1.5))
    assert await asyncio.to_thread(store.written.wait, 10)
    assert store.rows == [(run("a"), 1), (run("a"), 2)]


async def test_a_run_that_lost_its_task_is_told_and_writes_no_more(store: Memory, commits: GroupCommit) -> None:
    """The loser learns it at its next wait; the other run of the same batch is kept."""
    store.lost.add(run("a"))
    commits.put(run("a"), row(1))
    commits.put(run("b"), row(1))
    assert not await commits.committed(run("a"))
    assert await commits.committed(run("b"))
    store.lost.clear()
    commits.put(run("a"), row(2))
    assert not await commits.committed(run("a"))
    assert store.rows == [(run("b"), 1)]


async def test_a_database_that_is_gone_loses_nothing(store: Memory, commits: GroupCommit) -> None:
    """The same batch is tried again until it is written."""
    store.failures = [DatabaseUnavailable(), DatabaseUnavailable()]
    commits.put(run("a"), row(1))
    commits.put(run("a"), row(2))
    assert await commits.committed(run("a"))
    assert store.rows == [(run("a"), 1), (run("a"), 2)]


async def test_a_row_that_is_refused_stops_its_own_run_alone(store: Memory, commits: GroupCommit) -> None:
    """What Postgres will never take ends the run that wrote it; its neighbours in the batch are written."""
    store.refused.add(run("bad"))
    commits.put(run("bad"), row(1))
    commits.put(run("good"), row(1))
    assert not await commits.committed(run("bad"))
    assert await commits.committed(run("good"))
    assert store.rows == [(run("good"), 1)]


async def test_closing_writes_what_is_left(store: Memory) -> None:
    """Nothing that was put before the end is lost by it."""
    commits = GroupCommit(store, linger=60.0)
    commits.put(run("a"), row(1))
    await commits.close()
    assert store.rows == [(run("a"), 1)]
