"""Subscriptions to what happens in tasks, and the log of their deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

from greatwheel.channels.webhooks import signing
from greatwheel.channels.webhooks.statements import SQL
from greatwheel.core.errors import BadInput, Conflict, NotFound
from greatwheel.core.ids import OrgId, TaskId, new_id
from greatwheel.database.connection import OrgConnection
from greatwheel.tenancy.sealing import Sealer
from greatwheel.tools.addresses import AddressRefused, Network, resolve

EventName: TypeAlias = Literal["task.ended", "message.sent", "question.asked", "question.answered", "limit.warned"]
"""What can be subscribed to: the triggers of migration 0007 look at these types alone."""
DeliveryState: TypeAlias = Literal["pending", "sending", "done", "dead"]
LONGEST_URL = 2_000
MOST = 100
"""Subscriptions of an organisation: each makes a delivery of each event."""
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """Where events are delivered, without the secret that signs."""

    subscription_id: str
    events: Sequence[EventName]
    agent: str | None
    """Only of tasks of this agent; None: of all."""
    url: str
    enabled: bool
    reason: str | None
    """Why it was disabled, if not by hand."""
    paused_until: datetime | None
    """The receiver asked to be left alone until then."""
    created_at: datetime
    waiting: int
    """Deliveries that are not made yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryLine:
    """A delivery in the log."""

    delivery_id: str
    """What receivers get as `webhook-id`."""
    seq: int
    type: str
    task_id: TaskId | None
    state: DeliveryState
    attempts: int
    created_at: datetime
    ended_at: datetime | None
    due_at: datetime | None
    """When the next attempt is due."""
    log: Sequence[Mapping[str, Any]]
    """Of each attempt: `attempt`, `at`, `status`, `seconds`, `error`."""


async def subscribe(
    conn: OrgConnection,
    org_id: OrgId,
    sealer: Sealer,
    *,
    url: str,
    events: Sequence[EventName],
    agent: str | None = None,
) -> tuple[Subscription, str]:
    """Subscribe a URL that `check_url` let pass; the subscription, and its secret, which is known only now.

    Raises:
        Conflict: the organisation has as many as there may be.
    """
    if len(await list_all(conn, org_id)) >= MOST:
        raise Conflict(f"An organisation has at most {MOST} subscriptions; remove one first.")
    secret, subscription_id = signing.new_secret(), new_id("sub")
    row = {
        "org": org_id, "subscription": subscription_id, "kind": "webhook", "events": sorted(set(events)),
        "agent": agent, "url": url, "sealed": sealer.seal(org_id, binding(subscription_id), secret.encode()),
    }  # fmt: skip
    await conn.execute(SQL["subscribe"], row)
    return await get(conn, org_id, subscription_id), secret


async def list_all(conn: OrgConnection, org_id: OrgId) -> Sequence[Subscription]:
    """The organisation's subscriptions, oldest first."""
    rows = await (await conn.execute(SQL["subscriptions"], {"org": org_id, "subscription": None})).fetchall()
    return [Subscription(**row) for row in rows]


async def get(conn: OrgConnection, org_id: OrgId, subscription_id: str) -> Subscription:
    """One subscription. Raises NotFound."""
    values = {"org": org_id, "subscription": subscription_id}
    row = await (await conn.execute(SQL["subscriptions"], values)).fetchone()
    if row is None:
        raise _unknown()
    return Subscription(**row)


async def update(
    conn: OrgConnection,
    org_id: OrgId,
    subscription_id: str,
    *,
    url: str | None = None,
    events: Sequence[EventName] | None = None,
    enabled: bool | None = None,
) -> Subscription:
    """Change a subscription; None leaves what is there. While it is disabled, nothing that happens is kept for it.

    Raises:
        NotFound: there is no such subscription.
    """
    wanted = None if events is None else sorted(set(events))
    values = {"org": org_id, "subscription": subscription_id, "url": url, "events": wanted, "enabled": enabled}
    if await (await conn.execute(SQL["update_subscription"], values)).fetchone() is None:
        raise _unknown()
    await conn.execute(SQL["wake"])
    return await get(conn, org_id, subscription_id)


