"""The journal on a real Postgres."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.rows import DictRow

from greatwheel.core.errors import DatabaseUnavailable, LeaseLost, SealBroken
from greatwheel.core.ids import OrgId, SessionId
from greatwheel.core.usage import Usage
from greatwheel.database.connection import OrgConnection
from greatwheel.database.database import Database
from greatwheel.database.migration import parse_url
from greatwheel.runtime.group_commit import GroupCommit, Run
from greatwheel.runtime.journal import CallRow, EventRow, decoded, digest_of, encoded
from greatwheel.runtime.keeping import Keeping
from greatwheel.runtime.postgres import PostgresJournal, PostgresStore, connector, forget_deltas, read_calls
from greatwheel.runtime.record import Prefix, RecordedCall, ReplayMismatch
from greatwheel.runtime.services import Waiting
from greatwheel.tenancy.sealing import Sealer

from .conftest import make_task


def row(seq: int, answer: object = "yes", **rest: object) -> CallRow:
    values = {
        "step": 1,
        "state": "done",
        "answer": None if answer is None else encoded(answer),
        "usage": Usage(prompt_tokens=3, completion_tokens=1),
    }
    return CallRow(
        seq=seq, name="llm_query", digest=digest_of("llm_query", (seq,), {}), **(values | rest)  # type: ignore[arg-type]
    )  # fmt: skip


async def calls(database: Database, run: Run, **after: int) -> list[RecordedCall]:
    async with database.org(run.org_id) as conn:
        where = {"after_call": 0, "after_step": 0} | after
        return await read_calls(conn, run.org_id, run.task_id, **where)


async def take_over(database: Database, run: Run) -> None:
    async with database.org(run.org_id) as conn:
        await conn.execute("update tasks set epoch = epoch + 1 where task_id = %s", (run.task_id,))


async def test_what_was_written_is_read_again(database: Database, journal: PostgresJournal, run: Run) -> None:
    """Values come back in their types, with what they cost, and are found by the same call alone."""
    value = {"a": (1, {2}), "nul": "\0", "half": "\ud800", "big": 10**40}
    journal.served(row(1, value))
    journal.served(row(2, state="failed", answer=None, error="ValueError: no\0"))
    await journal.committed()
    found = await calls(database, run)
    assert [(each.call, each.state) for each in found] == [(1, "done"), (2, "failed")]
    assert found[0].result == value
    assert found[0].usage.tokens == 4
    assert found[1].error == "ValueError: no\ufffd"
    prefix = Prefix(calls={each.call: each for each in found})
    assert prefix.answer_to(1, "llm_query", (1,), {}) == found[0]
    with pytest.raises(ReplayMismatch):
        prefix.answer_to(1, "llm_query", (2,), {})


@pytest.mark.parametrize("text", ["a\0b", "\\u0000", "\ud800", 'x = "\\u0000\0"'])
async def test_any_text_may_be_told(database: Database, journal: PostgresJournal, run: Run, text: str) -> None:
    """An event keeps what a model wrote, the letters of an escape too; only what Postgres refuses is replaced."""
    journal.event("step.started", {"code": text, text: [text]})
    await journal.committed()
    async with database.org(run.org_id) as conn:
        told = await (await conn.execute("select data from task_events where task_id = %s", (run.task_id,))).fetchone()
    kept = text.replace("\0", "\ufffd").replace("\ud800", "?")
    assert told == {"data": {"code": kept, kept: [kept]}}


async def test_the_pieces_of_a_reply_go_when_it_comes(database: Database, journal: PostgresJournal, run: Run) -> None:
    """In the transaction that writes the reply's row and tells it; those of other replies stay."""
    for place in ({"step": 1}, {"step": 2}, {"call": 3}, {"call": 1}):
        journal.event("model.delta", {**place, "text": "wor", "attempt": 1})
    await journal.committed()
    told = EventRow(type="model.replied", data={"text": "word"})
    journal.served(row(-2, step=2, told=told, streamed=True))
    journal.served(row(3, streamed=True))
    journal.served(row(1))
    await journal.committed()
    async with database.org(run.org_id) as conn:
        rows = await (await conn.execute("select type, data from task_events order by seq")).fetchall()
        places = [row["data"].get("step", row["data"].get("call")) for row in rows if row["type"] == "model.delta"]
        assert places == [1, 1]
        assert [row["data"] for row in rows if row["type"] == "model.replied"] == [{"text": "word"}]
        await forget_deltas(conn, run.org_id, run.task_id)
        left = await (await conn.execute("select type from task_events")).fetchall()
    assert [row["type"] for row in left] == ["model.replied"]


