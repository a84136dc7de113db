"""Slack in the API: where its events come in, and what admins set up."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, computed_field

from greatwheel.channels.http.authentication import address_of
from greatwheel.channels.http.bodies import Body
from greatwheel.channels.http.cursors import CursorQuery, LimitQuery, Page, page_of, read_name, text_cursor
from greatwheel.channels.http.visits import Admin
from greatwheel.channels.slack import apps
from greatwheel.channels.slack.apps import NewSlackApp
from greatwheel.channels.slack.inbox import Inbox
from greatwheel.core.ids import UserId

router = APIRouter(prefix="/api/slack", tags=["slack"])
events = APIRouter(tags=["slack"])
"""What Slack reaches without a key: it signs."""

SlackPath = Annotated[str, Path(max_length=100)]
SlackUserPath = Annotated[str, Path(pattern=r"^[A-Z0-9]{1,50}$", description="Somebody's id in Slack, such as U0123.")]
_Name = Annotated[str, Field(min_length=1, max_length=100)]


class SlackOrder(Body):
    """A Slack app to be listened to."""

    name: _Name
    bot_token: _Name
    """Name of the secret that has the bot's token (`xoxb-…`)."""
    signing_secret: _Name
    """Name of the secret that has the app's signing secret."""
    agent: Annotated[str | None, Field(max_length=100)] = None
    """Who is talked to; null: the organisation's triage agent."""
    default_user: Annotated[str | None, Field(max_length=100)] = None
    """The name or id of the user for whom people of the workspace act that are not mapped; null: they are refused."""


class SlackFacts(BaseModel):
    """A Slack app."""

    model_config = ConfigDict(from_attributes=True)

    slack_id: str
    name: str
    agent: str | None
    token_secret: str
    signing_secret: str
    default_user: UserId | None
    default_user_name: str | None
    created_at: datetime
    paused_until: datetime | None
    """Slack asked to be left alone until then."""
    heard_at: datetime | None
    """When the last event came."""
    waiting: int
    """Posts that are not made yet; their log is at /api/webhooks/{slack_id}/deliveries."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def path(self) -> str:
        """The Request URL of the app's event subscriptions is this path of the server."""
        return f"/slack/{self.slack_id}/events"


class MappedUserFacts(BaseModel):
    """Somebody of the workspace and the user for whom they act."""

    model_config = ConfigDict(from_attributes=True)

    slack_user: str
    user_id: UserId
    user_name: str


class ActsFor(Body):
    """For whom somebody acts."""

    user: Annotated[str, Field(min_length=1, max_length=100)]
    """The user's name or id."""


@events.post("/slack/{slack_id}/events")
async def receive(request: Request, slack_id: SlackPath) -> JSONResponse:
    """What Slack's Events API calls. An event is kept and acknowledged; what is to be done about it comes later."""
    parts, door = request.app.state.parts, request.app.state.door
    inbox = Inbox(parts.database, parts.secrets, request.app.state.clock)
    body = await request.body()
    headers = dict(request.headers)
    place = f"{address_of(request)} {slack_id}"
    envelope = await door.checked(place, place, lambda: inbox.check(slack_id, headers, body))
    if envelope.challenge is not None:
        return JSONResponse({"challenge": envelope.challenge})
    await inbox.take(envelope)
    return JSONResponse({"ok": True})


@router.get("")
async def list_apps(visit: Admin, limit: LimitQuery = 500, cursor: CursorQuery = None) -> Page[SlackFacts]:
    """The Slack apps, by name."""
    async with visit.org() as conn:
        found = await apps.list_page(conn, visit.org_id, after=read_name(cursor), limit=limit + 1)
    return page_of([SlackFacts.model_validate(each) for each in found], limit, lambda each: text_cursor(each.name))


@router.post("", status_code=HTTPStatus.CREATED)
async def create_app(visit: Admin, given: SlackOrder) -> SlackFacts:
    """Listen to a Slack app."""
    async with visit.org() as conn:
        return SlackFacts.model_validate(await apps.create(conn, visit.org_id, NewSlackApp(**given.model_dump())))


@router.get("/{slack_id}")
async def get_app(visit: Admin, slack_id: SlackPath) -> SlackFacts:
    """One of them."""
    async with visit.org() as conn:
        return SlackFacts.model_validate(await apps.get(conn, visit.org_id, slack_id))


@router.get("/{slack_id}/users")
async def list_users(
    visit: Admin, slack_id: SlackPath, limit: LimitQuery = 500, cursor: CursorQuery = None
) -> Page[MappedUserFacts]:
    """Who of the workspace acts for whom."""
    async with visit.org() as conn:
        found = await apps.mapped_users(conn, visit.org_id, slack_id, after=read_name(cursor), limit=limit + 1)
    mapped = [MappedUserFacts.model_validate(each) for each in found]
    return page_of(mapped, limit, lambda each: text_cursor(each.slack_user))


@router.put("/{slack_id}/users/{slack_user}")
async def map_user(visit: Admin, slack_id: SlackPath, slack_user: SlackUserPath, given: ActsFor) -> MappedUserFacts:
    """Let somebody of the workspace act for a user."""
    async with visit.org() as conn:
        return MappedUserFacts.model_validate(
            await apps.map_user(conn, visit.org_id, slack_id, slack_user, given.user)
        )  # fmt: skip


@router.delete("/{slack_id}/users/{slack_user}", status_code=HTTPStatus.NO_CONTENT)
async def unmap_user(visit: Admin, slack_id: SlackPath, slack_user: SlackUserPath) -> None:
    """Let somebody act for the default user again, if there is one."""
    async with visit.org() as conn:
        await apps.unmap_user(conn, visit.org_id, slack_id, slack_user)


@router.delete("/{slack_id}", status_code=HTTPStatus.NO_CONTENT)
async def remove_app(visit: Admin, slack_id: SlackPath) -> None:
    """Listen to it no more. Its sessions stay, and nothing of them is posted."""
    async with visit.org() as conn:
        await apps.remove(conn, visit.org_id, slack_id)
