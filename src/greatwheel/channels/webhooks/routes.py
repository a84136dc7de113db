"""Webhooks in the API: where payloads come in, who is told of what happens, and the log. An admin's business."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from greatwheel.channels.http.authentication import address_of
from greatwheel.channels.http.bodies import Body
from greatwheel.channels.http.cursors import (
    CursorQuery,
    LimitQuery,
    Page,
    page_of,
    place_cursor,
    read_name,
    read_place,
    text_cursor,
)
from greatwheel.channels.http.visits import Admin
from greatwheel.channels.webhooks import inbound, outbound
from greatwheel.channels.webhooks.inbound import NewWebhook, Reception, WebhookChange
from greatwheel.channels.webhooks.mapping import LONGEST_TEMPLATE
from greatwheel.channels.webhooks.outbound import LONGEST_URL, DeliveryState, EventName
from greatwheel.channels.webhooks.signing import Scheme
from greatwheel.core.ids import TaskId, UserId

router = APIRouter(prefix="/api/webhooks", tags=["webhooks"])
hooks = APIRouter(tags=["webhooks"])
"""What senders reach without a key: they sign."""

WebhookPath = Annotated[str, Path(max_length=100)]
_Agent = Annotated[str | None, Field(max_length=100)]
_Template = Annotated[str | None, Field(min_length=1, max_length=LONGEST_TEMPLATE)]
_DataPath = Annotated[str | None, Field(min_length=1, max_length=500)]
_Events = Annotated[Sequence[EventName], Field(min_length=1, max_length=20)]
_Url = Annotated[str, Field(min_length=1, max_length=LONGEST_URL)]
_NEWEST = 2**62


class WebhookOrder(Body):
    """A webhook to be made."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    user: Annotated[str, Field(max_length=100)]
    """The name or id of the user whom its tasks act for."""
    agent: _Agent = None
    """Who gets the tasks; null: the organisation's triage agent."""
    scheme: Scheme = "standard"
    """How deliveries are signed: Standard Webhooks, or as GitHub does it."""
    input: _Template = None
    """Template of a task's words, such as `Review {pull_request.title}`; null: they say that a delivery came."""
    context: _DataPath = None
    """Path of what of the payload is the task's context, such as `pull_request.body`; null: all of it."""
    secret: SecretStr | None = None
    """The sender's secret, if it has one; null: a fresh one."""


class ChangedWebhook(Body):
    """What to change; what is left out, or null, stays."""

    agent: _Agent = None
    input: _Template = None
    context: _DataPath = None
    enabled: bool | None = None


class WebhookFacts(BaseModel):
    """A webhook."""

    model_config = ConfigDict(from_attributes=True)

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


class MadeWebhook(WebhookFacts):
    """A webhook that was made."""

    path: str
    """Where deliveries are to be sent."""
    secret: str
    """It is shown only now."""


class OwnSecret(Body):
    """The secret that a webhook is to have."""

    secret: SecretStr | None = None
    """The sender's; null: a fresh one."""


class FreshSecret(BaseModel):
    """A secret that was set."""

    secret: str
    """It is shown only now."""


class SubscriptionOrder(Body):
    """Somebody to be told."""

    url: _Url
    """https, and not within a private network."""
    events: _Events
    agent: _Agent = None
    """Only of the tasks of this agent."""


class ChangedSubscription(Body):
    """What to change; what is left out, or null, stays."""

    url: Annotated[str | None, Field(min_length=1, max_length=LONGEST_URL)] = None
    events: Annotated[Sequence[EventName] | None, Field(min_length=1, max_length=20)] = None
    enabled: bool | None = None


class SubscriptionFacts(BaseModel):
    """Who is told of what happens."""

    model_config = ConfigDict(from_attributes=True)

    subscription_id: str
    url: str
    events: Sequence[EventName]
    agent: str | None
    enabled: bool
    reason: str | None
    """Why it was disabled, if not by hand."""
    paused_until: datetime | None
    """The receiver asked to be left alone until then."""
    created_at: datetime
    waiting: int
    """Deliveries that are not made yet."""


