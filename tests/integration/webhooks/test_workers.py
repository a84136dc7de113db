"""The errands of an installation's worker, put together as the server does it."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from greatwheel.channels.webhooks import signing
from greatwheel.core.ids import TaskId
from greatwheel.core.tasks import Ending, Task
from greatwheel.server.assembly import Installation, work
from greatwheel.server.settings import Settings, SlackSettings, WebhookSettings
from greatwheel.tenancy.secrets import SecretStore

from ..http.conftest import Caller, House
from .receiver import Receiver, Say
from .test_outbound import came, subscribed


class Answering:
    """A runner that answers each task with its words. See `scheduler.port.Runner`."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def run(self, task: Task) -> None:
        """See the port."""
        async with self._house.parts.database.org(task.org_id) as conn:
            await self._house.parts.tasks.finish(conn, task, Ending(status="done", answer=f"did: {task.input}"))

    def cancel(self, task_id: TaskId) -> None:
        """See the port."""


def installation(house: House, slack: Receiver) -> Installation:
    """The house's parts, with settings that allow loopback."""
    settings = Settings(
        webhooks=WebhookSettings(networks=("127.0.0.0/8",)), slack=SlackSettings(url=f"{slack.url}/api/")
    )
    parts = house.parts
    return Installation(
        settings=settings, database=parts.database, sealer=parts.sealer, tasks=parts.tasks, registry=parts.registry,
        secrets=SecretStore(parts.sealer), memory=parts.memory,
    )  # fmt: skip


async def test_a_worker_carries_a_webhook_through(house: House, admin: Caller, receiver: Receiver) -> None:
    """A payload that comes in becomes a task, a worker does it, and its end goes out, to a webhook and into Slack."""
    receiver.answer = lambda got: Say(body=b'{"ok": true}', headers={"content-type": "application/json"})
    await subscribed(admin, receiver, ["task.ended"])
    webhook = await admin("POST", "/api/webhooks", 201, json={
        "name": "builds", "user": "admin", "agent": "worker", "input": "look at {what}",
    })  # fmt: skip
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(work(installation(house, receiver), Answering(house), stop))
        body = json.dumps({"what": "this"}).encode()
        headers = signing.signed_headers(webhook["secret"], "msg_1", int(time.time()), body)
        assert (await house.client().post(webhook["path"], content=body, headers=headers)).status_code == 202
        (got,) = await came(receiver, 1)
        await _into_slack(house, admin)
        posts = (await came(receiver, 3))[1:]
        stop.set()
    assert json.loads(got.body)["data"]["answer"] == "did: look at this"
    said = {got.path: got.body.decode() for got in posts}
    assert "did: say it" in said["/api/chat.postMessage"]
    assert "did: say it" in said["/in"]


async def _into_slack(house: House, admin: Caller) -> None:
    """An event of Slack, as it is kept when it has come in."""
    await admin("PUT", "/api/secrets/TOKEN", 204, json={"value": "xoxb-the-token"})
    order = {
        "name": "acme", "bot_token": "TOKEN", "signing_secret": "TOKEN", "default_user": "admin", "agent": "worker",
    }  # fmt: skip
    app = await admin("POST", "/api/slack", 201, json=order)
    said: dict[str, Any] = {
        "channel": "C1", "ts": "1.1", "thread": "1.1", "user": "U1", "text": "say it", "to_us": True, "foreign": False,
    }  # fmt: skip
    async with house.parts.database.org(admin.org_id) as conn:
        await conn.execute(
            "insert into slack_events (org_id, slack_id, event_id, body) values (%s, %s, 'Ev1', %s)",
            (admin.org_id, app["slack_id"], json.dumps(said)),
        )
        await conn.execute("select pg_notify('greatwheel_errands', '')")
