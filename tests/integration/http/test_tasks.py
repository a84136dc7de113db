"""Tasks, questions and sessions through the API."""

from __future__ import annotations

from psycopg.types.json import Jsonb

from greatwheel.channels.http.offer import Offer
from greatwheel.llm.offered import OfferedModel
from greatwheel.runtime.keeping import kept_context

from .conftest import Caller, House


async def test_a_task_is_queued_with_what_was_said(house: House, member: Caller) -> None:
    """The task is the caller's, of the named agent, with its context, priority and budget; Location says where."""
    answer = await member.client.post(
        "/api/tasks",
        json={"input": "count", "agent": "worker", "context": {"a": [1, "é"]}, "priority": 3, "budget": {"tokens": 9}},
    )
    made = answer.json()
    assert answer.headers["location"] == f"/api/tasks/{made['task_id']}"
    assert (made["user_id"], made["agent"], made["priority"], made["budget"]) == (
        member.user_id, "worker", 3, {"tokens": 9},
    )  # fmt: skip
    assert await member("GET", f"/api/tasks/{made['task_id']}") == made | {"status": "admitted"}
    task = await house.task(member.org_id, made["task_id"])
    assert task.context is not None
    async with house.parts.database.org(member.org_id) as conn:
        kept = await kept_context(conn, member.org_id, house.parts.sealer, task.context)
    assert kept == {"a": [1, "é"]}


async def test_the_same_key_gives_the_same_task(member: Caller) -> None:
    """A second order with the same Idempotency-Key makes no second task."""
    headers = {"idempotency-key": "once"}
    order = {"input": "do it", "agent": "worker"}
    first = await member("POST", "/api/tasks", 202, json=order, headers=headers)
    second = await member("POST", "/api/tasks", 202, json=order, headers=headers)
    assert first["task_id"] == second["task_id"]
    assert len((await member("GET", "/api/tasks"))["items"]) == 1