async def test_only_what_follows_the_boundary_is_read(database: Database, journal: PostgresJournal, run: Run) -> None:
    """Calls and replies of before the boundary stay in the journal, and are not read for an attempt."""
    for seq in (-1, 1, 2, -2, 3):
        journal.served(row(seq))
    await journal.committed()
    assert [each.call for each in await calls(database, run, after_call=2, after_step=1)] == [-2, 3]


async def test_an_effect_has_two_halves(database: Database, journal: PostgresJournal, run: Run) -> None:
    """Its intention is durable before it happens, its result replaces it."""
    await journal.intend(row(1, state="started", answer=None))
    assert [each.state for each in await calls(database, run)] == ["started"]
    journal.served(row(1, "sent"))
    await journal.committed()
    assert [(each.state, each.result) for each in await calls(database, run)] == [("done", "sent")]


async def test_a_record_and_its_row_are_one(database: Database, journal: PostgresJournal, run: Run) -> None:
    """What a handler wrote is there with its row; when it fails, neither is."""

    async def store(conn: OrgConnection) -> str:
        await conn.execute("insert into memories (org_id, scope, key, value) values (%s, 's', 'k', 'v')", (run.org_id,))
        return "stored"

    async def fail(conn: OrgConnection) -> str:
        await store(conn)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await journal.record(lambda result: row(1, result), fail)
    assert await calls(database, run) == []
    assert await journal.record(lambda result: row(1, result), store) == "stored"
    assert [each.result for each in await calls(database, run)] == ["stored"]


async def test_rows_before_a_record_are_durable_with_it(database: Database, journal: PostgresJournal, run: Run) -> None:
    """No gap: a barrier writes all that came before it."""
    for seq in range(1, 6):
        journal.served(row(seq))

    async def nothing(conn: OrgConnection) -> None:
        assert [each.call for each in await calls(database, run)] == [1, 2, 3, 4, 5]

    await journal.record(lambda result: row(6), nothing)
    assert len(await calls(database, run)) == 6


async def test_a_waiting_call_has_no_answer_yet(database: Database, journal: PostgresJournal, run: Run) -> None:
    """Its row says that it waits, and until when."""
    until = datetime(2030, 1, 1, tzinfo=UTC)

    async def ask(conn: OrgConnection) -> Waiting:
        return Waiting(expires_at=until)

    await journal.wait(lambda waiting: row(1, state="waiting", answer=None, expires_at=waiting.expires_at), ask)
    async with database.org(run.org_id) as conn:
        found = await (await conn.execute("select state, answer, expires_at from host_calls")).fetchone()
    assert found == {"state": "waiting", "answer": None, "expires_at": until}


@pytest.mark.parametrize("newest_first", [True, False])
async def test_of_two_runs_of_a_task_the_later_one_writes(database: Database, run: Run, newest_first: bool) -> None:
    """A batch with rows of both (a slow worker took over its own task) keeps the later run's, in whichever order."""
    store, later = PostgresStore(connector(database.url)), replace(run, epoch=2)
    await take_over(database, run)
    batch = [(later, row(1)), (run, row(1, "of the earlier")), (run, row(2))]
    lost = await asyncio.to_thread(store.commit, batch if newest_first else batch[::-1])
    store.close()
    assert lost == {run}
    assert [(each.call, each.result) for each in await calls(database, run)] == [(1, "yes")]


async def test_what_is_known_to_be_lost_is_not_served(database: Database, journal: PostgresJournal, run: Run) -> None:
    """Once a write has shown that another attempt has begun, the next call of this one ends it."""
    await take_over(database, run)
    journal.served(row(1))
    with pytest.raises(LeaseLost):
        await journal.committed()
    with pytest.raises(LeaseLost):
        journal.served(row(2))


async def test_a_worker_that_was_taken_for_dead_writes_nothing(
    database: Database, journal: PostgresJournal, run: Run
) -> None:
    """After another attempt has begun, every way to write is refused, and nothing of it is there."""

    async def nothing(conn: OrgConnection) -> Waiting:
        return Waiting()

    await take_over(database, run)
    journal.served(row(1))
    with pytest.raises(LeaseLost):
        await journal.committed()
    for attempt in (
        journal.intend(row(2)),
        journal.record(lambda result: row(3), nothing),
        journal.wait(lambda waiting: row(4), nothing),
        journal.boundary({"step": 1}, b"dump"),
    ):
        with pytest.raises(LeaseLost):
            await attempt
    assert await calls(database, run) == []
    async with database.org(run.org_id) as conn:
        kept = await (await conn.execute("select boundary, snapshot from tasks")).fetchone()
        blobs = await (await conn.execute("select count(*) from blobs")).fetchone()
    assert (kept, blobs) == ({"boundary": None, "snapshot": None}, {"count": 0})


