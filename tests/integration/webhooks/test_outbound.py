"""What happens in tasks, delivered to who subscribed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any

import pytest

from greatwheel.channels.webhooks import signing
from greatwheel.channels.webhooks.deliverer import DelivererSettings
from greatwheel.scheduler.retrying import Retrying

from ..http.conftest import Caller, House
from .conftest import QUICK, delivering, until
from .receiver import Got, Receiver, Say

ALL = ["task.ended", "message.sent", "question.asked", "question.answered", "limit.warned"]


async def subscribed(
    admin: Caller, receiver: Receiver, events: Sequence[str] = ALL, path: str = "/in", **order: Any
) -> dict[str, Any]:
    """A new subscription to the receiver."""
    body = {"url": receiver.url + path, "events": list(events), **order}
    made: dict[str, Any] = await admin("POST", "/api/webhooks/outbound", 201, json=body)
    return made


async def came(receiver: Receiver, count: int) -> list[Got]:
    """What came, once there are so many."""
    return await asyncio.to_thread(receiver.wait, count)


async def log_of(admin: Caller, subscription: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    """The subscription's deliveries, newest first."""
    path = f"/api/webhooks/{subscription['subscription_id']}/deliveries"
    items: list[dict[str, Any]] = (await admin("GET", path, params=query))["items"]
    return items


async def in_state(admin: Caller, subscription: dict[str, Any], state: str, count: int = 1) -> list[dict[str, Any]]:
    """The deliveries in that state, once there are so many."""

    async def look() -> list[dict[str, Any]]:
        found = await log_of(admin, subscription, state=state)
        return found if len(found) >= count else []

    found: list[dict[str, Any]] = await until(look)
    return found


async def finished(house: House, admin: Caller, **ending: Any) -> str:
    """A task that has ended."""
    made = await admin.submit()
    await house.end(await house.begin(admin.org_id, made["task_id"]), **({"answer": "42"} | ending))
    return str(made["task_id"])


async def test_events_are_delivered_signed(house: House, admin: Caller, receiver: Receiver) -> None:
    """Each event comes once, with the words of the task, signed by the subscription's secret, and is in the log."""
    subscription = await subscribed(admin, receiver)
    async with delivering(house):
        made = await admin.submit("count")
        task = await house.begin(admin.org_id, made["task_id"])
        await house.tell(task, "step.started", step=1)
        await house.tell(task, "message.sent", text="half of it")
        await house.ask(task, "Go on?", choices=["yes", "no"])
        await came(receiver, 2)
        await admin("POST", f"/api/tasks/{made['task_id']}/answer", json={"answer": "yes"})
        task = await house.begin(admin.org_id, made["task_id"])
        await house.end(task, answer="42", usage={"model_calls": 2})
        await in_state(admin, subscription, "done", 4)
    bodies = [json.loads(got.body) for got in receiver.got]
    assert sorted(body["type"] for body in bodies) == [
        "message.sent",
        "question.answered",
        "question.asked",
        "task.ended",
    ]
    by_type = {body["type"]: body["data"] for body in bodies}
    about = {key: made[key] for key in ("task_id", "session_id", "user_id", "agent")}
    assert all(about.items() <= data.items() for data in by_type.values())
    assert by_type["message.sent"]["text"] == "half of it"
    assert (by_type["question.asked"]["question"], by_type["question.asked"]["choices"]) == ("Go on?", ["yes", "no"])
    ended = by_type["task.ended"]
    assert (ended["status"], ended["answer"], ended["answer_chars"], ended["usage"]) == ("done", "42", 2, {
        "model_calls": 2
    })  # fmt: skip
    for got in receiver.got:
        assert signing.received("standard", subscription["secret"], got.headers, got.body, time.time()) is not None
        assert got.headers["content-type"] == "application/json"
    log = await log_of(admin, subscription)
    assert {each["delivery_id"] for each in log} == {got.headers["webhook-id"] for got in receiver.got}
    assert [(each["state"], each["attempts"], each["log"][0]["status"]) for each in log] == [("done", 1, 200)] * 4


