"""Sessions: variables, exchanges, points, forks, rewinds, lineage, keys."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from greatwheel.core.ids import SessionId, TaskId
from greatwheel.runtime import points, sessions
from greatwheel.runtime.keeping import Keeping
from greatwheel.runtime.sessions import Exchange

from .conftest import SOURCE, Caller, House


async def talk(house: House, caller: Caller, texts: Sequence[str]) -> tuple[str, list[str]]:
    """A session with a task for each text, each ended as a worker ends it; the session and the tasks."""
    session, done, told = "", [], []
    for number, text in enumerate(texts):
        made = await caller.submit(text, **({"session_id": session} if session else {}))
        session = made["session_id"]
        task = await house.begin(caller.org_id, made["task_id"])
        await house.end(task, answer=f"answer {number}")
        done.append(made["task_id"])
        told.append(Exchange(asked=text, answer=f"answer {number}", task_id=task.task_id))
        await leave(house, caller, session, task.task_id, told, number)
    return session, done


async def leave(
    house: House, caller: Caller, session: str, task: TaskId, told: Sequence[Exchange], number: int
) -> None:
    """What an ended task leaves in its session: a dump, the variables, the exchanges and a point."""
    shown = [{"name": "n", "type": "int", "size": None, "preview": str(number)}]
    session_id = SessionId(session)
    keeping = Keeping(org_id=caller.org_id, session_id=session_id, sealer=house.parts.sealer)
    async with house.parts.database.org(caller.org_id) as conn:
        snapshot = await keeping.keep_dump(conn, b"dump %d" % number)
        await sessions.end_task(
            conn, caller.org_id, session_id, snapshot=snapshot, context=None, history=told, variables=shown
        )
        await points.keep(conn, caller.org_id, session_id, task, snapshot=snapshot, context=None, variables=shown)


async def variable(caller: Caller, session: str) -> Any:
    """The preview of the session's one variable."""
    (shown,) = (await caller("GET", f"/api/sessions/{session}/variables"))["items"]
    assert (shown["name"], shown["type"], shown["size"]) == ("n", "int", None)
    return shown["preview"]


async def asked(caller: Caller, session: str) -> list[str]:
    """What was asked in the session."""
    return [each["asked"] for each in (await caller("GET", f"/api/sessions/{session}/history"))["items"]]


async def test_a_session_tells_its_exchanges_and_variables(house: House, member: Caller) -> None:
    """Each exchange names its task; the variables are those of its last task; a new session has neither."""
    session, tasks = await talk(house, member, ["one", "two"])
    history = (await member("GET", f"/api/sessions/{session}/history"))["items"]
    assert history == [
        {"asked": "one", "answered": "answer 0", "task_id": tasks[0]},
        {"asked": "two", "answered": "answer 1", "task_id": tasks[1]},
    ]
    assert (await member("GET", f"/api/sessions/{session}"))["history"] == history
    assert await variable(member, session) == "1"
    fresh = (await member.submit())["session_id"]
    for part in ("history", "variables", "points"):
        assert (await member("GET", f"/api/sessions/{fresh}/{part}"))["items"] == []


async def test_a_session_is_taken_back(house: House, member: Caller) -> None:
    """After a rewind the session is as it was after that task; the later points are gone, the tasks are not."""
    session, tasks = await talk(house, member, ["one", "two", "three"])
    told = (await member("GET", f"/api/sessions/{session}/points"))["items"]
    assert [(point["task_id"], point["asked"]) for point in told] == list(
        zip(tasks, ("one", "two", "three"), strict=True)
    )
    assert all(point["dump_bytes"] > 0 for point in told)
    facts = await member("POST", f"/api/sessions/{session}/rewind", json={"task_id": tasks[1]})
    assert [each["asked"] for each in facts["history"]] == ["one", "two"] == await asked(member, session)
    assert await variable(member, session) == "1"
    assert len((await member("GET", f"/api/sessions/{session}/points"))["items"]) == 2
    assert (await member("GET", f"/api/tasks/{tasks[2]}"))["answer"] == "answer 2"
    await member("POST", f"/api/sessions/{session}/rewind", 404, json={"task_id": tasks[2]})


async def test_a_session_at_work_or_ended_is_not_taken_back(house: House, member: Caller) -> None:
    """While a task of it has not ended, and after its end, a rewind is 409; a fork is made in both cases."""
    session, tasks = await talk(house, member, ["one"])
    going = await member.submit("two", session_id=session)
    back = {"task_id": tasks[0]}
    await member("POST", f"/api/sessions/{session}/rewind", 409, json=back)
    assert await asked(member, (await member("POST", f"/api/sessions/{session}/fork", 201, json={}))["session_id"])
    await member("POST", f"/api/tasks/{going['task_id']}/cancel")
    await member("DELETE", f"/api/sessions/{session}", 204)
    await member("POST", f"/api/sessions/{session}/rewind", 409, json=back)
    await member("POST", f"/api/sessions/{session}/fork", 201, json=back)