class MadeSubscription(SubscriptionFacts):
    """A subscription that was made."""

    secret: str
    """Signs what is delivered. It is shown only now."""


class AttemptFacts(BaseModel):
    """One attempt at a delivery."""

    attempt: int
    at: datetime
    status: int | None
    """The receiver's HTTP status, if it gave one."""
    seconds: float
    error: str | None


class DeliveryFacts(BaseModel):
    """A delivery."""

    delivery_id: str
    """What the receiver gets as `webhook-id`."""
    type: str
    task_id: TaskId | None
    state: DeliveryState
    attempts: int
    created_at: datetime
    ended_at: datetime | None
    due_at: datetime | None
    """When the next attempt is due."""
    log: Sequence[AttemptFacts]


class Taken(BaseModel):
    """What a delivery became."""

    task_id: TaskId | None
    """Null: it was a mere try."""


@hooks.post("/hooks/{webhook_id}", status_code=HTTPStatus.ACCEPTED)
async def receive(request: Request, webhook_id: WebhookPath) -> Taken:
    """Deliver a payload, signed. A second delivery with the same id gets the first one's task.

    Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`. GitHub: `X-Hub-Signature-256`.
    """
    parts, door = request.app.state.parts, request.app.state.door
    reception = Reception(parts.database, parts.tasks, parts.sealer, request.app.state.clock)
    body = await request.body()
    headers = dict(request.headers)
    # Many senders share an address (GitHub's, Slack's): who sends wrong ones there must not lock out the others.
    place = f"{address_of(request)} {webhook_id}"
    delivery = await door.checked(place, place, lambda: reception.check(webhook_id, headers, body))
    return Taken(task_id=await reception.take(delivery))


@router.get("/outbound")
async def list_subscriptions(visit: Admin) -> Page[SubscriptionFacts]:
    """Who is told of what happens, oldest first."""
    async with visit.org() as conn:
        found = await outbound.list_all(conn, visit.org_id)
    return Page(items=[SubscriptionFacts.model_validate(each) for each in found])


@router.post("/outbound", status_code=HTTPStatus.CREATED)
async def subscribe(visit: Admin, request: Request, given: SubscriptionOrder) -> MadeSubscription:
    """Have events delivered to a URL."""
    await outbound.check_url(given.url, request.app.state.networks)
    async with visit.org() as conn:
        made, secret = await outbound.subscribe(
            conn, visit.org_id, visit.parts.sealer, url=given.url, events=given.events, agent=given.agent
        )
    return MadeSubscription(**_told(made), secret=secret)


@router.get("/outbound/{subscription_id}")
async def get_subscription(visit: Admin, subscription_id: WebhookPath) -> SubscriptionFacts:
    """One of them."""
    async with visit.org() as conn:
        return SubscriptionFacts.model_validate(await outbound.get(conn, visit.org_id, subscription_id))


@router.patch("/outbound/{subscription_id}")
async def update_subscription(
    visit: Admin, request: Request, subscription_id: WebhookPath, given: ChangedSubscription
) -> SubscriptionFacts:
    """Change one. What happens while it is disabled is never delivered to it; what was on its way waits."""
    async with visit.org() as conn:
        await outbound.get(conn, visit.org_id, subscription_id)
    if given.url is not None:
        await outbound.check_url(given.url, request.app.state.networks)
    async with visit.org() as conn:
        changed = await outbound.update(conn, visit.org_id, subscription_id, **given.model_dump())
    return SubscriptionFacts.model_validate(changed)


@router.post("/outbound/{subscription_id}/secret")
async def rotate_secret(visit: Admin, subscription_id: WebhookPath) -> FreshSecret:
    """Sign with a fresh secret, also what is on its way. What the receiver refuses meanwhile is tried again."""
    async with visit.org() as conn:
        return FreshSecret(secret=await outbound.set_secret(conn, visit.org_id, visit.parts.sealer, subscription_id))


@router.delete("/outbound/{subscription_id}", status_code=HTTPStatus.NO_CONTENT)
async def unsubscribe(visit: Admin, subscription_id: WebhookPath) -> None:
    """Deliver nothing more there, and forget what was."""
    async with visit.org() as conn:
        await outbound.unsubscribe(conn, visit.org_id, subscription_id)


