"""Secrets with a mark go through everything that an installation does; afterwards the marks are nowhere.

Beside them goes a word that is no secret, the same ways: where that is found, the search sees.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk.signature import SignatureVerifier

from .marked.house import House, furnished
from .marked.programs import SEEN
from .marked.searching import as_bytes, files, leaks, tables, unsealed

SECRETS = {
    "KEY": "mark?5f2c secret/9e+wörd-7a41d0",
    "DESK": "desk!77be secret/4c+side-19f3aa",
    "SLACK_BOT_TOKEN": "xoxb-4d1f0b77-mark-9e2210c4",
    "SLACK_SIGNING_SECRET": "signs~31c8 mark/55+ab07de12",
}
"""The organisation's."""
SENDERS = "hook?8a1d secret/2b+mark-f0c4e9"
"""With which somebody signs what they send."""
CONTEXT = {"context": SEEN * 50}
QUERIES: dict[str, dict[str, Any]] = {
    "/api/agents/{agent}/diff": {"from": 1, "to": 1},
    "/api/memory": {"scope": "agent", "agent": "keeper"},
}
"""Of routes that need one."""


@pytest.fixture
def house() -> Iterator[House]:
    """A fresh installation whose organisation `acme` has the marked secrets."""
    with furnished(SECRETS["DESK"]) as house:
        house.run("secrets", "set", "KEY", "--org", "acme", stdin=SECRETS["KEY"])
        yield house


@pytest.mark.heavy
async def test_marked_secrets_are_found_nowhere(house: House) -> None:
    """After all kinds of tasks, deliveries and a crash, no table, dump, file, log, stream or answer has a secret."""
    house.start("serve")
    secrets = {**SECRETS, "sender's": SENDERS, **set_up(house)}
    tasks = [*submit(house), *send(house)]
    question = house.until(lambda: house.call("GET", "/api/questions")["items"])[0]["task_id"]
    house.kill()
    house.run("secrets", "rotate", "--new-key")
    house.start("worker")
    house.start("serve")
    for task in tasks:
        house.follow(task)
    house.call("POST", f"/api/tasks/{question}/answer", json={"answer": "go on"})
    ended = house.until(lambda: all_ended(house))
    assert {task["status"] for task in ended} == {"done", "failed"}
    house.until(
        lambda: len(house.outside.delivered) > len(tasks) and any(SEEN in post for post in house.outside.posted)
    )
    for command in ("secrets", "agents", "tasks"):
        house.run(command, "list", "--org", "acme", "--json")
    read_everything(house, tasks[0])
    house.stop()
    dumps = await unsealed(house.config, "acme")
    found = {**tables(house.folder / "data"), **dumps, **files(house.folder), **said(house)}
    assert leaks(secrets, found) == []
    seeing = {place.split(".")[0] for place, text in found.items() if SEEN in text}
    assert seeing >= {"tasks", "host_calls", "memories", "task_events", "deliveries", "dump", "context", "postgres"}
    assert seeing >= {"output", "http", "sse", "ws", "model", "delivered", "posted"}
    assert any("[secret KEY]" in text for text in dumps.values())
    assert any("[secret DESK]" in text for text in house.heard["http"])
    assert leaks({"KEY": SECRETS["KEY"]}, {"asked": as_bytes("".join(house.outside.asked))}) == [("KEY", "asked")]
    assert house.outside.tokens == {SECRETS["SLACK_BOT_TOKEN"]}


def set_up(house: House) -> dict[str, str]:
    """Declare what needs secrets; those that were made on the way."""
    for name, value in SECRETS.items():
        house.call("PUT", f"/api/secrets/{name}", 204, json={"value": value})
    desk = {"name": "desk", "url": house.outside.mcp, "headers": {"X-Token": "{secret:DESK}"}}
    house.call("POST", "/api/mcp-servers", 201, json=desk)
    events = ["task.ended", "message.sent", "question.asked", "question.answered"]
    order = {"url": f"{house.outside.url}/hook", "events": events}
    signs = house.call("POST", "/api/webhooks/outbound", 201, shown=True, json=order)["secret"]
    login = house.request("POST", "/api/login", json={"key": house.key}).cookies["greatwheel_login"]
    # What is before the last part of a key finds it, and is no secret.
    return {"signs": signs.removeprefix("whsec_"), "login": login.split("_", 2)[2], "key": house.key.split("_", 2)[2]}


