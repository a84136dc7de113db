"""Points of sessions on a real Postgres and in real sandboxes: forks and rewinds, and what is told of variables."""

from __future__ import annotations

from typing import Any

import pytest

from greatwheel.core.clock import SystemClock
from greatwheel.core.errors import Conflict, NotFound, SealBroken
from greatwheel.core.ids import OrgId, SessionId, TaskId, UserId, new_id
from greatwheel.core.tasks import NewSession, Task
from greatwheel.database.database import Database
from greatwheel.runtime import points, sessions
from greatwheel.runtime.group_commit import GroupCommit
from greatwheel.runtime.keeping import Keeping
from greatwheel.runtime.lifecycle import LiveSessions
from greatwheel.runtime.postgres import PostgresStore, connector

from .conftest import make_agent
from .office import ADA, Office, nothing

COUNTING = """
try:
    asked
except NameError:
    asked = []
def handle(task):
    asked.append(task["input"])
    key = SESSION_KEY
    return {"asked": asked, "key": key, "data": len(context) if task["context"] else 0}
"""


async def _tasks(office: Office, *texts: str, session: SessionId | None = None, **rest: Any) -> list[Task]:
    """Tasks that were done one after the other in one session."""
    done: list[Task] = []
    for text in texts:
        session = done[-1].session_id if done else session
        done.append(await office.work(await office.submit(text, session_id=session, **rest)))
        assert done[-1].status == "done", done[-1].error
        rest = {}
    return done


async def _fork(office: Office, session: SessionId, after: TaskId | None = None) -> SessionId:
    async with office.database.org(office.org_id) as conn:
        return await points.fork(conn, office.org_id, session, after=after, user=ADA, sealer=office.sealer)


async def _rewind(office: Office, session: SessionId, after: TaskId) -> None:
    async with office.database.org(office.org_id) as conn:
        await points.rewind(conn, office.org_id, session, after=after)


async def _points(office: Office, session: SessionId) -> list[points.Point]:
    async with office.database.org(office.org_id) as conn:
        return await points.list_points(conn, office.org_id, session)


async def _session(office: Office, session: SessionId) -> sessions.SessionRow:
    async with office.database.org(office.org_id) as conn:
        return await sessions.get(conn, office.org_id, session)


async def _blobs(office: Office) -> int:
    async with office.database.org(office.org_id) as conn:
        rows = await (await conn.execute("select digest from blobs")).fetchall()
    return len(rows)


async def test_a_fork_goes_on_with_the_variables_of_its_point(office: Office) -> None:
    """It knows what was asked up to there and the data, has a key of its own, and leaves the original alone."""
    office.source = COUNTING
    one, two = await _tasks(office, "one", "two", context="x" * 100)
    forked = await _fork(office, one.session_id, one.task_id)
    before = await _session(office, forked)
    assert (before.forked_from, before.key_hash, before.user_id) == (one.session_id, None, ADA)
    assert [(each.asked, each.task_id) for each in before.history] == [("one", one.task_id)]
    [other] = await _tasks(office, "other", session=forked)
    [third] = await _tasks(office, "three", session=one.session_id)
    assert other.result["asked"] == ["one", "other"]
    assert third.result["asked"] == ["one", "two", "three"]
    assert other.result["data"] == third.result["data"] == 100
    assert other.result["key"] != two.result["key"] == third.result["key"]
    [again] = await _tasks(office, "again", session=forked)
    assert again.result["key"] == other.result["key"]


async def test_a_session_that_has_ended_can_be_forked_as_it_is(office: Office) -> None:
    """A fork of now is the session as its last task left it; it can't be rewound any more."""
    office.source = COUNTING
    one, _ = await _tasks(office, "one", "two")
    async with office.database.org(office.org_id) as conn:
        await sessions.end(conn, office.org_id, one.session_id)
    [other] = await _tasks(office, "other", session=await _fork(office, one.session_id))
    assert other.result["asked"] == ["one", "two", "other"]
    with pytest.raises(Conflict, match="has ended"):
        await _rewind(office, one.session_id, one.task_id)


