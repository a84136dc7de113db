"""Webhooks that come in: places with a secret, whose deliveries become tasks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from greatwheel.channels.webhooks import mapping, signing
from greatwheel.channels.webhooks.signing import Received, Scheme
from greatwheel.channels.webhooks.statements import SQL
from greatwheel.core.clock import Clock
from greatwheel.core.errors import BadInput, NotFound, PermissionDenied, SignatureRefused
from greatwheel.core.ids import OrgId, TaskId, UserId, new_id
from greatwheel.core.tasks import SubmitTask
from greatwheel.database.connection import OrgConnection
from greatwheel.database.database import Database
from greatwheel.database.storable import storable_text
from greatwheel.scheduler.submission import LONGEST_INPUT
from greatwheel.scheduler.tasks import TaskStore
from greatwheel.tenancy import users
from greatwheel.tenancy.naming import parse_name
from greatwheel.tenancy.sealing import Sealer

_USUAL_INPUT = "A delivery has come in by the webhook %s. It is in the variable `context`; see what is to be done."
_NOBODYS = signing.new_secret()
"""What is checked where there is no webhook: the refusal takes as long."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewWebhook:
    """An order: make a webhook."""

    name: str
    user: str
    """The name or id of whom its tasks act for."""
    agent: str | None = None
    """None: the organisation's triage agent."""
    scheme: Scheme = "standard"
    input: str | None = None
    """Template of the tasks' words; None: they say that a delivery came."""
    context: str | None = None
    """Path of what of a payload is the tasks' context; None: all of it."""
    secret: str | None = field(default=None, repr=False)
    """The sender's; None: a fresh one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookChange:
    """What to change about a webhook; None leaves it."""

    agent: str | None = None
    input: str | None = None
    context: str | None = None
    enabled: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """A webhook as it stands, without its secret."""

    webhook_id: str
    name: str
    user_name: str
    user_id: UserId
    agent: str | None
    scheme: Scheme
    input: str
    context: str | None
    enabled: bool
    created_at: datetime
    received_at: datetime | None
    """When the last delivery came."""


async def create(conn: OrgConnection, org_id: OrgId, sealer: Sealer, order: NewWebhook) -> tuple[Webhook, str]:
    """Make a webhook; it, and its secret, which is known only now.

    Raises:
        BadInput: the name, the template, the path or the secret can't be one.
        NotFound: no such user.
        Conflict: the name is taken.
    """
    user = await users.find(conn, order.user)
    secret = order.secret or signing.new_secret()
    signing.check_secret(order.scheme, secret)
    webhook_id = new_id("whk")
    name = parse_name("webhook", order.name)
    template = _USUAL_INPUT % name if order.input is None else order.input
    _check(template, order.context)
    row = {
        "org": org_id, "webhook": webhook_id, "name": name, "user": user.user_id, "agent": order.agent,
        "scheme": order.scheme, "input": template, "context": order.context,
        "sealed": sealer.seal(org_id, binding(webhook_id), secret.encode()),
    }  # fmt: skip
    await conn.execute(SQL["create_webhook"], row)
    return await get(conn, org_id, webhook_id), secret


async def list_page(conn: OrgConnection, org_id: OrgId, *, after: str | None, limit: int) -> Sequence[Webhook]:
    """So many of the organisation's webhooks, by name: the first ones, or those behind a name."""
    values = {"org": org_id, "webhook": None, "after": after, "limit": limit}
    return [Webhook(**row) for row in await (await conn.execute(SQL["webhooks"], values)).fetchall()]


async def get(conn: OrgConnection, org_id: OrgId, webhook_id: str) -> Webhook:
    """One webhook. Raises NotFound."""
    values = {"org": org_id, "webhook": webhook_id, "after": None, "limit": 1}
    row = await (await conn.execute(SQL["webhooks"], values)).fetchone()
    if row is None:
        raise _unknown()
    return Webhook(**row)


async def update(conn: OrgConnection, org_id: OrgId, webhook_id: str, change: WebhookChange) -> Webhook:
    """Change a webhook.

    Raises:
        NotFound: there is no such webhook.
        BadInput: as `create`.
    """
    _check(change.input or "", change.context)
    values = {
        "org": org_id, "webhook": webhook_id, "agent": change.agent, "input": change.input, "context": change.context,
        "enabled": change.enabled,
    }  # fmt: skip
    if await (await conn.execute(SQL["update_webhook"], values)).fetchone() is None:
        raise _unknown()
    return await get(conn, org_id, webhook_id)


