"""Events as pages and as streams."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from greatwheel.channels.http import streaming
from greatwheel.channels.http.places import Places

from .conftest import Caller, House, tell

STREAM = {"accept": "text/event-stream"}


def events_of(text: str) -> list[tuple[str, int | None, dict[str, Any]]]:
    """Kind, id and data of each event of a stream, comments left out."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            number = int(fields["id"]) if "id" in fields else None
            found.append((fields["event"], number, json.loads(fields["data"])))
    return found


async def test_events_are_pages_too(house: House, member: Caller) -> None:
    """A page has the events after a given one, in order, and says where the next page begins."""
    task = await member.submit()
    for number in range(3):
        await house.tell(task, "noted", member.org_id, number=number)
    path = f"/api/tasks/{task['task_id']}/events"
    first = await member("GET", path, params={"limit": 2})
    rest = await member("GET", path, params={"limit": 2, "after": first["next"]})
    told = first["items"] + rest["items"]
    assert [(each["type"], each["data"]["number"]) for each in told] == [("noted", 0), ("noted", 1), ("noted", 2)]
    assert rest["next"] is None


async def test_a_stream_has_every_event_once_and_ends_with_the_task(house: House, member: Caller) -> None:
    """Events told before and while the stream is open come in order with rising ids; then how the task ended."""
    task = await house.begin(member.org_id, (await member.submit())["task_id"])
    await house.tell(task, "noted", number=0)
    path = f"/api/tasks/{task.task_id}/events"
    reading = asyncio.create_task(member.client.get(path, headers=STREAM))
    for number in range(1, 20):
        await asyncio.sleep(0.01)
        await house.tell(task, "noted", number=number, text="line\nline\r\né")
    await house.end(task, answer="42")
    async with asyncio.timeout(20):
        answer = await reading
    assert answer.headers["content-type"].startswith("text/event-stream")
    *noted, last = events_of(answer.text)
    assert [data["number"] for _, _, data in noted] == list(range(20))
    assert noted[-1][2]["text"] == "line\nline\r\né"
    ids = [number for _, number, _ in noted]
    assert ids == sorted(ids, key=lambda number: number or 0)
    assert (last[0], last[1], last[2]["status"], last[2]["answer"]) == ("task.ended", None, "done", "42")


async def test_a_stream_goes_on_after_the_last_event_id(house: House, member: Caller) -> None:
    """With Last-Event-ID a stream begins behind that event; a header that is no id is refused."""
    task = await house.begin(member.org_id, (await member.submit())["task_id"])
    for number in range(3):
        await house.tell(task, "noted", number=number)
    await house.end(task)
    path = f"/api/tasks/{task.task_id}/events"
    whole = events_of((await member.client.get(path, headers=STREAM)).text)
    rest = await member.client.get(path, headers=STREAM | {"last-event-id": str(whole[0][1])})
    assert events_of(rest.text) == whole[1:]
    refused = await member("GET", path, 400, headers=STREAM | {"last-event-id": "x"})
    assert refused["error"]["code"] == "input.bad"


async def test_what_is_written_while_a_commit_takes_long_comes_after_it(house: House, member: Caller) -> None:
    """Of two events written at the same time none is passed over, however long a commit takes, by stream or page."""
    task = await house.begin(member.org_id, (await member.submit())["task_id"])
    reading = asyncio.create_task(member.client.get(f"/api/tasks/{task.task_id}/events", headers=STREAM))
    paging = asyncio.create_task(paged_through(member, task.task_id))
    async with house.parts.database.org(task.org_id) as conn:
        await tell(conn, task.org_id, task.task_id, "slow", {})
        quick = asyncio.create_task(house.tell(task, "quick"))
        await asyncio.sleep(0.5)
        assert not quick.done()
    async with asyncio.timeout(20):
        await quick
        await house.end(task)
        told = events_of((await reading).text)
        assert [kind for kind, _, _ in told] == ["slow", "quick", "task.ended"]
        assert await paging == ["slow", "quick"]


async def paged_through(caller: Caller, task_id: str) -> list[str]:
    """What somebody is told who asks for what is new again and again, until two events came."""
    found: list[str] = []
    after = 0
    while len(found) < 2:
        page = await caller("GET", f"/api/tasks/{task_id}/events", params={"after": after})
        found += [each["type"] for each in page["items"]]
        after = page["items"][-1]["id"] if page["items"] else after
        await asyncio.sleep(0.02)
    return found


async def test_a_commit_that_takes_long_holds_nobody_else_up(house: House, member: Caller) -> None:
    """Events of other tasks are told at once while a transaction that has written to one is open."""
    one = await house.begin(member.org_id, (await member.submit())["task_id"])
    other = await house.begin(member.org_id, (await member.submit())["task_id"])
    reading = asyncio.create_task(member.client.get(f"/api/tasks/{other.task_id}/events", headers=STREAM))
    async with house.parts.database.org(one.org_id) as conn, asyncio.timeout(10):
        await tell(conn, one.org_id, one.task_id, "slow", {})
        await house.tell(other, "quick")
        await house.end(other)
        told = events_of((await reading).text)
    assert [kind for kind, _, _ in told] == ["quick", "task.ended"]


async def test_an_answer_waits_for_what_the_journal_writes(house: House, member: Caller) -> None:
    """A question is answered also while its task's journal writes, and neither blocks the other for ever."""
    task = await house.begin(member.org_id, (await member.submit())["task_id"])
    await house.ask(task, "which?")
    async with house.parts.database.org(task.org_id) as conn, asyncio.timeout(10):
        held = "select 1 from tasks where org_id = %s and task_id = %s for share"
        await conn.execute(held, (task.org_id, task.task_id))
        path = f"/api/tasks/{task.task_id}/answer"
        answering = asyncio.create_task(member("POST", path, json={"answer": "red"}))
        await asyncio.sleep(0.3)
        assert not answering.done()
        await tell(conn, task.org_id, task.task_id, "noted", {})
    async with asyncio.timeout(10):
        await answering
    told = (await member("GET", f"/api/tasks/{task.task_id}/events"))["items"]
    assert [each["type"] for each in told] == ["question.asked", "noted", "question.answered"]


