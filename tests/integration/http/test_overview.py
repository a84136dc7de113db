"""How things stand, the models and the public settings, through the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from psycopg import AsyncConnection

from greatwheel.channels.http.offer import Offer, Price
from greatwheel.channels.http.routes.overview import HOUR, hours_of
from greatwheel.channels.http.statements import SQL
from greatwheel.core.tasks import Task
from greatwheel.database.connection import OrgConnection
from greatwheel.llm.offered import OfferedModel

from .conftest import Caller, House

USED = {"prompt_tokens": 1000, "completion_tokens": 100}


async def _models() -> Sequence[OfferedModel]:
    return (OfferedModel(name="dear", default=True, loaded=True), OfferedModel(name="free"))


OFFER = Offer(models=_models, prices={"dear": Price(prompt=1.0, completion=10.0)}, currency="EUR")


async def ended(house: House, caller: Caller, status: str = "done", usage: dict[str, Any] | None = None) -> Task:
    """A task of the caller that was carried out."""
    task = await house.begin(caller.org_id, (await caller.submit())["task_id"])
    await house.end(task, status, usage=usage or USED)
    return task


async def test_what_runs_and_waits_is_counted(house: House, admin: Caller, member: Caller, stranger: Caller) -> None:
    """An admin sees the organisation's tasks by state, a member their own, nobody another organisation's."""
    await admin("PATCH", "/api/organisation", json={"concurrency": 2})
    await house.begin(admin.org_id, (await member.submit())["task_id"])
    asking = await house.begin(admin.org_id, (await admin.submit())["task_id"])
    await house.ask(asking, "which?")
    await admin.submit()
    await admin.submit()
    told = await admin("GET", "/api/overview")
    assert told["tasks"] == {"queued": 1, "admitted": 1, "running": 1, "waiting": 1, "dead": 0}
    assert 0 <= told["oldest_queued_seconds"] < 60
    own = await member("GET", "/api/overview")
    assert own["tasks"] == {"queued": 0, "admitted": 0, "running": 1, "waiting": 0, "dead": 0}
    assert own["oldest_queued_seconds"] is None
    assert set((await stranger("GET", "/api/overview"))["tasks"].values()) == {0}


async def test_what_ended_is_told_by_the_hour(house: House, admin: Caller, member: Caller) -> None:
    """Each hour has its tasks, errors and tokens; those without any are there, too."""
    await ended(house, admin)
    await ended(house, member, "failed")
    told = await admin("GET", "/api/overview", params={"hours": 3})
    hours = [datetime.fromisoformat(each["hour"]) for each in told["hours"]]
    assert [after - before for before, after in pairwise(hours)] == [HOUR, HOUR]
    assert hours[-1] <= datetime.fromisoformat(told["at"]) < hours[-1] + HOUR
    assert sum(each["tasks"] for each in told["hours"]) == 2
    assert sum(each["errors"] for each in told["hours"]) == 1
    assert sum(each["prompt_tokens"] + each["completion_tokens"] for each in told["hours"]) == 2200
    assert {each["cost"] for each in told["hours"]} == {None}
    own = (await member("GET", "/api/overview"))["hours"]
    assert sum(each["tasks"] for each in own) == 1
    await admin("GET", "/api/overview", 422, params={"hours": 169})


async def test_tokens_below_a_task_are_counted_once_and_for_their_own_model(house: House, admin: Caller) -> None:
    """A task's use holds that of the tasks below it: what they cost is by the model that did it."""
    house.app.state.offer = OFFER
    parent, child = await ended(house, admin), await ended(house, admin, usage={"prompt_tokens": 400})
    async with house.parts.database.org(admin.org_id) as conn:
        await _put_below(conn, parent, child)
    told = await admin("GET", "/api/overview")
    assert told["currency"] == "EUR"
    assert sum(each["prompt_tokens"] for each in told["hours"]) == 1000
    # 600 and 100 tokens of the dear model, which is the default; the child's 400 were free.
    assert round(sum(each["cost"] for each in told["hours"]), 9) == (600 * 1.0 + 100 * 10.0) / 1e6


async def _put_below(conn: OrgConnection, parent: Task, child: Task) -> None:
    values = (parent.task_id, child.org_id, child.task_id)
    await conn.execute("update tasks set parent_id = %s, model = 'free' where org_id = %s and task_id = %s", values)


def test_what_ended_after_the_last_hour_began_is_left_to_the_next_look() -> None:
    """A row of an hour that is not asked for changes nothing."""
    since = datetime(2026, 1, 1, tzinfo=UTC)
    row = {"tasks": 1, "errors": 0, "prompt_tokens": 5, "completion_tokens": 5, "model": None}
    rows = [{**row, "hour": since}, {**row, "hour": since + timedelta(hours=2)}]
    assert [hour.tasks for hour in hours_of(rows, since, 2, OFFER, "dear")] == [1, 0]