def submit(house: House) -> list[str]:
    """Tasks of all kinds over the API; their ids."""
    made = [
        house.call("POST", "/api/tasks", 202, json={"input": f"Do it: {SEEN}", "agent": agent, **CONTEXT})["task_id"]
        for agent in ("keeper", "failing", "bare")
    ]
    for task in made:
        house.follow(task)
    order = {"model": "bare", "messages": [{"role": "user", "content": f"Do it: {SEEN}"}]}
    house.call("POST", "/v1/chat/completions", json=order)
    house.call("POST", "/v1/chat/completions", json={**order, "stream": True})
    house.call("POST", "/api/chat", json={"message": f"Do it: {SEEN}", "agent": "helper"})
    return made


def send(house: House) -> list[str]:
    """What comes in signed, and what is signed wrongly; the ids of the tasks."""
    order = {"name": "hook", "user": "admin", "agent": "helper", "scheme": "github", "secret": SENDERS, "input": "{a}"}
    path = house.call("POST", "/api/webhooks", 201, shown=True, json=order)["path"]
    body = json.dumps({"a": SEEN}).encode()
    right = hmac.new(SENDERS.encode(), body, hashlib.sha256).hexdigest()
    made = house.call("POST", path, 202, content=body, headers={"x-hub-signature-256": f"sha256={right}"})
    house.call("POST", path, 401, content=body, headers={"x-hub-signature-256": f"sha256={right[::-1]}"})
    app = {"name": "acme", "agent": "helper", "default_user": "admin", "bot_token": "SLACK_BOT_TOKEN"}
    path = house.call("POST", "/api/slack", 201, json={**app, "signing_secret": "SLACK_SIGNING_SECRET"})["path"]
    event = {"type": "app_mention", "channel": "C1", "user": "U1", "ts": "1700000000.000001", "text": f"Do it: {SEEN}"}
    body = json.dumps({"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": event}).encode()
    now = str(int(time.time()))
    signature = SignatureVerifier(SECRETS["SLACK_SIGNING_SECRET"]).generate_signature(timestamp=now, body=body)
    for status, signed in ((200, str(signature)), (401, "v0=00")):
        headers = {"x-slack-request-timestamp": now, "x-slack-signature": signed}
        house.call("POST", path, status, content=body, headers=headers)
    return [made["task_id"]]


def all_ended(house: House) -> list[dict[str, Any]]:
    """The tasks, if they all have ended."""
    tasks: list[dict[str, Any]] = house.call("GET", "/api/tasks?limit=100")["items"]
    return tasks if all(task["status"] in ("done", "failed", "dead", "cancelled") for task in tasks) else []


def read_everything(house: House, task: str) -> None:
    """Call each route that shows something, with what there is to show."""
    names = {
        "task_id": task,
        "session_id": house.call("GET", f"/api/tasks/{task}")["session_id"],
        "agent": "keeper",
        "version": "1",
        "user": "admin",
        "model": "keeper",
        "webhook_id": house.call("GET", "/api/webhooks")["items"][0]["webhook_id"],
        "subscription_id": house.call("GET", "/api/webhooks/outbound")["items"][0]["subscription_id"],
        "slack_id": house.call("GET", "/api/slack")["items"][0]["slack_id"],
    }
    read = 0
    for path, methods in house.call("GET", "/openapi.json")["paths"].items():
        if "get" in methods:
            read += 1
            house.call("GET", path.format(**names), params=QUERIES.get(path))
    assert read > 30
    house.call("GET", f"/api/webhooks/{names['slack_id']}/deliveries")


def said(house: House) -> dict[str, str]:
    """What was said to whom, by place."""
    asked = [json.dumps([dict(each.headers), each.body], ensure_ascii=False) for each in house.model.requests]
    places = {**house.heard, "model": asked, "delivered": house.outside.delivered, "posted": house.outside.posted}
    return {place: as_bytes("\n".join(texts)) for place, texts in places.items()}