async def test_many_streams_cost_one_look(house: House, member: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty streams of an organisation are told by shared looks; each ends when its task does."""
    tasks = [await member.submit() for _ in range(5)]
    looks = 0
    news = house.app.state.news
    heads = news._heads

    async def counted(*args: Any) -> Any:
        nonlocal looks
        looks += 1
        return await heads(*args)

    monkeypatch.setattr(news, "_heads", counted)
    paths = [f"/api/tasks/{task['task_id']}/events" for task in tasks for _ in range(10)]
    async with asyncio.timeout(60):
        reading = [asyncio.create_task(member.client.get(path, headers=STREAM)) for path in paths]
        await asyncio.sleep(1)
        for task in tasks:
            await member("POST", f"/api/tasks/{task['task_id']}/cancel")
        ended = [events_of((await each).text)[-1] for each in reading]
    assert [(kind, data["status"]) for kind, _, data in ended] == [("task.ended", "cancelled")] * 50
    assert 0 < looks < 100


async def test_a_stream_ends_for_its_client_to_come_again(
    house: House, member: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its longest time a stream ends without `task.ended`."""
    monkeypatch.setattr(streaming, "LONGEST_SECONDS", 0.2)
    monkeypatch.setattr(streaming, "PING_SECONDS", 0.05)
    task = await member.submit()
    async with asyncio.timeout(20):
        answer = await member.client.get(f"/api/tasks/{task['task_id']}/events", headers=STREAM)
    assert events_of(answer.text) == []
    assert answer.text.count(": ping") > 1


async def test_chat_streams_a_new_task_to_its_end(house: House, member: Caller) -> None:
    """The stream says first which task it is, then its events, then its end."""
    order = {"message": "hello", "agent": "worker"}
    reading = asyncio.create_task(member.client.post("/api/chat", json=order))
    task = await house.begin(member.org_id, await only_task(member))
    await house.tell(task, "message.sent", text="hi")
    await house.end(task, answer="bye")
    async with asyncio.timeout(20):
        first, said, last = events_of((await reading).text)
    assert first == ("task.submitted", None, {"task_id": task.task_id, "session_id": task.session_id})
    assert (said[0], said[2]["text"]) == ("message.sent", "hi")
    assert (last[0], last[2]["answer"]) == ("task.ended", "bye")


async def test_chat_without_a_stream_waits_for_the_end(house: House, member: Caller) -> None:
    """One answer comes with the task's end."""
    order = {"message": "hello", "agent": "worker", "stream": False}
    waiting = asyncio.create_task(member("POST", "/api/chat", json=order))
    await house.end(await house.begin(member.org_id, await only_task(member)), answer="bye")
    async with asyncio.timeout(20):
        reply = await waiting
    assert (reply["task"]["status"], reply["task"]["answer"], reply["questions"]) == ("done", "bye", [])


async def test_chat_without_a_stream_tells_the_task_when_the_time_is_over(member: Caller) -> None:
    """After the time limit the answer is 202 with the task, which goes on."""
    order = {"message": "hello", "agent": "worker", "stream": False, "wait_seconds": 0.1}
    reply = await member("POST", "/api/chat", 202, json=order)
    assert (await member("GET", f"/api/tasks/{reply['task']['task_id']}"))["status"] == "admitted"


async def test_chat_without_a_stream_tells_what_the_agent_asks(house: House, member: Caller) -> None:
    """A question ends the waiting at once: the answer is 202 with the question."""
    order = {"message": "hello", "agent": "worker", "stream": False}
    waiting = asyncio.create_task(member("POST", "/api/chat", 202, json=order))
    await house.ask(await house.begin(member.org_id, await only_task(member)), "which?")
    async with asyncio.timeout(20):
        reply = await waiting
    assert [question["question"] for question in reply["questions"]] == ["which?"]


async def only_task(caller: Caller) -> str:
    """The id of the caller's one task, once it is there."""
    while True:
        items = (await caller("GET", "/api/tasks"))["items"]
        if items:
            return str(items[0]["task_id"])
        await asyncio.sleep(0.01)


async def test_a_user_has_only_so_many_streams(house: House, admin: Caller, member: Caller) -> None:
    """One too many is 429 and submits nothing; another user's, and one after the first has ended, are served."""
    house.app.state.places = Places(2)
    task = await house.begin(member.org_id, (await member.submit())["task_id"])
    path = f"/api/tasks/{task.task_id}/events"
    reading = [asyncio.create_task(member.client.get(path, headers=STREAM)) for _ in range(2)]
    await asyncio.sleep(0.2)
    refused = await member("GET", path, 429, headers=STREAM)
    assert (refused["error"]["code"], refused["error"]["retryable"]) == ("limit.streams", True)
    await member("POST", "/api/chat", 429, json={"message": "x", "agent": "worker"})
    assert len((await member("GET", "/api/tasks"))["items"]) == 1
    await member("GET", path)
    waiting = {"message": "x", "agent": "worker", "stream": False, "wait_seconds": 0.01}
    await admin("POST", "/api/chat", 202, json=waiting)
    await house.end(task, answer="42")
    async with asyncio.timeout(20):
        assert [answer.status_code for answer in await asyncio.gather(*reading)] == [200, 200]
    assert (await member.client.get(path, headers=STREAM)).status_code == 200
    await member("POST", "/api/chat", 202, json=waiting)