async def test_a_fork_goes_its_own_way(house: House, member: Caller) -> None:
    """It begins at a point or where the session stands; what is done in one is not seen in the other."""
    session, tasks = await talk(house, member, ["one", "two"])
    early = await member("POST", f"/api/sessions/{session}/fork", 201, json={"task_id": tasks[0]})
    late = await member("POST", f"/api/sessions/{session}/fork", 201, json={})
    assert (early["forked_from"], early["user_id"], early["agent"]) == (session, member.user_id, "worker")
    assert await asked(member, early["session_id"]) == ["one"]
    assert await asked(member, late["session_id"]) == ["one", "two"]
    assert await variable(member, early["session_id"]) == "0"
    await member.submit("three", session_id=early["session_id"])
    assert await asked(member, session) == ["one", "two"]
    await member("POST", f"/api/sessions/{session}/fork", 404, json={"task_id": "tsk_none"})
    await member("POST", f"/api/sessions/{session}/fork", 422, json={"task": tasks[0]})
    await member("POST", f"/api/sessions/{session}/fork", 400, json={"task_id": "\x00"})


async def test_lineage_tells_ancestors_and_forks(house: House, admin: Caller, member: Caller) -> None:
    """Ancestors nearest first, forks of forks too; a member sees own ones alone."""
    first, _ = await talk(house, member, ["one"])
    second = (await member("POST", f"/api/sessions/{first}/fork", 201, json={}))["session_id"]
    third = (await member("POST", f"/api/sessions/{second}/fork", 201, json={}))["session_id"]
    admins = (await admin("POST", f"/api/sessions/{second}/fork", 201, json={}))["session_id"]
    assert (await admin("GET", f"/api/sessions/{admins}"))["user_id"] == admin.user_id

    async def line(caller: Caller, session: str) -> tuple[list[str], list[tuple[str, str]]]:
        told = await caller("GET", f"/api/sessions/{session}/lineage")
        forks = [(each["session_id"], each["forked_from"]) for each in told["forks"]]
        return [each["session_id"] for each in told["ancestors"]], forks

    assert await line(member, first) == ([], [(second, first), (third, second)])
    assert await line(member, third) == ([second, first], [])
    assert await line(admin, first) == ([], [(second, first), (third, second), (admins, second)])
    told = await member("GET", f"/api/sessions/{second}/lineage")
    assert (told["ancestors"][0]["title"], told["forks"][0]["title"]) == ("one", None)
    await member("GET", f"/api/sessions/{admins}/lineage", 404)


async def test_a_revoked_key_stops_the_session(member: Caller) -> None:
    """After that no task of the session is taken; a second time, and on an ended session, it is the same."""
    made = await member.submit()
    session = made["session_id"]
    for _ in range(2):
        await member("DELETE", f"/api/sessions/{session}/key", 204)
    await member("POST", "/api/tasks", 409, json={"input": "x", "session_id": session})
    await member("DELETE", f"/api/sessions/{session}", 204)
    await member("DELETE", f"/api/sessions/{session}/key", 204)


@pytest.mark.parametrize("part", ["history", "variables", "points", "lineage"])
async def test_others_sessions_are_not_there(house: House, admin: Caller, member: Caller, part: str) -> None:
    """A member gets 404 for another user's session, whatever is asked of it; nothing of it changes."""
    session, tasks = await talk(house, admin, ["one"])
    await member("GET", f"/api/sessions/{session}/{part}", 404)
    await member("POST", f"/api/sessions/{session}/fork", 404, json={})
    await member("POST", f"/api/sessions/{session}/rewind", 404, json={"task_id": tasks[0]})
    await member("DELETE", f"/api/sessions/{session}/key", 404)
    await admin("GET", f"/api/sessions/{session}/{part}")