@router.get("")
async def list_webhooks(visit: Admin, limit: LimitQuery = 500, cursor: CursorQuery = None) -> Page[WebhookFacts]:
    """Where payloads come in, by name."""
    async with visit.org() as conn:
        found = await inbound.list_page(conn, visit.org_id, after=read_name(cursor), limit=limit + 1)
    return page_of([WebhookFacts.model_validate(each) for each in found], limit, lambda each: text_cursor(each.name))


@router.post("", status_code=HTTPStatus.CREATED)
async def create_webhook(visit: Admin, given: WebhookOrder) -> MadeWebhook:
    """Make a place where payloads come in and become tasks."""
    secret = None if given.secret is None else given.secret.get_secret_value()
    order = NewWebhook(**{**given.model_dump(), "secret": secret})
    async with visit.org() as conn:
        made, secret = await inbound.create(conn, visit.org_id, visit.parts.sealer, order)
    return MadeWebhook(**_facts(made), path=f"/hooks/{made.webhook_id}", secret=secret)


@router.get("/{webhook_id}")
async def get_webhook(visit: Admin, webhook_id: WebhookPath) -> WebhookFacts:
    """One of them."""
    async with visit.org() as conn:
        return WebhookFacts.model_validate(await inbound.get(conn, visit.org_id, webhook_id))


@router.patch("/{webhook_id}")
async def update_webhook(visit: Admin, webhook_id: WebhookPath, given: ChangedWebhook) -> WebhookFacts:
    """Change one; it counts from the next delivery."""
    async with visit.org() as conn:
        change = WebhookChange(**given.model_dump())
        return WebhookFacts.model_validate(await inbound.update(conn, visit.org_id, webhook_id, change))


@router.post("/{webhook_id}/secret")
async def rotate_webhook_secret(visit: Admin, webhook_id: WebhookPath, given: OwnSecret) -> FreshSecret:
    """Have deliveries signed with another secret: from now on the old one is worth nothing."""
    own = None if given.secret is None else given.secret.get_secret_value()
    async with visit.org() as conn:
        return FreshSecret(secret=await inbound.set_secret(conn, visit.org_id, visit.parts.sealer, webhook_id, own))


@router.delete("/{webhook_id}", status_code=HTTPStatus.NO_CONTENT)
async def remove_webhook(visit: Admin, webhook_id: WebhookPath) -> None:
    """Take nothing in there any more. Its tasks go on."""
    async with visit.org() as conn:
        await inbound.remove(conn, visit.org_id, webhook_id)


@router.get("/{subscription_id}/deliveries")
async def list_deliveries(
    visit: Admin,
    subscription_id: WebhookPath,
    state: Annotated[DeliveryState | None, Query()] = None,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> Page[DeliveryFacts]:
    """What was delivered to a subscription, or a Slack app, newest first, with each attempt. Kept for 30 days."""
    (before,) = read_place(cursor, (_NEWEST,))
    async with visit.org() as conn:
        found = await outbound.deliveries(
            conn, visit.org_id, subscription_id, state=state, before=before, limit=limit + 1
        )  # fmt: skip
    items = [DeliveryFacts.model_validate(each, from_attributes=True) for each in found[:limit]]
    return Page(items=items, next=place_cursor(found[limit - 1].seq) if len(found) > limit else None)


@router.post("/{subscription_id}/deliveries/{delivery_id}/retry", status_code=HTTPStatus.NO_CONTENT)
async def retry_delivery(visit: Admin, subscription_id: WebhookPath, delivery_id: WebhookPath) -> None:
    """Deliver once more, under the same id, what was delivered or given up."""
    async with visit.org() as conn:
        await outbound.deliver_again(conn, visit.org_id, subscription_id, delivery_id)


def _told(made: outbound.Subscription) -> Mapping[str, Any]:
    return SubscriptionFacts.model_validate(made).model_dump()


def _facts(made: inbound.Webhook) -> Mapping[str, Any]:
    return WebhookFacts.model_validate(made).model_dump()
