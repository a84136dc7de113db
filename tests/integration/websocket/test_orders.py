"""Tasks over a web socket: submitted, followed, asked, answered, cancelled."""

from __future__ import annotations

from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from greatwheel.channels.websocket import watches
from greatwheel.database.database import Database

from ..http.conftest import Caller
from .conftest import Served, Talk, key_of, served_of, talking


async def test_a_task_is_submitted_and_followed_to_its_end(served: Served, member: Caller) -> None:
    """`submitted` names task and session, each event comes once with its number, `ended` has the answer."""
    house = served.house
    async with talking(served.url, key_of(member)) as talk:
        made = await talk.ask("submit", input="hello", agent="worker", context={"a": 1})
        task = await house.begin(member.org_id, made["task_id"])
        assert (made["type"], task.session_id, task.input) == ("submitted", made["session_id"], "hello")
        assert task.context is not None
        for number in range(5):
            await house.tell(task, "noted", number=number)
        told = [await talk.hear("event") for _ in range(5)]
        assert [(each["event"], each["data"]["number"]) for each in told] == [("noted", n) for n in range(5)]
        assert [each["id"] for each in told] == sorted({each["id"] for each in told})
        assert all(each["task_id"] == task.task_id and each["data"]["at"] for each in told)
        await house.end(task, answer="42")
        ended = await talk.hear("ended")
        assert (ended["task_id"], ended["task"]["status"], ended["task"]["answer"]) == (task.task_id, "done", "42")


async def test_an_order_with_a_key_is_carried_out_once(served: Served, member: Caller) -> None:
    """A second order with the same idempotency key gives the first one's task; unwatched it says nothing more."""
    async with talking(served.url, key_of(member)) as talk:
        order = {"input": "hello", "agent": "worker", "idempotency_key": "k", "watch": False}
        first, again = await talk.ask("submit", **order), await talk.ask("submit", **order)
        assert first["task_id"] == again["task_id"]
        assert (await talk.ask("ping"))["type"] == "pong"


async def test_a_session_goes_on(served: Served, member: Caller) -> None:
    """An order that names a session goes on in it, with its agent."""
    async with talking(served.url, key_of(member)) as talk:
        first = await talk.ask("submit", input="one", agent="worker", watch=False)
        second = await talk.ask("submit", input="two", session_id=first["session_id"], watch=False)
        assert second["session_id"] == first["session_id"]
        assert await talk.refused("submit", input="x", session_id="ses_none") == "thing.not_found"


async def test_who_comes_back_loses_nothing_and_hears_nothing_twice(
    served: Served, member: Caller, database: Database, tmp_path: Path
) -> None:
    """After a dropped connection another server goes on behind the last event that was heard."""
    house = served.house
    async with talking(served.url, key_of(member)) as talk:
        made = await talk.ask("submit", input="hello", agent="worker")
        task = await house.begin(member.org_id, made["task_id"])
        await house.tell(task, "noted", number=0)
        last = (await talk.hear("event"))["id"]
        talk.socket.transport.abort()
    await house.tell(task, "noted", number=1)
    async with served_of(database, tmp_path / "other") as other, connect(other.url) as socket:
        talk = Talk(socket)
        place = {"task_id": task.task_id, "after": last}
        ready = await talk.ask("hello", key=key_of(member), resume=[place, {"task_id": "tsk_none"}])
        assert (ready["type"], ready["user_id"]) == ("ready", member.user_id)
        told = {each["type"]: each for each in [await talk.hear("error", "event") for _ in range(2)]}
        assert (told["error"]["code"], told["error"]["task_id"]) == ("thing.not_found", "tsk_none")
        assert told["event"]["data"]["number"] == 1
        await house.end(task)
        assert (await talk.hear("ended"))["task"]["status"] == "done"