async def test_a_rewind_marks_the_tasks_that_it_took_back(house: House, member: Caller) -> None:
    """Done, failed and stopped ones that came later are marked, on their own and in lists, and can't be retried."""
    session, tasks = await talk(house, member, ["one", "two"])
    failed = await member.submit("three", session_id=session)
    await house.end(await house.begin(member.org_id, failed["task_id"]), "failed", error="ValueError: no")
    stopped = await member.submit("four", session_id=session)
    await member("POST", f"/api/tasks/{stopped['task_id']}/cancel")
    await member("POST", f"/api/sessions/{session}/rewind", json={"task_id": tasks[0]})
    after = await member.submit("five", session_id=session)
    listed = (await member("GET", f"/api/tasks?session={session}"))["items"]
    marked = [*tasks[1:], failed["task_id"], stopped["task_id"]]
    assert {each["task_id"]: each["rewound"] for each in listed} == {
        **dict.fromkeys(marked, True), tasks[0]: False, after["task_id"]: False,
    }  # fmt: skip
    assert (await member("GET", f"/api/tasks/{failed['task_id']}"))["rewound"] is True
    refused = await member("POST", f"/api/tasks/{failed['task_id']}/retry", 409)
    assert "taken back" in refused["error"]["message"]


async def test_an_order_can_take_the_session_back_first(house: House, member: Caller) -> None:
    """The session is as after that task, or as at its beginning, before the new task joins it."""
    session, tasks = await talk(house, member, ["one", "two", "three"])
    made = await member.submit("two again", session_id=session, rewind_to=tasks[0])
    assert await asked(member, session) == ["one"]
    assert await variable(member, session) == "0"
    await house.end(await house.begin(member.org_id, made["task_id"]))
    again = await member.submit("one again", session_id=session, rewind_to="")
    facts = await member("GET", f"/api/sessions/{session}")
    assert (facts["history"], facts["has_context"]) == ([], False)
    for part in ("variables", "points"):
        assert (await member("GET", f"/api/sessions/{session}/{part}"))["items"] == []
    listed = (await member("GET", f"/api/tasks?session={session}"))["items"]
    assert [each["task_id"] for each in listed if not each["rewound"]] == [again["task_id"]]


async def test_a_refused_order_takes_nothing_back(house: House, admin: Caller, member: Caller) -> None:
    """Whatever is wrong with it, or with where it is to go back to, the session stays as it was."""
    session, tasks = await talk(house, member, ["one", "two"])
    await admin("PUT", "/api/limits", 204, json={"metric": "tasks", "period": "day", "hard": 0})
    await admin("POST", "/api/agents", 201, json={"name": "other", "source": SOURCE})
    order = {"input": "x", "session_id": session, "rewind_to": tasks[0]}
    for status, wrong in (
        (429, {}),
        (400, {"input": "   "}),
        (400, {"model": "nobody's"}),
        (400, {"budget": {"tokens": 10**9}}),
        (404, {"upload_id": "upl_none"}),
        (404, {"rewind_to": "tsk_none"}),
        (404, {"session_id": "ses_none"}),
        (409, {"agent": "other"}),
        (422, {"session_id": None}),
    ):
        await member("POST", "/api/tasks", status, json={**order, **wrong})
        assert await asked(member, session) == ["one", "two"]
        assert await variable(member, session) == "1"
    assert not any(each["rewound"] for each in (await member("GET", "/api/tasks"))["items"])
    await admin("POST", "/api/tasks", 404, json=order)
    assert await asked(member, session) == ["one", "two"]


async def test_an_order_that_comes_twice_takes_back_once(house: House, member: Caller) -> None:
    """The second order gives the first one's task, and leaves what has come of it."""
    session, tasks = await talk(house, member, ["one", "two"])
    order = {"input": "again", "session_id": session, "rewind_to": ""}
    headers = {"idempotency-key": "edit"}
    first, second = await asyncio.gather(
        *(member("POST", "/api/tasks", 202, json=order, headers=headers) for _ in range(2))
    )
    assert first["task_id"] == second["task_id"]
    task = await house.begin(member.org_id, first["task_id"])
    await house.end(task)
    told = [Exchange(asked="again", answer="", task_id=task.task_id)]
    await leave(house, member, session, task.task_id, told, 7)
    assert (await member("POST", "/api/tasks", 202, json=order, headers=headers))["task_id"] == task.task_id
    assert await asked(member, session) == ["again"]
    assert await variable(member, session) == "7"
    assert {each["task_id"] for each in (await member("GET", "/api/tasks"))["items"] if each["rewound"]} == set(tasks)


async def test_a_fork_has_no_beginning_to_go_back_to(house: House, member: Caller) -> None:
    """What it began with is its ancestor's, which can be forked again: 409."""
    session, _ = await talk(house, member, ["one"])
    forked = (await member("POST", f"/api/sessions/{session}/fork", 201, json={}))["session_id"]
    refused = await member("POST", "/api/tasks", 409, json={"input": "x", "session_id": forked, "rewind_to": ""})
    assert "fork again" in refused["error"]["message"]
