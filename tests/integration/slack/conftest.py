"""Slack on a real Postgres: its events come in over the API, its own API is played by a server on loopback."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from slack_sdk.signature import SignatureVerifier

from greatwheel.channels.http.app import create_app
from greatwheel.channels.slack.dealing import SlackErrands
from greatwheel.channels.slack.posting import SlackSender
from greatwheel.channels.webhooks.courier import Courier
from greatwheel.channels.webhooks.deliverer import Deliverer
from greatwheel.core.clock import SystemClock
from greatwheel.database.database import Database
from greatwheel.scheduler.retrying import Retrying
from greatwheel.scheduler.tasks import TaskStore

from ..http.conftest import Caller, House, parts_of
from ..webhooks.conftest import QUICK, MovedClock, until
from ..webhooks.receiver import Got, Receiver, Say, receiving

TOKEN, SIGNING_SECRET = "xoxb-the-token-of-the-bot", "the signing secret"
_TIMES = count(1)


@dataclass(frozen=True, kw_only=True)
class Post:
    """A message that was posted."""

    channel: str
    thread: str
    text: str
    token: str
    fields: dict[str, str]


@dataclass
class Slack:
    """A stand-in for Slack's API."""

    receiver: Receiver
    refusals: list[Say] = field(default_factory=list)
    """What it answers first, before it takes anything."""

    @property
    def posts(self) -> list[Post]:
        """What was asked to be posted, refused or not."""
        return [_post(got) for got in self.receiver.got]

    async def posted(self, number: int) -> list[Post]:
        """The posts, once there are so many."""
        await asyncio.to_thread(self.receiver.wait, number)
        return self.posts

    def answer(self, got: Got) -> Say:
        """See `Receiver`."""
        if self.refusals:
            return self.refusals.pop(0)
        return Say(body=json.dumps({"ok": True, "ts": "1.1"}).encode(), headers={"content-type": "application/json"})


def refusal(error: str, status: int = 200, **headers: str) -> Say:
    """How Slack says no."""
    given = {"content-type": "application/json"} | {key.replace("_", "-"): value for key, value in headers.items()}
    return Say(status=status, body=json.dumps({"ok": False, "error": error}).encode(), headers=given)


def _post(got: Got) -> Post:
    assert got.path == "/api/chat.postMessage"
    if got.headers["content-type"].startswith("application/json"):
        given = json.loads(got.body)
    else:
        given = {key: values[0] for key, values in parse_qs(got.body.decode()).items()}
    token = got.headers.get("authorization", "").removeprefix("Bearer ")
    return Post(channel=given["channel"], thread=given["thread_ts"], text=given["text"], token=token, fields=given)


@dataclass(kw_only=True)
class Workspace:
    """A workspace of Slack whose app is set up."""

    house: House
    admin: Caller
    app: dict[str, Any]

    async def send(
        self,
        body: Any,
        *,
        secret: str = SIGNING_SECRET,
        at: float | None = None,
        path: str | None = None,
        **headers: str,
    ) -> httpx.Response:
        """A request of Slack, signed."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        timestamp = str(int(at or time.time()))
        signature = SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=raw)
        assert signature is not None
        given = {"x-slack-request-timestamp": timestamp, "x-slack-signature": signature, **headers}
        return await self.house.client(address="10.5.5.5").post(
            path or self.app["path"],
            content=raw,
            headers=[(key.encode(), value.encode("latin-1")) for key, value in given.items()],
        )

    async def say(self, text: str, **event: Any) -> dict[str, Any]:
        """Somebody mentions the app (or says something else, if `type` is given); the event's body."""
        number = next(_TIMES)
        said = {
            "type": "app_mention", "channel": "C1", "user": "U1", "ts": f"1700000000.{number:06}", "text": text,
            **event,
        }  # fmt: skip
        body = {
            "type": "event_callback", "team_id": "T1", "event_id": f"Ev{number:08}", "event": said,
            "authorizations": [{"user_id": "UBOT"}],
        }  # fmt: skip
        answer = await self.send(body)
        assert answer.status_code == 200, answer.text
        return body

    async def tasks(self, number: int) -> list[dict[str, Any]]:
        """The organisation's tasks, oldest first, once there are so many."""

        async def look() -> list[dict[str, Any]]:
            items: list[dict[str, Any]] = (await self.admin("GET", "/api/tasks"))["items"]
            return items[::-1] if len(items) >= number else []

        found: list[dict[str, Any]] = await until(look)
        return found

    async def settled(self) -> None:
        """Every event was dealt with."""

        async def look() -> bool:
            async with self.house.parts.database.org(self.admin.org_id) as conn:
                found = await (await conn.execute("select from slack_events where done_at is null")).fetchall()
            return not found

        await until(look)


@pytest.fixture
def clock() -> MovedClock:
    """The server's clock."""
    return MovedClock()


@pytest.fixture
async def house(database: Database, tmp_path: Path, clock: MovedClock) -> AsyncIterator[House]:
    """An installation."""
    app = create_app(parts := parts_of(database, tmp_path), clock=clock)
    house = House(app=app, parts=parts)
    async with app.router.lifespan_context(app):
        yield house
    for client in house.clients:
        await client.aclose()


@pytest.fixture
async def admin(house: House) -> Caller:
    """The admin of an organisation that has the secrets of a Slack app."""
    admin = await house.organisation("acme")
    await admin("PUT", "/api/secrets/SLACK_BOT_TOKEN", 204, json={"value": TOKEN})
    await admin("PUT", "/api/secrets/SLACK_SIGNING_SECRET", 204, json={"value": SIGNING_SECRET})
    return admin


@pytest.fixture
async def workspace(house: House, admin: Caller) -> Workspace:
    """A workspace where everybody acts for the user ada."""
    await house.user(admin.org_id, "ada", "member")
    order = {
        "name": "acme", "agent": "worker", "default_user": "ada", "bot_token": "SLACK_BOT_TOKEN",
        "signing_secret": "SLACK_SIGNING_SECRET",
    }  # fmt: skip
    return Workspace(house=house, admin=admin, app=await admin("POST", "/api/slack", 201, json=order))


@pytest.fixture
def slack() -> Iterator[Slack]:
    """Slack's API."""
    with receiving() as receiver:
        slack = Slack(receiver)
        receiver.answer = slack.answer
        yield slack


@asynccontextmanager
async def errands(house: House, slack: Slack, tasks: TaskStore | None = None) -> AsyncIterator[None]:
    """A worker's errands, for as long as the block lasts."""
    parts, clock = house.parts, SystemClock()
    sender = SlackSender(parts.database, parts.secrets, url=f"{slack.receiver.url}/api/", seconds=2.0)
    dealing = SlackErrands(parts.database, tasks or parts.tasks, clock, Retrying(max_attempts=3, base_seconds=0.02))
    deliverer = Deliverer(parts.database, {"slack": sender}, clock, QUICK)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(Courier(parts.database, [dealing, deliverer], tick_seconds=0.05).run(stop))
        try:
            yield
        finally:
            stop.set()