async def test_several_tasks_are_followed_at_a_time(
    served: Served, member: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is told from its place on until it is unwatched; there is a limit to their number."""
    monkeypatch.setattr(watches, "MOST_WATCHES", 2)
    house = served.house
    tasks = [await house.begin(member.org_id, (await member.submit())["task_id"]) for _ in range(3)]
    async with talking(served.url, key_of(member)) as talk:
        for task in tasks[:2]:
            assert (await talk.ask("watch", task_id=task.task_id))["type"] == "ok"
        assert await talk.refused("watch", task_id=tasks[2].task_id) == "limit.reached"
        assert await talk.refused("submit", input="x", agent="worker") == "limit.reached"
        for task in tasks[:2]:
            await house.tell(task, "noted", of=task.task_id)
        told = [await talk.hear("event") for _ in range(2)]
        assert {(each["task_id"], each["data"]["of"]) for each in told} == {(t.task_id, t.task_id) for t in tasks[:2]}
        again = await talk.ask("watch", task_id=tasks[0].task_id, after=0)
        assert (again["type"], (await talk.hear("event"))["data"]["of"]) == ("ok", tasks[0].task_id)
        await talk.ask("unwatch", task_id=tasks[0].task_id)
        await house.end(tasks[0])
        await house.end(tasks[1])
        assert (await talk.hear("ended"))["task_id"] == tasks[1].task_id
        assert (await talk.ask("ping"))["type"] == "pong"


async def test_a_question_is_answered_over_the_web_socket(served: Served, member: Caller) -> None:
    """It comes as `question`; an answer that is none of its choices is refused, a good one lets the task go on."""
    house = served.house
    async with talking(served.url, key_of(member)) as talk:
        made = await talk.ask("submit", input="hello", agent="worker")
        task = await house.begin(member.org_id, made["task_id"])
        await house.ask(task, "which?", seq=7, choices=["a", "b"])
        asked = await talk.hear("question")
        assert (asked["question"], asked["choices"], asked["call"]) == ("which?", ["a", "b"], 7)
        assert (asked["task_id"], asked["id"] > 0) == (task.task_id, True)
        reply = {"task_id": task.task_id, "call": 7}
        assert await talk.refused("answer", answer="c", **reply) == "input.bad"
        await talk.say("answer", answer="b", ref="good", **reply)
        told = {each["type"]: each for each in [await talk.hear("ok", "event"), await talk.hear("ok", "event")]}
        assert (told["ok"]["ref"], told["ok"]["call"], told["event"]["event"]) == ("good", 7, "question.answered")
        assert await talk.refused("answer", answer="b", **reply) == "thing.not_found"
        assert (await house.task(member.org_id, task.task_id)).status in ("queued", "admitted")


async def test_a_task_is_cancelled(served: Served, member: Caller) -> None:
    """It ends as cancelled, and cancelling it again is a conflict."""
    async with talking(served.url, key_of(member)) as talk:
        made = await talk.ask("submit", input="hello", agent="worker")
        await talk.say("cancel", task_id=made["task_id"], ref="c")
        told = {each["type"]: each for each in [await talk.hear("ok", "ended"), await talk.hear("ok", "ended")]}
        assert (told["ok"]["ref"], told["ended"]["task"]["status"]) == ("c", "cancelled")
        assert await talk.refused("cancel", task_id=made["task_id"]) == "thing.conflict"


async def test_tasks_of_others_are_not_there(served: Served, admin: Caller, member: Caller, stranger: Caller) -> None:
    """Nobody follows, answers or cancels a task of another organisation or, as a member, of another user."""
    task = (await admin.submit())["task_id"]
    for caller in (member, stranger):
        async with talking(served.url, key_of(caller)) as talk:
            for kind, more in (("watch", {}), ("answer", {"answer": "x"}), ("cancel", {})):
                assert await talk.refused(kind, task_id=task, **more) == "thing.not_found"
    theirs = (await member.submit())["task_id"]
    async with talking(served.url, key_of(admin)) as talk:
        assert (await talk.ask("watch", task_id=theirs))["type"] == "ok"
