"""Payloads that come in and become tasks."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from typing import Any

import httpx
import pytest

from greatwheel.channels.webhooks import signing
from greatwheel.runtime.keeping import kept_context

from ..http.conftest import Caller, House
from .conftest import MovedClock

PAYLOAD = {"pull_request": {"title": "Fix it", "body": "all of it"}, "sender": {"login": "eve"}}


async def made(admin: Caller, **order: Any) -> dict[str, Any]:
    """A new webhook for the agent `worker`, which acts for the admin."""
    body = {"name": "builds", "user": "admin", "agent": "worker", **order}
    found: dict[str, Any] = await admin("POST", "/api/webhooks", 201, json=body)
    return found


async def deliver(
    house: House,
    webhook: dict[str, Any],
    payload: Any = PAYLOAD,
    *,
    message_id: str = "msg_1",
    at: float | None = None,
    address: str = "10.9.9.9",
    **changes: str,
) -> httpx.Response:
    """What a sender does."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    headers = signing.signed_headers(webhook["secret"], message_id, int(at or time.time()), body) | changes
    return await house.client(address=address).post(webhook["path"], content=body, headers=headers)


async def test_a_delivery_becomes_a_task(house: House, admin: Caller) -> None:
    """Its words are the filled template, its context the whole payload, its user the one whom the webhook acts for."""
    ada = await house.user(admin.org_id, "ada", "member")
    webhook = await made(admin, user="ada", input="Review {pull_request.title} of {sender.login}")
    answer = await deliver(house, webhook)
    assert answer.status_code == 202
    task = await house.task(admin.org_id, answer.json()["task_id"])
    assert (task.input, task.user_id, task.path) == ("Review Fix it of eve", ada.user_id, ["worker"])
    assert task.context is not None
    async with house.parts.database.org(admin.org_id) as conn:
        assert await kept_context(conn, admin.org_id, house.parts.sealer, task.context) == PAYLOAD


async def test_a_part_of_the_payload_can_be_the_context(house: House, admin: Caller) -> None:
    """With a path the context is what is there, as text if it is a number; nothing, if nothing is there."""
    webhook = await made(admin, context="pull_request.body")
    payloads: list[Any] = [PAYLOAD, {"pull_request": {"body": 5}}, {"pull_request": 1}]
    seen = []
    for number, payload in enumerate(payloads):
        answer = await deliver(house, webhook, payload, message_id=f"msg_{number}")
        task = await house.task(admin.org_id, answer.json()["task_id"])
        async with house.parts.database.org(admin.org_id) as conn:
            kept = task.context and await kept_context(conn, admin.org_id, house.parts.sealer, task.context)
        seen.append(kept)
    assert seen == ["all of it", "5", None]


async def test_a_second_delivery_gets_the_first_ones_task(house: House, admin: Caller) -> None:
    """The same id makes one task, also of several that come at once and with another time and signature."""
    webhook = await made(admin)
    now = time.time()
    answers = await asyncio.gather(*(deliver(house, webhook, at=now - number) for number in range(6)))
    assert [answer.status_code for answer in answers] == [202] * 6
    assert len({answer.json()["task_id"] for answer in answers}) == 1
    other = await deliver(house, webhook, message_id="msg_2")
    assert len((await admin("GET", "/api/tasks"))["items"]) == 2
    assert other.json() != answers[0].json()


async def test_githubs_deliveries_are_taken(house: House, admin: Caller) -> None:
    """X-Hub-Signature-256 is checked; the same body is the same delivery whatever id it says, a ping makes no task."""
    webhook = await made(admin, scheme="github", secret="the secret that GitHub has")
    body = json.dumps(PAYLOAD).encode()
    digest = hmac.new(b"the secret that GitHub has", body, hashlib.sha256).hexdigest()

    async def sent(message_id: str, signature: str = digest, **headers: str) -> httpx.Response:
        given = {"X-Hub-Signature-256": f"sha256={signature}", "X-GitHub-Delivery": message_id, **headers}
        return await house.client().post(webhook["path"], content=body, headers=given)

    first, again = await sent("72d3162e"), await sent("0ther")
    assert first.status_code == 202
    assert first.json()["task_id"] == again.json()["task_id"]
    assert (await sent("ping", **{"X-GitHub-Event": "ping"})).json() == {"task_id": None}
    assert (await sent("x", signature="0" * 64)).status_code == 401
    assert len((await admin("GET", "/api/tasks"))["items"]) == 1


async def test_nobody_can_tell_a_wrong_signature_from_no_webhook(
    house: House, admin: Caller, clock: MovedClock
) -> None:
    """A wrong, missing or old signature, a disabled webhook, and one that is not there get the very same answer."""
    webhook = await made(admin)
    good = await deliver(house, webhook)
    answers = [
        await deliver(house, webhook, **{"webhook-signature": "v1,AAAA"}),
        await house.client(address="10.9.9.8").post(webhook["path"], json=PAYLOAD),
        await deliver(house, {**webhook, "secret": signing.new_secret()}),
        await deliver(house, {**webhook, "path": "/hooks/whk_0000000000000000"}),
        await deliver(house, {**webhook, "path": "/hooks/é%00"}),
    ]
    clock.ahead = 301
    answers.append(await deliver(house, webhook, message_id="msg_1"))
    clock.ahead = 0
    await admin("PATCH", f"/api/webhooks/{webhook['webhook_id']}", json={"enabled": False})
    answers.append(await deliver(house, webhook, message_id="msg_3"))
    assert good.status_code == 202
    assert {(answer.status_code, answer.text) for answer in answers} == {(401, answers[0].text)}
    assert answers[0].json()["error"]["code"] == "access.signature_refused"