async def set_secret(conn: OrgConnection, org_id: OrgId, sealer: Sealer, subscription_id: str) -> str:
    """Sign what is delivered with a fresh secret from the next attempt on; it, which is known only now.

    Raises:
        NotFound: there is no such subscription.
    """
    secret = signing.new_secret()
    sealed = sealer.seal(org_id, binding(subscription_id), secret.encode())
    values = {"org": org_id, "subscription": subscription_id, "sealed": sealed}
    if await (await conn.execute(SQL["set_subscription_secret"], values)).fetchone() is None:
        raise _unknown()
    return secret


async def unsubscribe(conn: OrgConnection, org_id: OrgId, subscription_id: str) -> None:
    """Take a subscription away, and what is on its way to it. Raises NotFound."""
    values = {"org": org_id, "subscription": subscription_id, "kind": "webhook"}
    if await (await conn.execute(SQL["unsubscribe"], values)).fetchone() is None:
        raise _unknown()


async def deliveries(
    conn: OrgConnection,
    org_id: OrgId,
    subscription_id: str,
    *,
    state: DeliveryState | None = None,
    before: int,
    limit: int,
) -> Sequence[DeliveryLine]:
    """A page of the log of a subscription of any kind, newest first. Raises NotFound."""
    values = {"org": org_id, "subscription": subscription_id, "state": state, "before": before, "limit": limit}
    if await (await conn.execute(SQL["has_subscription"], values)).fetchone() is None:
        raise _unknown()
    return [DeliveryLine(**row) for row in await (await conn.execute(SQL["deliveries"], values)).fetchall()]


async def deliver_again(conn: OrgConnection, org_id: OrgId, subscription_id: str, delivery_id: str) -> None:
    """Deliver once more what was delivered or given up, under its old id.

    Raises:
        NotFound: there is no such delivery.
        Conflict: it is still on its way.
    """
    values = {"org": org_id, "subscription": subscription_id, "delivery": delivery_id}
    row = await (await conn.execute(SQL["delivery"], values)).fetchone()
    if row is None:
        raise NotFound("There is no such delivery in this organisation.")
    if row["state"] not in ("done", "dead"):
        raise Conflict(f"The delivery {delivery_id} is still {row['state']}.")
    await conn.execute(SQL["deliver_again"], values)
    await conn.execute(SQL["wake"])


async def check_url(url: str, networks: Sequence[Network]) -> None:
    """Go on with a URL that may be delivered to: https, or http to an address of one of the networks.

    What its name resolves to is checked again at each delivery.

    Raises:
        BadInput: it may not; the message says why.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        raise BadInput("The URL can't be one.") from None
    if not host or not port or parts.fragment or len(url) > LONGEST_URL or not url.isascii() or not url.isprintable():
        raise BadInput("The URL must begin with https:// and a host, in ASCII, without #.")
    if parts.username is not None or parts.password is not None:
        raise BadInput("The URL must not have a name or password: receivers check the signature.")
    try:
        if parts.scheme == "https":
            await resolve(host, port, networks)
        else:
            await _resolve_within(host, port, networks)
    except AddressRefused:
        raise BadInput(f"The host {host} has an address that is not public: nothing is delivered there.") from None
    except OSError:
        raise BadInput(f"The host {host} can't be found.") from None


async def _resolve_within(host: str, port: int, networks: Sequence[Network]) -> None:
    for address in await resolve(host, port, networks):
        if not any(ip_address(address) in network for network in networks):
            raise BadInput("The URL must begin with https://: others could read what is delivered by http.")


def binding(subscription_id: str) -> str:
    """What the secret that signs is sealed for."""
    return f"subscription:{subscription_id}"


def _unknown() -> NotFound:
    return NotFound("There is no such subscription in this organisation.")