async def set_secret(conn: OrgConnection, org_id: OrgId, sealer: Sealer, webhook_id: str, secret: str | None) -> str:
    """Give a webhook another secret, a fresh one unless the sender's is given; it, which is known only now.

    Raises:
        NotFound: there is no such webhook.
        BadInput: the secret can't be one.
    """
    scheme = (await get(conn, org_id, webhook_id)).scheme
    secret = secret or signing.new_secret()
    signing.check_secret(scheme, secret)
    sealed = sealer.seal(org_id, binding(webhook_id), secret.encode())
    values = {"org": org_id, "webhook": webhook_id, "sealed": sealed}
    if await (await conn.execute(SQL["set_webhook_secret"], values)).fetchone() is None:
        raise _unknown()
    return secret


async def remove(conn: OrgConnection, org_id: OrgId, webhook_id: str) -> None:
    """Take a webhook away. Raises NotFound."""
    values = {"org": org_id, "webhook": webhook_id}
    if await (await conn.execute(SQL["remove_webhook"], values)).fetchone() is None:
        raise _unknown()


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A delivery whose signature was right."""

    webhook: Mapping[str, Any]
    """Its row."""
    received: Received
    body: bytes


class Reception:
    """Takes deliveries in, for senders that have nothing but a webhook's id and secret."""

    def __init__(self, database: Database, tasks: TaskStore, sealer: Sealer, clock: Clock) -> None:
        self._database = database
        self._tasks = tasks
        self._sealer = sealer
        self._clock = clock

    async def check(self, webhook_id: str, headers: Mapping[str, str], body: bytes) -> Delivery:
        """The delivery, if its signature is right. `headers`: names in lower case.

        Raises:
            SignatureRefused: it is not, or is too old, or there is no such webhook: nobody can tell which.
        """
        async with self._database.system() as conn:
            row = await (await conn.execute(SQL["find_webhook"], {"webhook": storable_text(webhook_id)})).fetchone()
        scheme: Scheme = "standard" if row is None else row["scheme"]
        received = signing.received(scheme, self._secret(row), headers, body, self._clock.now())
        if row is None or received is None:
            raise SignatureRefused
        return Delivery(webhook=row, received=received, body=body)

    async def take(self, delivery: Delivery) -> TaskId | None:
        """Queue the task of a delivery that was checked; a second delivery gets the first one's task. None: it was a
        mere try.

        Raises:
            BadInput: the payload is no JSON, or nothing is left of it for the task.
            PermissionDenied: the user whom the webhook acts for is disabled.
            LimitReached, NotFound, Conflict: as any order.
        """
        webhook, marks = delivery.webhook, list(delivery.received.marks)
        if delivery.received.ping:
            return None
        if webhook["user_disabled"]:
            raise PermissionDenied("The user whom this webhook acts for is disabled; ask an admin.")
        order = order_of(webhook, delivery.body)
        values = {"org": webhook["org_id"], "webhook": webhook["webhook_id"]}
        try:
            async with self._database.org(webhook["org_id"]) as conn:
                for mark in marks:  # in the order of the alphabet: two deliveries never wait for each other
                    if await (await conn.execute(SQL["receive"], {**values, "mark": mark})).fetchone() is None:
                        raise _SeenBefore
                task = await self._tasks.submit(conn, order)
                await conn.execute(SQL["note_task"], {**values, "marks": marks, "task": task.task_id})
                return task.task_id
        except _SeenBefore:
            async with self._database.org(webhook["org_id"]) as conn:
                row = await (await conn.execute(SQL["received_task"], {**values, "marks": marks})).fetchone()
            return None if row is None else TaskId(row["task_id"])

    def _secret(self, row: Mapping[str, Any] | None) -> str:
        if row is None:
            return _NOBODYS
        return self._sealer.open(row["org_id"], binding(row["webhook_id"]), row["sealed"]).decode()


class _SeenBefore(Exception):
    """A delivery came a second time; what was begun for it is rolled back."""


def order_of(webhook: Mapping[str, Any], body: bytes) -> SubmitTask:
    """The task that a payload becomes.

    Raises:
        BadInput: it is no JSON, or nothing is left of it for the task.
    """
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise BadInput("The payload is no JSON.") from None
    text = mapping.fill(webhook["input"], payload).strip()[:LONGEST_INPUT]
    context = payload if webhook["context"] is None else mapping.at_path(payload, webhook["context"])
    if isinstance(context, bool | int | float):
        context = json.dumps(context)
    if not text:
        raise BadInput("The payload leaves the task without words: see the webhook's template.")
    return SubmitTask(user_id=webhook["user_id"], agent=webhook["agent"], input=text, context=context or None)


def binding(webhook_id: str) -> str:
    """What the secret is sealed for."""
    return f"webhook:{webhook_id}"


def _check(template: str, path: str | None) -> None:
    mapping.check_template(template)
    if path is not None:
        mapping.check_path(path)


def _unknown() -> NotFound:
    return NotFound("There is no such webhook in this organisation.")