async def test_pages_of_tasks_have_each_task_once(member: Caller) -> None:
    """Following `next` gives every task once, the newest first, and ends."""
    made = [(await member.submit(f"task {number}"))["task_id"] for number in range(5)]
    seen, cursor = [], None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = await member("GET", "/api/tasks", params=query)
        seen += [each["task_id"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == made[::-1]


async def test_tasks_are_filtered(house: House, member: Caller) -> None:
    """A list shows the tasks of a state, a session, an agent, and only roots, if so asked."""
    one, two = await member.submit(), await member.submit()
    await house.end(await house.begin(member.org_id, one["task_id"]), answer="x" * 2000)

    async def found(**query: str) -> list[str]:
        return [each["task_id"] for each in (await member("GET", "/api/tasks", params=query))["items"]]

    assert await found(status="done") == [one["task_id"]]
    assert await found(session=two["session_id"]) == [two["task_id"]]
    assert await found(agent="worker", roots="true") == [two["task_id"], one["task_id"]]
    assert await found(agent="nobody") == await found(parent=one["task_id"]) == []
    listed = (await member("GET", "/api/tasks", params={"status": "done"}))["items"][0]
    assert len(listed["answer"]) == 500
    assert len((await member("GET", f"/api/tasks/{one['task_id']}"))["answer"]) == 2000


async def test_a_task_is_cancelled_and_a_failed_one_is_retried(house: House, member: Caller) -> None:
    """Cancelling ends a queued task, once; a failed task is queued again."""
    one, two = await member.submit(), await member.submit()
    assert (await member("POST", f"/api/tasks/{one['task_id']}/cancel"))["status"] == "cancelled"
    again = await member("POST", f"/api/tasks/{one['task_id']}/cancel", 409)
    assert again["error"]["code"] == "thing.conflict"
    await house.end(await house.begin(member.org_id, two["task_id"]), "failed", error="ValueError: no")
    assert (await member("GET", f"/api/tasks/{two['task_id']}"))["error"] == "ValueError: no"
    assert (await member("POST", f"/api/tasks/{two['task_id']}/retry"))["status"] == "queued"


async def test_a_question_is_answered(house: House, member: Caller, admin: Caller) -> None:
    """A waiting question is listed for its user and for admins; an answer that fits it lets the task go on."""
    task = await house.begin(member.org_id, (await member.submit())["task_id"])
    await house.ask(task, "red or blue?", choices=["red", "blue"])
    (question,) = (await member("GET", "/api/questions"))["items"]
    assert (question["question"], question["choices"]) == ("red or blue?", ["red", "blue"])
    assert len((await admin("GET", "/api/questions"))["items"]) == 1
    path = f"/api/tasks/{task.task_id}/answer"
    assert "red, blue" in (await member("POST", path, 400, json={"answer": "green"}))["error"]["message"]
    assert (await member("POST", path, json={"answer": "red"}))["call"] == 1
    assert (await member("GET", f"/api/tasks/{task.task_id}"))["status"] in ("queued", "admitted")
    assert (await member("POST", path, 404, json={"answer": "red"}))["error"]["code"] == "thing.not_found"


async def test_the_journal_is_told_in_order(house: House, member: Caller) -> None:
    """Replies stand before the calls of their step; pages follow one another; long answers are left out."""
    task = await house.begin(member.org_id, (await member.submit())["task_id"])
    async with house.parts.database.org(member.org_id) as conn:
        for seq, step, answer in ((1, 1, '"a"'), (-2, 2, '{"text":"t"}'), (2, 2, f'"{"x" * 30_000}"'), (-1, 1, "{}")):
            await conn.execute(
                "insert into host_calls (org_id, task_id, seq, step, name, digest, state, request, answer)"
                " values (%s, %s, %s, %s, 'llm_query', '', 'done', %s, %s)",
                (member.org_id, task.task_id, seq, step, "é".encode(), answer.encode()),
            )
    path = f"/api/tasks/{task.task_id}/calls"
    first = await member("GET", path, params={"limit": 3})
    rest = await member("GET", path, params={"limit": 3, "cursor": first["next"]})
    calls = first["items"] + rest["items"]
    assert [call["seq"] for call in calls] == [-1, 1, -2, 2]
    assert [call["answer"] for call in calls] == [{}, "a", {"text": "t"}, None]
    assert calls[3]["answer_bytes"] == 30_002
    assert (calls[0]["request"], rest["next"]) == ("é", None)


async def test_a_member_sees_own_things_alone(house: House, member: Caller, admin: Caller) -> None:
    """Another user's task, session and question are not there for a member; an admin sees all."""
    task = await admin.submit()
    await house.ask(await house.begin(admin.org_id, task["task_id"]), "well?")
    for path in ("", "/events", "/calls"):
        await member("GET", f"/api/tasks/{task['task_id']}{path}", 404)
    for path in ("cancel", "retry"):
        await member("POST", f"/api/tasks/{task['task_id']}/{path}", 404)
    await member("POST", f"/api/tasks/{task['task_id']}/answer", 404, json={"answer": "x"})
    await member("GET", f"/api/sessions/{task['session_id']}", 404)
    await member("DELETE", f"/api/sessions/{task['session_id']}", 404)
    await member("POST", "/api/tasks", 404, json={"input": "x", "session_id": task["session_id"]})
    for path in ("tasks", "sessions", "questions"):
        assert (await member("GET", f"/api/{path}"))["items"] == []
    mine = await member.submit()
    assert (await admin("GET", f"/api/tasks/{mine['task_id']}"))["user_id"] == member.user_id


async def test_a_session_is_shown_and_ended(house: House, member: Caller) -> None:
    """A session has its exchanges; its end takes its key, cancels its tasks, and is the same when asked for twice."""
    task = await member.submit("first")
    session = task["session_id"]
    async with house.parts.database.org(member.org_id) as conn:
        history = Jsonb([["first", "one", task["task_id"]]])
        await conn.execute("update sessions set history = %s where session_id = %s", (history, session))
    (listed,) = (await member("GET", "/api/sessions", params={"agent": "worker", "status": "active"}))["items"]
    assert (listed["session_id"], listed["title"]) == (session, "first")
    found = [(await member("GET", "/api/sessions", params={"search": each}))["items"] for each in ("FIRS", "%")]
    assert [len(each) for each in found] == [1, 0]
    shown = await member("GET", f"/api/sessions/{session}")
    assert shown["history"] == [{"asked": "first", "answered": "one", "task_id": task["task_id"]}]
    for _ in range(2):
        await member("DELETE", f"/api/sessions/{session}", 204)
    assert (await member("GET", f"/api/sessions/{session}"))["status"] == "ended"
    assert (await member("GET", f"/api/tasks/{task['task_id']}"))["status"] == "cancelled"
    order = {"input": "x", "session_id": session}
    assert (await member("POST", "/api/tasks", 409, json=order))["error"]["code"] == "thing.conflict"


async def test_an_admin_may_ask_for_own_sessions_alone(admin: Caller, member: Caller) -> None:
    """An admin sees everybody's sessions, and with `mine` only those begun by the admin."""
    theirs, own = await member.submit("theirs"), await admin.submit("own")
    everybody = {each["session_id"] for each in (await admin("GET", "/api/sessions"))["items"]}
    assert everybody == {theirs["session_id"], own["session_id"]}
    (mine,) = (await admin("GET", "/api/sessions", params={"mine": True}))["items"]
    assert mine["session_id"] == own["session_id"]


async def test_an_order_names_its_model_and_instructions(house: House, member: Caller) -> None:
    """A model that is offered is the task's; another one, and instructions that are too long, are refused."""

    async def models() -> list[OfferedModel]:
        return [OfferedModel(name="small", default=True), OfferedModel(name="large")]

    await member("POST", "/api/tasks", 400, json={"input": "x", "agent": "worker", "model": "large"})
    house.app.state.offer = Offer(models=models)
    made = await member.submit(model="large", instructions="Be brief.")
    assert (made["model"], made["instructions"]) == ("large", "Be brief.")
    assert (await member.submit())["model"] is None
    for message in ("small", "large"):
        refused = await member("POST", "/api/tasks", 400, json={"input": "x", "agent": "worker", "model": "huge"})
        assert message in refused["error"]["message"]
    too_long = {"input": "x", "agent": "worker", "instructions": "x" * 20_001}
    await member("POST", "/api/tasks", 422, json=too_long)
    hostile = await member.submit(instructions="a\x00b\ud7ff")
    assert hostile["instructions"] == "a\ufffdb\ud7ff"