async def test_who_tries_signatures_is_slowed_down(house: House, admin: Caller) -> None:
    """After twenty wrong ones for a webhook an address waits there, unless it was right not long ago; other webhooks
    and other addresses don't wait."""
    webhook, other = await made(admin), await made(admin, name="other")
    assert (await deliver(house, other, address="10.1.1.1")).status_code == 202
    wrong = [await deliver(house, {**other, "secret": signing.new_secret()}) for _ in range(21)]
    assert {answer.status_code for answer in wrong[:20]} == {401}
    assert (wrong[-1].status_code, "retry-after" in wrong[-1].headers) == (429, True)
    assert (await deliver(house, other)).status_code == 429
    assert (await deliver(house, webhook)).status_code == 202
    for _ in range(21):
        await deliver(house, {**other, "secret": signing.new_secret()}, address="10.1.1.1")
    assert (await deliver(house, other, message_id="msg_2", address="10.1.1.1")).status_code == 202


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        (b"no json", 400),
        (b"[" * 100_000, 400),
        (b"1" * 5_000, 400),
        (b"\xff\xfe", 400),
        (b"{}", 202),
        (b"null", 202),
        (rb'{"a": "\ud800 \u0000"}', 202),
        (b'{"a": NaN, "b": [1e999]}', 202),
        (b'"text"', 202),
        (b"5", 202),
        (b'{"a":' * 70 + b"1" + b"}" * 70, 400),
    ],
)
async def test_payloads_may_be_anything_but_must_be_json(
    house: House, admin: Caller, payload: bytes, status: int
) -> None:
    """What is no JSON, or JSON that can't be read, is refused and may be sent again; empty JSON is a delivery."""
    webhook = await made(admin, input="what came: {a}")
    assert (await deliver(house, webhook, payload)).status_code == status


async def test_payloads_have_a_size(house: House, admin: Caller) -> None:
    """A body beyond the API's limit is refused before its signature is looked at."""
    webhook = await made(admin)
    answer = await deliver(house, webhook, b" " * (2 * 1024 * 1024 + 1), **{"webhook-signature": ""})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request.too_large")


async def test_what_fails_leaves_no_trace(house: House, admin: Caller) -> None:
    """A delivery that could not become a task is not remembered: sent again later, it becomes one."""
    webhook = await made(admin)
    await admin("PUT", "/api/limits", 204, json={"metric": "tasks", "period": "day", "hard": 0})
    assert (await deliver(house, webhook)).status_code == 429
    await admin("PUT", "/api/limits", 204, json={"metric": "tasks", "period": "day"})
    assert (await deliver(house, webhook)).status_code == 202


async def test_a_disabled_users_webhook_makes_no_task(house: House, admin: Caller) -> None:
    """Whoever has the secret acts for the user, and no more than the user may."""
    await house.user(admin.org_id, "ada", "member")
    webhook = await made(admin, user="ada")
    await admin("PATCH", "/api/users/ada", json={"disabled": True})
    answer = await deliver(house, webhook)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "access.permission_denied")


@pytest.mark.parametrize("scheme", ["standard", "github"])
async def test_a_webhook_can_have_another_secret(house: House, admin: Caller, scheme: str) -> None:
    """A fresh one, or the sender's own: the old one is worth nothing at once; what can't be one changes nothing."""
    webhook = await made(admin, scheme=scheme)
    path = f"/api/webhooks/{webhook['webhook_id']}/secret"
    secrets = [webhook["secret"], (await admin("POST", path, json={}))["secret"]]
    own = signing.new_secret()
    assert (await admin("POST", path, json={"secret": own}))["secret"] == own
    await admin("POST", path, 400, json={"secret": "short"})
    body = b'{"action": "opened"}'
    for number, secret in enumerate([*secrets, own]):
        headers = signing.signed_headers(secret, f"msg_{number}", int(time.time()), body)
        if scheme == "github":
            digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            headers = {"x-hub-signature-256": f"sha256={digest}"}
        answer = await house.client().post(webhook["path"], content=body, headers=headers)
        assert answer.status_code == (202 if secret == own else 401), answer.text
    assert own not in json.dumps(await admin("GET", "/api/webhooks"))


async def test_webhooks_are_looked_after(house: House, admin: Caller) -> None:
    """They are listed without their secret, changed, and removed; a name is taken once."""
    webhook = await made(admin)
    listed = await admin("GET", "/api/webhooks")
    assert webhook["secret"] not in json.dumps(listed)
    assert [each["webhook_id"] for each in listed["items"]] == [webhook["webhook_id"]]
    assert listed["items"][0]["received_at"] is None
    await deliver(house, webhook)
    path = f"/api/webhooks/{webhook['webhook_id']}"
    assert (await admin("GET", path))["received_at"] is not None
    assert (await admin("PATCH", path, json={"input": "Now {action}"}))["input"] == "Now {action}"
    body = {"name": "builds", "user": "admin"}
    assert (await admin("POST", "/api/webhooks", 409, json=body))["error"]["code"] == "thing.conflict"
    for fault in ({"input": "{"}, {"context": "a b"}, {"secret": "short"}, {"user": "nobody"}):
        await admin("POST", "/api/webhooks", 404 if "user" in fault else 400, json={**body, "name": "x", **fault})
    await admin("DELETE", path, 204)
    assert (await deliver(house, webhook, message_id="msg_2")).status_code == 401