async def test_only_what_was_subscribed_is_kept(house: House, admin: Caller, receiver: Receiver) -> None:
    """Other events, other agents' tasks, another organisation's, tasks below another, and times before the
    subscription or without it make no delivery."""
    stranger = await house.organisation("other")
    await admin("POST", "/api/agents", 201, json={"name": "second", "source": "def handle(task):\n    return 1\n"})
    await finished(house, admin)
    subscription = await subscribed(admin, receiver, ["task.ended"], agent="second")
    await finished(house, admin)
    await finished(house, stranger)
    made = await admin.submit(agent="second")
    task = await house.begin(admin.org_id, made["task_id"])
    await house.tell(task, "message.sent", text="x")
    assert await log_of(admin, subscription) == []
    await house.end(task)
    assert len(await log_of(admin, subscription)) == 1
    path = f"/api/webhooks/outbound/{subscription['subscription_id']}"
    await admin("PATCH", path, json={"enabled": False})
    made = await admin.submit(agent="second")
    await house.end(await house.begin(admin.org_id, made["task_id"]))
    assert len(await log_of(admin, subscription)) == 1


async def test_what_is_rolled_back_is_not_told(house: House, admin: Caller, receiver: Receiver) -> None:
    """A delivery is of the same transaction as what it tells."""
    subscription = await subscribed(admin, receiver)
    made = await admin.submit()
    task = await house.begin(admin.org_id, made["task_id"])
    values = (task.org_id, task.task_id)

    async def tell_and_fail() -> None:
        async with house.parts.database.org(admin.org_id) as conn:
            await conn.execute(
                "insert into task_events (org_id, task_id, type, data) values (%s, %s, 'message.sent', '{}')", values
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await tell_and_fail()
    assert await log_of(admin, subscription) == []


async def test_a_failed_delivery_comes_again_the_same(house: House, admin: Caller, receiver: Receiver) -> None:
    """After failures of any kind the same body comes again with the same id and a signature of its own time."""
    answers = iter([Say(status=500), Say(status=None), Say(status=302, headers={"location": "/else"}), Say()])
    receiver.answer = lambda got: next(answers)
    subscription = await subscribed(admin, receiver, ["task.ended"])
    settings = DelivererSettings(retrying=Retrying(max_attempts=9, base_seconds=0.02, cap_seconds=0.1))
    async with delivering(house, settings):
        await finished(house, admin)
        (delivery,) = await in_state(admin, subscription, "done")
    assert len({(got.path, got.body, got.headers["webhook-id"]) for got in receiver.got}) == 1
    for got in receiver.got:
        assert signing.received("standard", subscription["secret"], got.headers, got.body, time.time()) is not None
    assert [(each["attempt"], each["status"]) for each in delivery["log"]] == [(1, 500), (2, None), (3, 302), (4, 200)]
    assert all(each["error"] for each in delivery["log"][:3])
    assert all(each["seconds"] >= 0 for each in delivery["log"])


async def test_a_subscription_can_have_another_secret(house: House, admin: Caller, receiver: Receiver) -> None:
    """The next attempt is signed with it, also at what was on its way; the old one signs nothing more."""
    subscription = await subscribed(admin, receiver, ["task.ended"])
    path = f"/api/webhooks/outbound/{subscription['subscription_id']}/secret"
    await finished(house, admin)
    fresh = (await admin("POST", path))["secret"]
    assert fresh != subscription["secret"]
    async with delivering(house):
        await in_state(admin, subscription, "done")
    (got,) = receiver.got
    assert signing.received("standard", fresh, got.headers, got.body, time.time()) is not None
    assert signing.received("standard", subscription["secret"], got.headers, got.body, time.time()) is None
    await admin("POST", "/api/webhooks/outbound/sub_none/secret", 404)


async def test_what_fails_for_long_is_given_up_and_retried_by_hand(
    house: House, admin: Caller, receiver: Receiver
) -> None:
    """After the last attempt a delivery is dead; by hand it is made again, under its id, with its log going on."""
    receiver.answer = lambda got: Say(status=500)
    subscription = await subscribed(admin, receiver, ["task.ended"])
    path = f"/api/webhooks/{subscription['subscription_id']}/deliveries"
    async with delivering(house):
        await finished(house, admin)
        (dead,) = await in_state(admin, subscription, "dead")
        assert (dead["attempts"], len(receiver.got)) == (3, 3)
        receiver.answer = lambda got: Say()
        await admin("POST", f"{path}/{dead['delivery_id']}/retry", 204)
        (done,) = await in_state(admin, subscription, "done")
        assert (done["delivery_id"], done["attempts"]) == (dead["delivery_id"], 4)
        await admin("POST", f"{path}/msg_none/retry", 404)
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1


async def test_a_receiver_that_is_gone_is_not_bothered_again(house: House, admin: Caller, receiver: Receiver) -> None:
    """410 disables the subscription and says so; enabled again it gets what happens from then on."""
    receiver.answer = lambda got: Say(status=410)
    subscription = await subscribed(admin, receiver, ["task.ended"])
    path = f"/api/webhooks/outbound/{subscription['subscription_id']}"
    async with delivering(house):
        await finished(house, admin)
        await in_state(admin, subscription, "dead")
        facts = await admin("GET", path)
        assert (facts["enabled"], bool(facts["reason"])) == (False, True)
        await finished(house, admin)
        receiver.answer = lambda got: Say()
        facts = await admin("PATCH", path, json={"enabled": True})
        assert (facts["enabled"], facts["reason"]) == (True, None)
        task_id = await finished(house, admin)
        (done,) = await in_state(admin, subscription, "done")
    assert done["task_id"] == task_id
    assert len(receiver.got) == 2


async def test_a_receiver_that_asks_for_time_gets_it(house: House, admin: Caller, receiver: Receiver) -> None:
    """Retry-After pauses the whole subscription, not only the delivery that was refused."""
    receiver.answer = lambda got: Say(status=429, headers={"retry-after": "60"})
    subscription = await subscribed(admin, receiver, ["task.ended"])
    settings = DelivererSettings(retrying=Retrying(max_attempts=3, base_seconds=0.02, cap_seconds=100.0), each=1)
    async with delivering(house, settings):
        await finished(house, admin)
        await finished(house, admin)
        await came(receiver, 1)
        await until(lambda: _paused(admin, subscription))
        await asyncio.sleep(0.3)
    assert len(receiver.got) == 1
    facts = await admin("GET", f"/api/webhooks/outbound/{subscription['subscription_id']}")
    assert facts["waiting"] == 2


async def _paused(admin: Caller, subscription: dict[str, Any]) -> bool:
    facts = await admin("GET", f"/api/webhooks/outbound/{subscription['subscription_id']}")
    return facts["paused_until"] is not None


async def test_a_slow_receiver_holds_up_itself_alone(house: House, admin: Caller, receiver: Receiver) -> None:
    """Of a subscription only so many deliveries are under way at a time; another's go on; what takes too long is
    broken off."""
    receiver.answer = lambda got: Say(seconds=20) if got.path == "/slow" else Say()
    slow = await subscribed(admin, receiver, ["task.ended"], path="/slow")
    quick = await subscribed(admin, receiver, ["task.ended"], path="/quick")
    settings = DelivererSettings(each=2, retrying=QUICK.retrying)
    async with delivering(house, settings, seconds=0.5):
        for _ in range(6):
            await finished(house, admin)
        await in_state(admin, quick, "done", 6)
        failed = await until(lambda: _failed(admin, slow))
    assert "longer than 0.5 seconds" in failed[0]["log"][0]["error"]
    assert len([got for got in receiver.got if got.path == "/quick"]) == 6


async def _failed(admin: Caller, subscription: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in await log_of(admin, subscription) if each["log"]]


async def test_several_deliverers_share_the_work(house: House, admin: Caller, receiver: Receiver) -> None:
    """Each of many deliveries is made once, whoever makes it."""
    subscription = await subscribed(admin, receiver, ["message.sent"])
    made = await admin.submit()
    task = await house.begin(admin.org_id, made["task_id"])
    async with delivering(house), delivering(house), delivering(house):
        for number in range(60):
            await house.tell(task, "message.sent", text=str(number))
        await in_state(admin, subscription, "done", 50)
        await came(receiver, 60)
        await asyncio.sleep(0.2)
    texts = [json.loads(got.body)["data"]["text"] for got in receiver.got]
    assert sorted(texts, key=int) == [str(number) for number in range(60)]


@pytest.mark.parametrize(
    "url",
    [
        "https://10.0.0.1/in",
        "https://[::1]/in",
        "https://169.254.169.254/latest/meta-data",
        "http://93.184.215.14/in",
        "ftp://127.0.0.1/in",
        "https://user:password@127.0.0.1/in",
        "https://127.0.0.1/in#there",
        "https:///in",
        "https://127.0.0.1:99999/",
        "https://no.such.host.invalid/",
        "no url",
    ],
)
async def test_urls_that_may_not_be_delivered_to_are_refused(house: House, admin: Caller, url: str) -> None:
    """Private addresses that are not allowed, http beyond the allowed networks, and what is no plain URL."""
    answer = await admin("POST", "/api/webhooks/outbound", 400, json={"url": url, "events": ["task.ended"]})
    assert answer["error"]["code"] == "input.bad"


async def test_an_address_is_checked_at_each_delivery(house: House, admin: Caller, receiver: Receiver) -> None:
    """A URL that was allowed when it was given is not delivered to once it is not allowed any more."""
    subscription = await subscribed(admin, receiver, ["task.ended"])
    async with house.parts.database.org(admin.org_id) as conn:
        await conn.execute("update subscriptions set url = 'https://10.0.0.1:1/in'")
    async with delivering(house):
        await finished(house, admin)
        (dead,) = await in_state(admin, subscription, "dead")
    assert "not public" in dead["log"][0]["error"]


async def test_subscriptions_are_looked_after(house: House, admin: Caller, receiver: Receiver) -> None:
    """They are listed without their secret, changed and removed with their log; unknown events are refused."""
    subscription = await subscribed(admin, receiver, ["task.ended", "task.ended"])
    listed = await admin("GET", "/api/webhooks/outbound")
    assert subscription["secret"] not in json.dumps(listed)
    assert [each["events"] for each in listed["items"]] == [["task.ended"]]
    path = f"/api/webhooks/outbound/{subscription['subscription_id']}"
    changed = await admin("PATCH", path, json={"url": receiver.url + "/new", "events": ["message.sent"]})
    assert (changed["url"], changed["events"]) == (receiver.url + "/new", ["message.sent"])
    await admin("PATCH", path, 400, json={"url": "https://10.0.0.1"})
    for events in (["model.delta"], []):
        await admin("POST", "/api/webhooks/outbound", 422, json={"url": receiver.url, "events": events})
    await admin("DELETE", path, 204)
    await admin("GET", path, 404)
    await admin("GET", f"/api/webhooks/{subscription['subscription_id']}/deliveries", 404)


async def test_an_organisation_has_so_many_subscriptions_and_no_more(
    house: House, admin: Caller, receiver: Receiver
) -> None:
    """One event makes a delivery for each of them, so they are counted."""
    async with house.parts.database.org(admin.org_id) as conn:
        await conn.execute(
            "insert into subscriptions (org_id, subscription_id, kind, events, url)"
            " select %s, 'sub_' || i, 'webhook', '{task.ended}', 'https://93.184.215.14/'"
            " from generate_series(1, 100) i",
            (admin.org_id,),
        )
    order = {"url": receiver.url, "events": ["task.ended"]}
    assert (await admin("POST", "/api/webhooks/outbound", 409, json=order))["error"]["code"] == "thing.conflict"


async def test_the_log_has_pages(house: House, admin: Caller, receiver: Receiver) -> None:
    """Following `next` gives every delivery once, the newest first."""
    subscription = await subscribed(admin, receiver, ["task.ended"])
    made = [await finished(house, admin) for _ in range(5)]
    path, seen, cursor = f"/api/webhooks/{subscription['subscription_id']}/deliveries", [], None
    while True:
        page = await admin("GET", path, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        seen += [each["task_id"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == made[::-1]