async def test_one_lost_run_does_not_stop_the_others(
    database: Database, commits: GroupCommit, keeping: Keeping, run: Run
) -> None:
    """Runs of one batch are judged one by one."""
    async with database.org(run.org_id) as conn:
        other = await make_task(conn, run.org_id)
    await take_over(database, run)
    lost, kept = (PostgresJournal(database, commits, each, keeping, None) for each in (run, other))
    lost.served(row(1))
    kept.served(row(1))
    lost.event("step.started", {"step": 1})
    kept.event("step.started", {"step": 1, "text": "nul \0 and half \ud800"})
    outcomes = await asyncio.gather(lost.committed(), kept.committed(), return_exceptions=True)
    assert [type(each) for each in outcomes] == [LeaseLost, type(None)]
    assert (len(await calls(database, run)), len(await calls(database, other))) == (0, 1)
    async with database.org(run.org_id) as conn:
        events = await (await conn.execute("select task_id, data from task_events")).fetchall()
    assert events == [{"task_id": other.task_id, "data": {"step": 1, "text": "nul \ufffd and half ?"}}]


async def test_a_boundary_keeps_one_dump(
    database: Database, journal: PostgresJournal, keeping: Keeping, run: Run
) -> None:
    """The newest dump opens again; the one before is gone; a boundary without a dump keeps the last one."""
    for number in (1, 2):
        await journal.boundary({"step": number, "usage": {"prompt_tokens": 5}}, b"dump %d" % number)
    await journal.boundary({"step": 3, "text": "nul \0"}, None)
    async with database.org(run.org_id) as conn:
        found = await (await conn.execute("select boundary, snapshot, usage from tasks")).fetchone()
        blobs = await (await conn.execute("select count(*) from blobs")).fetchone()
        assert found is not None
        assert await keeping.kept_dump(conn, found["snapshot"]) == b"dump 2"
    assert decoded(found["boundary"]) == {"step": 3, "text": "nul \0"}
    assert blobs == {"count": 1}


async def test_a_dump_opens_for_its_own_session_alone(
    database: Database, keeping: Keeping, org_id: OrgId, sealer: Sealer
) -> None:
    """One that was altered, or is another session's, is refused."""
    async with database.org(org_id) as conn:
        digest = await keeping.keep_dump(conn, b"variables")
        with pytest.raises(SealBroken):
            await Keeping(org_id=org_id, session_id=SessionId("ses_2"), sealer=sealer).kept_dump(conn, digest)
        await conn.execute("update blobs set data = set_byte(data, length(data) - 1, 7)")
        with pytest.raises(SealBroken):
            await keeping.kept_dump(conn, digest)


class Cut(psycopg.Connection[DictRow]):
    """A connection that is lost when it commits for the first time, at one moment of that."""

    moment = "after"

    def commit(self) -> None:
        moment, Cut.moment = Cut.moment, ""
        if moment == "after" or not moment:
            super().commit()
        if moment == "never":
            kept_open.append(self)
        if moment:
            raise psycopg.OperationalError("the connection is lost")

    def rollback(self) -> None:
        """What is lost can't be told anything."""

    def close(self) -> None:
        """What is kept open looks to the server as a client that is silent."""
        if self not in kept_open:
            super().close()


kept_open: list[Cut] = []


@pytest.mark.parametrize("moment", ["before", "after", "never"])
async def test_what_is_told_is_told_once_though_a_commit_s_end_was_not_heard(
    database: Database, run: Run, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """A batch is written again only if it was not written: its events have no number of their own."""
    Cut.moment = moment
    monkeypatch.setattr(psycopg, "connect", Cut.connect)
    options = f"{parse_url(database.url).get('options', '')} -c idle_in_transaction_session_timeout=500ms"
    store = PostgresStore(connector(make_conninfo(database.url, options=options)))
    told = EventRow(type="message.sent", data={"text": "hello"})
    batch = [(run, row(1, None, told=told)), (run, EventRow(type="step.started", data={}))]
    tries = 1
    try:
        while True:
            try:
                assert await asyncio.to_thread(store.commit, list(batch)) == frozenset()
                break
            except DatabaseUnavailable:
                tries += 1
                await asyncio.sleep(0.1)
    finally:
        for connection in kept_open:
            psycopg.Connection.close(connection)
        kept_open.clear()
        store.close()
    assert (tries > 2) == (moment == "never")
    async with database.org(run.org_id) as conn:
        events = await (await conn.execute("select type from task_events order by seq")).fetchall()
    assert sorted(event["type"] for event in events) == ["message.sent", "step.started"]
    assert [each.call for each in await calls(database, run)] == [1]
