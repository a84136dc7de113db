"""The Slack apps of an organisation, and who of a workspace acts for which user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from greatwheel.channels.slack.statements import SQL
from greatwheel.core.errors import BadInput, NotFound
from greatwheel.core.ids import OrgId, UserId, new_id
from greatwheel.database.connection import OrgConnection
from greatwheel.tenancy import users
from greatwheel.tenancy.naming import parse_name

POSTED = ("message.sent", "question.asked", "task.ended")
"""Events that are posted into the thread of their session."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewSlackApp:
    """An order: listen to a Slack app."""

    name: str
    bot_token: str
    """Name of the organisation's secret that has it."""
    signing_secret: str
    """Name of the organisation's secret that has it."""
    agent: str | None = None
    """Who is talked to; None: the organisation's triage agent."""
    default_user: str | None = None
    """The name or id of the user for whom people act that are not mapped; None: they are refused."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SlackApp:
    """A Slack app as it stands."""

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
    """Posts that are not made yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MappedUser:
    """Somebody of a workspace and the user for whom they act."""

    slack_user: str
    user_id: UserId
    user_name: str


async def create(conn: OrgConnection, org_id: OrgId, order: NewSlackApp) -> SlackApp:
    """Make a place for a Slack app's events.

    Raises:
        BadInput: the name can't be one, or there is no secret of a name.
        NotFound: no such user.
        Conflict: the name is taken.
    """
    wanted = {order.bot_token, order.signing_secret}
    rows = await (await conn.execute(SQL["secret_names"], {"org": org_id, "names": sorted(wanted)})).fetchall()
    if missing := sorted(wanted - {row["name"] for row in rows}):
        raise BadInput(f"There is no secret {missing[0]!r} in this organisation; set it first.")
    default = None if order.default_user is None else (await users.find(conn, order.default_user)).user_id
    slack_id = new_id("slk")
    row = {
        "org": org_id, "slack": slack_id, "name": parse_name("app", order.name), "agent": order.agent,
        "token_secret": order.bot_token, "signing_secret": order.signing_secret, "default_user": default,
    }  # fmt: skip
    await conn.execute(SQL["subscribe"], {**row, "events": list(POSTED)})
    await conn.execute(SQL["create_app"], row)
    return await get(conn, org_id, slack_id)


async def list_page(conn: OrgConnection, org_id: OrgId, *, after: str | None, limit: int) -> Sequence[SlackApp]:
    """So many of the organisation's Slack apps, by name: the first ones, or those behind a name."""
    values = {"org": org_id, "slack": None, "after": after, "limit": limit}
    return [SlackApp(**row) for row in await (await conn.execute(SQL["apps"], values)).fetchall()]


async def get(conn: OrgConnection, org_id: OrgId, slack_id: str) -> SlackApp:
    """One Slack app. Raises NotFound."""
    values = {"org": org_id, "slack": slack_id, "after": None, "limit": 1}
    row = await (await conn.execute(SQL["apps"], values)).fetchone()
    if row is None:
        raise _unknown()
    return SlackApp(**row)


async def remove(conn: OrgConnection, org_id: OrgId, slack_id: str) -> None:
    """Listen to a Slack app no more. Its sessions and tasks go on, and are posted nowhere. Raises NotFound."""
    values = {"org": org_id, "slack": slack_id}
    if await (await conn.execute(SQL["lock_for_removal"], values)).fetchone() is None:
        raise _unknown()
    await conn.execute(SQL["remove_app"], values)


async def mapped_users(
    conn: OrgConnection, org_id: OrgId, slack_id: str, *, after: str | None, limit: int
) -> Sequence[MappedUser]:
    """Who of the workspace acts for whom: so many of the first ones, or of those behind one. Raises NotFound."""
    await get(conn, org_id, slack_id)
    values = {"org": org_id, "slack": slack_id, "after": after, "limit": limit}
    return [MappedUser(**row) for row in await (await conn.execute(SQL["mapped_users"], values)).fetchall()]


async def map_user(conn: OrgConnection, org_id: OrgId, slack_id: str, slack_user: str, user: str) -> MappedUser:
    """Somebody of the workspace acts for that user from now on.

    Raises:
        NotFound: there is no such app or user.
    """
    await get(conn, org_id, slack_id)
    found = await users.find(conn, user)
    values = {"org": org_id, "slack": slack_id, "slack_user": slack_user, "user": found.user_id}
    await conn.execute(SQL["map_user"], values)
    return MappedUser(slack_user=slack_user, user_id=found.user_id, user_name=found.name)


async def unmap_user(conn: OrgConnection, org_id: OrgId, slack_id: str, slack_user: str) -> None:
    """Somebody acts for the default user again, if there is one. Raises NotFound."""
    values = {"org": org_id, "slack": slack_id, "slack_user": slack_user}
    if await (await conn.execute(SQL["unmap_user"], values)).fetchone() is None:
        raise NotFound("Nobody of that name is mapped in this Slack app.")


def _unknown() -> NotFound:
    return NotFound("There is no such Slack app in this organisation.")