async def test_a_session_without_a_task_can_be_forked(office: Office) -> None:
    """The fork is as new as the session is."""
    office.source = COUNTING
    task = await office.submit("one", context="xyz")
    [other] = await _tasks(office, "other", session=await _fork(office, task.session_id))
    assert other.result["asked"] == ["other"]


async def test_a_dump_of_a_session_is_not_anothers(office: Office) -> None:
    """A fork's dump is sealed for it: neither opens under the other's name."""
    office.source = COUNTING
    [one] = await _tasks(office, "one")
    forked = await _fork(office, one.session_id)
    ours, theirs = await _session(office, forked), await _session(office, one.session_id)
    async with office.database.org(office.org_id) as conn:
        for mine, other in ((ours, theirs), (theirs, ours)):
            keeping = Keeping(org_id=office.org_id, session_id=mine.session_id, sealer=office.sealer)
            assert await keeping.kept_dump(conn, mine.snapshot or b"")
            with pytest.raises(SealBroken):
                await keeping.kept_dump(conn, other.snapshot or b"")


async def test_a_rewind_forgets_what_came_later(office: Office) -> None:
    """Variables, exchanges, points and dumps are those of the point, also for a worker that has a later copy."""
    office.source = COUNTING
    commits = GroupCommit(PostgresStore(connector(office.database.url)))
    live = LiveSessions(SystemClock(), nothing)
    runner = office.runner(commits, live)
    try:
        tasks: list[Task] = []
        for text in ("one", "two", "three"):
            tasks.append(await office.submit(text, session_id=tasks[0].session_id if tasks else None))
            await office.attempt(runner, tasks[-1])
        session = tasks[0].session_id
        assert [point.task_id for point in await _points(office, session)] == [task.task_id for task in tasks]
        await _rewind(office, session, tasks[0].task_id)
        assert [point.asked for point in await _points(office, session)] == ["one"]
        assert await _blobs(office) == 1
        fourth = await office.submit("four", session_id=session)
        await office.attempt(runner, fourth)
        assert (await office.get(fourth)).result["asked"] == ["one", "four"]
        assert [each.asked for each in (await _session(office, session)).history] == ["one", "four"]
        assert (await office.get(tasks[2])).status == "done"
    finally:
        await live.close()
        await commits.close()


async def test_a_session_at_work_is_not_rewound(office: Office) -> None:
    """As long as a task of it waits or is queued, it stays as it is."""
    office.source = HOLDING
    asking = await office.work(await office.submit())
    assert asking.status == "waiting"
    with pytest.raises(Conflict, match="has not ended"):
        await _rewind(office, asking.session_id, asking.task_id)


async def test_there_is_no_way_back_to_what_was_never_there(office: Office) -> None:
    """Neither a task of another session nor an unknown session is a point."""
    office.source = COUNTING
    [one], [two] = await _tasks(office, "one"), await _tasks(office, "two")
    with pytest.raises(NotFound):
        await _rewind(office, one.session_id, two.task_id)
    with pytest.raises(NotFound):
        await _fork(office, one.session_id, two.task_id)
    with pytest.raises(NotFound):
        await _fork(office, SessionId("ses_0"))
    assert await _points(office, SessionId("ses_0")) == []