async def test_very_many_tasks_are_no_burden(house: House, admin: Caller, database_url: str) -> None:
    """Hours and states are looked up by their own indexes: what ended long ago, and what is done, is not read."""
    task = await admin.submit()
    now = datetime.now(UTC)
    who = {"org": admin.org_id, "user": None}
    async with house.parts.database.org(admin.org_id) as conn:
        await conn.execute(MANY, {"org": admin.org_id, "task": task["task_id"]})
    async with await AsyncConnection.connect(database_url, autocommit=True) as owner:
        await owner.execute("vacuum analyze tasks")
    async with house.parts.database.org(admin.org_id) as conn:
        hours = await _plan(conn, "overview_hours", {**who, "since": now - 3 * HOUR})
        states = await _plan(conn, "overview_open", who)
        dead = {"session": None, "agent": None, "parent": None, "roots": True, "at": None, "key": None}
        board = await _plan(conn, "list_tasks", {**who, **dead, "status": ["dead"], "chars": 9, "limit": 9})
    assert "tasks_finished" in hours
    assert "tasks_board" in board
    assert "tasks_board" in states or "tasks_open_by_session" in states


MANY = """
insert into tasks (org_id, task_id, session_id, user_id, agent_id, agent_version, input, root_id, status, created_at,
  finished_at)
select t.org_id, t.task_id || i, t.session_id, t.user_id, t.agent_id, t.agent_version, t.input, t.task_id || i,
  case when i %% 100 = 0 then 'dead' else 'done' end::task_status, now() - i * interval '1 minute',
  now() - i * interval '1 minute'
from tasks t, generate_series(1, 3000) i where t.org_id = %(org)s and t.task_id = %(task)s
"""


async def _plan(conn: OrgConnection, statement: str, values: dict[str, Any]) -> str:
    rows = await (await conn.execute(f"explain {SQL[statement]}", values)).fetchall()
    return "\n".join(row["QUERY PLAN"] for row in rows)


async def test_workers_that_are_silent_are_not_alive(house: House, admin: Caller) -> None:
    """A worker is alive as long as it was heard of in the last half minute."""
    assert (await admin("GET", "/api/overview"))["workers"] == {"alive": 0, "last_heard_seconds": None}
    async with house.parts.database.system() as conn:
        await conn.execute(
            "insert into procrastinate_workers (last_heartbeat) values (now()), (now() - '1 h'::interval)"
        )
    told = (await admin("GET", "/api/overview"))["workers"]
    assert (told["alive"], told["last_heard_seconds"] < 30) == (1, True)


async def test_models_are_listed(house: House, member: Caller) -> None:
    """The models of the installation, the default first; none when there is none."""
    assert (await member("GET", "/api/models"))["items"] == []
    house.app.state.offer = OFFER
    assert (await member("GET", "/api/models"))["items"] == [
        {"name": "dear", "default": True, "loaded": True},
        {"name": "free", "default": False, "loaded": False},
    ]


async def test_public_settings_need_a_key_and_tell_no_secret(house: House, member: Caller) -> None:
    """Version, agent, models, limits and what this server offers; no price, no address."""
    house.app.state.offer = OFFER
    told = await member("GET", "/api/config")
    assert (told["default_agent"], told["default_model"], told["models"]) == ("triage", "dear", ["dear", "free"])
    assert (told["priced"], told["currency"], told["upload_bytes"]) == (True, "EUR", 100_000_000)
    assert all(isinstance(offered, bool) for offered in told["features"].values())
    assert (await house.client().get("/api/config")).status_code == 401


async def test_two_versions_are_compared(admin: Caller, member: Caller, stranger: Caller) -> None:
    """Members may see what changed, as a unified diff; of another organisation there is no agent."""
    await admin("PUT", "/api/agents/worker", json={"source": "def handle(task):\n    return 2\n"})
    path = "/api/agents/worker/diff"
    told = await member("GET", path, params={"from": 1, "to": 2})
    assert told == {
        "from": 1,
        "to": 2,
        "diff": "--- worker version 1\n+++ worker version 2\n@@ -1,2 +1,2 @@\n def handle(task):\n"
        "-    return 1\n+    return 2\n",
    }
    assert (await member("GET", path, params={"from": 2, "to": 2}))["diff"] == ""
    await member("GET", path, 404, params={"from": 1, "to": 3})
    await member("GET", path, 422, params={"from": 1})
    made = await admin("GET", "/api/agents/worker")
    await stranger("GET", f"/api/agents/{made['agent_id']}/diff", 404, params={"from": 1, "to": 2})
