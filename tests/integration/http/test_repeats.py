"""Orders that come twice, and sessions that are made before anything is asked in them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from greatwheel.core.ids import SessionId
from greatwheel.runtime import sessions

from .conftest import SOURCE, Caller, House

KEY = {"idempotency-key": "once"}
OTHER: dict[str, Any] = {
    "input": "something else",
    "agent": "worker2",
    "context": ["other"],
    "instructions": "Be brief.",
    "priority": 1,
    "budget": {"steps": 2},
}
"""For each field of an order another value than `ORDER` has; the agent `worker2` is made where it is needed."""
ORDER: dict[str, Any] = {"input": "do it", "agent": "worker", "context": [1, {"b": None, "a": "ä"}]}


async def same(caller: Caller, path: str, status: int, order: dict[str, Any]) -> str:
    """What the order gives, and gives again when it comes in another order of fields."""
    orders = (order, dict(reversed(order.items())))
    made = [await caller("POST", path, status, json=each, headers=KEY) for each in orders]
    first, again = (each.get("task_id") or each["session_id"] for each in made)
    assert first == again
    return str(first)


async def test_a_second_order_with_the_same_key_says_the_same(member: Caller, admin: Caller) -> None:
    """It gives the first one's task; whatever field of it says something else, it is 409 and nothing is made."""
    await admin("POST", "/api/agents", 201, json={"name": "worker2", "source": SOURCE})
    task = await same(member, "/api/tasks", 202, ORDER)
    for field, value in OTHER.items():
        refused = await member("POST", "/api/tasks", 409, json={**ORDER, field: value}, headers=KEY)
        assert refused["error"]["code"] == "conflict.idempotency_key_reused"
    assert await same(member, "/api/tasks", 202, ORDER) == task
    assert [each["task_id"] for each in (await member("GET", "/api/tasks"))["items"]] == [task]
    await admin("POST", "/api/tasks", 202, json={**ORDER, "input": "another's"}, headers=KEY)


async def test_every_channel_holds_an_order_to_its_key(member: Caller) -> None:
    """A chat with the same order goes on with its task; another message, there or by OpenAI's route, is 409."""
    task = await same(member, "/api/tasks", 202, ORDER)
    talk = {**{name: value for name, value in ORDER.items() if name != "input"}, "message": ORDER["input"]}
    waited = {"stream": False, "wait_seconds": 0.01}
    chat = await member("POST", "/api/chat", 202, json={**talk, **waited}, headers=KEY)
    assert chat["task"]["task_id"] == task
    await member("POST", "/api/chat", 409, json={**talk, **waited, "message": "no"}, headers=KEY)
    said = {"model": "worker", "messages": [{"role": "user", "content": "no"}]}
    refused = await member("POST", "/v1/chat/completions", 409, json=said, headers=KEY)
    assert refused["error"]["code"] == "conflict.idempotency_key_reused"


async def test_a_key_that_is_used_up_takes_no_session_back(house: House, member: Caller) -> None:
    """An order with the key of another one is refused as a whole, its rewind, too."""
    made = await member("POST", "/api/tasks", 202, json=ORDER, headers=KEY)
    await house.end(await house.begin(member.org_id, made["task_id"]))
    again = {**ORDER, "session_id": made["session_id"], "rewind_to": ""}
    await member("POST", "/api/tasks", 409, json=again, headers=KEY)
    assert (await member("GET", f"/api/tasks/{made['task_id']}"))["rewound"] is False


async def test_a_session_is_made_before_anything_is_asked(house: House, member: Caller, admin: Caller) -> None:
    """It is the agent's, with its data, and its maker's; the first task joins it later."""
    session = await member("POST", "/api/sessions", 201, json={"agent": "worker", "context": "abc"})
    assert (session["agent"], session["user_id"], session["has_context"]) == ("worker", member.user_id, True)
    assert (session["history"], session["status"]) == ([], "evicted")
    listed = (await member("GET", "/api/sessions?roots=true"))["items"]
    assert [(each["session_id"], each["title"]) for each in listed] == [(session["session_id"], None)]
    task = await member("POST", "/api/tasks", 202, json={"input": "x", "session_id": session["session_id"]})
    assert (task["session_id"], task["agent"]) == (session["session_id"], "worker")
    await admin("POST", "/api/tasks", 404, json={"input": "x", "session_id": session["session_id"]})


async def test_a_sessions_beginning_has_the_data_that_it_was_made_with(house: House, member: Caller) -> None:
    """A rewind to the beginning gives them back, when a task has brought others since."""
    session = (await member("POST", "/api/sessions", 201, json={"agent": "worker", "context": "abc"}))["session_id"]
    async with house.parts.database.org(member.org_id) as conn:
        given = (await sessions.get(conn, member.org_id, SessionId(session))).context
    made = await member("POST", "/api/tasks", 202, json={"input": "x", "session_id": session, "context": "def"})
    task = await house.begin(member.org_id, made["task_id"])
    async with house.parts.database.org(member.org_id) as conn:
        await sessions.end_task(
            conn, member.org_id, task.session_id, snapshot=None, context=task.context, history=[], variables=[]
        )
    await house.end(task)
    await member("POST", "/api/tasks", 202, json={"input": "y", "session_id": session, "rewind_to": ""})
    async with house.parts.database.org(member.org_id) as conn:
        now = await sessions.get(conn, member.org_id, SessionId(session))
    assert now.context == given != task.context


async def test_an_order_of_a_session_comes_twice(member: Caller) -> None:
    """At the same time, or later, it gives one session; another one with its key is 409."""
    order = {"agent": "worker", "context": {"a": 1}}
    made = await asyncio.gather(
        *(member("POST", "/api/sessions", 201, json=order, headers=KEY) for _ in range(3)),
    )
    session = await same(member, "/api/sessions", 201, order)
    assert {each["session_id"] for each in made} == {session}
    await member("POST", "/api/sessions", 409, json={**order, "context": None}, headers=KEY)
    assert len((await member("GET", "/api/sessions"))["items"]) == 1


@pytest.mark.parametrize(
    ("order", "status"),
    [({"agent": "nobody"}, 404), ({"upload_id": "upl_none"}, 404), ({"upload_id": "x", "context": 1}, 422)],
)
async def test_a_session_of_what_is_not_there_is_not_made(member: Caller, order: dict[str, Any], status: int) -> None:
    """Neither of an agent that does not exist, nor of somebody else's upload, nor of two kinds of data."""
    await member("POST", "/api/sessions", status, json=order)
    assert (await member("GET", "/api/sessions"))["items"] == []