async def test_only_the_newest_points_are_kept(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """An older point goes, and its dump with it."""
    monkeypatch.setattr(points, "MOST", 2)
    office.source = COUNTING
    tasks = await _tasks(office, "one", "two", "three", "four")
    kept = await _points(office, tasks[0].session_id)
    assert [point.asked for point in kept] == ["three", "four"]
    assert all(point.dump_bytes > 100 for point in kept)
    assert await _blobs(office) == 2


async def test_another_organisation_seesnothing(office: Office, database: Database) -> None:
    """A session and its points are not there for others, whatever they know of it."""
    office.source = COUNTING
    [one] = await _tasks(office, "one")
    other = OrgId(new_id("org"))
    async with database.org(other) as conn:
        await conn.execute("insert into orgs (org_id, name) values (%s, %s)", (other, other))
        await make_agent(conn, other)
        for org in (other, office.org_id):
            assert await points.list_points(conn, org, one.session_id) == []
            with pytest.raises(NotFound):
                await points.fork(
                    conn, org, one.session_id, after=one.task_id, user=UserId("usr"), sealer=office.sealer
                )
            with pytest.raises(NotFound):
                await points.rewind(conn, org, one.session_id, after=one.task_id)
            with pytest.raises(NotFound):
                await sessions.variables(conn, org, one.session_id)


HOLDING = """
import json
numbers = list(range(1000))
said = "half a pair \\udc00 and \\0" + SESSION_KEY
class Thing:
    pass
def handle(task):
    state.checkpoint()
    channel.ask("Go on?")
    return "done"
"""


async def test_what_variables_there_are_is_told(office: Office) -> None:
    """Name, type, size and beginning of what holds data; neither code, nor tools, nor the session's key."""
    office.source = HOLDING
    task = await office.work(await office.submit(context="line\n" * 10))
    await office.answer(task, "yes")
    task = await office.work(task)
    assert task.status == "done", task.error
    async with office.database.org(office.org_id) as conn:
        found = {each["name"]: each for each in await sessions.variables(conn, office.org_id, task.session_id)}
    assert found.keys() >= {"numbers", "said", "context", "task"}
    assert not found.keys() & {"SESSION_KEY", "handle", "Thing", "json", "search", "llm", "Counter"}
    assert (found["numbers"]["type"], found["numbers"]["size"]) == ("list", 1000)
    assert found["numbers"]["preview"].startswith("[0, 1, 2")
    assert "gws_" not in str(found)


async def test_a_task_that_waits_shows_the_variables_of_its_last_boundary(office: Office) -> None:
    """While the first task of a session waits, its data is told of already."""
    office.source = HOLDING
    task = await office.work(await office.submit(context="line\n" * 10))
    assert task.status == "waiting"
    async with office.database.org(office.org_id) as conn:
        found = [each["name"] for each in await sessions.variables(conn, office.org_id, task.session_id)]
    assert "context" in found


async def test_a_rewind_to_the_beginning_begins_anew(office: Office) -> None:
    """The next task finds neither variables nor data of before, in the worker that still has them, too."""
    office.source = COUNTING
    commits = GroupCommit(PostgresStore(connector(office.database.url)))
    live = LiveSessions(SystemClock(), nothing)
    runner = office.runner(commits, live)
    try:
        first = await office.submit("one", context="xyz")
        await office.attempt(runner, first)
        async with office.database.org(office.org_id) as conn:
            await points.rewind(conn, office.org_id, first.session_id, after=None)
        assert await _points(office, first.session_id) == []
        held = await _session(office, first.session_id)
        assert (held.snapshot, held.context, held.history) == (None, None, [])
        again = await office.submit("again", session_id=first.session_id)
        await office.attempt(runner, again)
        done = await office.get(again)
        assert done.result["asked"] == ["again"]
        assert done.result["data"] == 0
        assert len(live) == 1
        assert (await office.get(first)).rewound
        assert not done.rewound
    finally:
        await live.close()
        await commits.close()


async def test_a_session_that_was_made_with_data_keeps_them_for_its_tasks(office: Office) -> None:
    """The first task finds them; data that it brings itself are its `context`, and they are `context_1`."""
    office.source = "def handle(task):\n    return [context, context_1 if task['input'] == 'both' else None]\n"
    order = NewSession(user_id=ADA, agent="worker", context="given")
    async with office.database.org(office.org_id) as conn:
        one, two = [await office.tasks.begin_session(conn, order) for _ in range(2)]
    [alone] = await _tasks(office, "alone", session=one)
    [both] = await _tasks(office, "both", session=two, context="own")
    assert alone.result == ["given", None]
    assert both.result == ["own", "given"]
    assert alone.session_id == one != two
