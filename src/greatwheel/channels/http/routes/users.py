"""Users of the organisation and their API keys: an admin's business; and who the caller is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from greatwheel.channels.http.bodies import Body
from greatwheel.channels.http.cursors import (
    CursorQuery,
    LimitQuery,
    Page,
    cursor_of,
    page_of,
    read_cursor,
    read_name,
    text_cursor,
)
from greatwheel.channels.http.statements import SQL
from greatwheel.channels.http.visits import Admin, Visitor
from greatwheel.core.errors import NotFound
from greatwheel.core.ids import OrgId, UserId
from greatwheel.tenancy import api_keys, users
from greatwheel.tenancy.principal import Role
from greatwheel.tenancy.users import UserChange

router = APIRouter(prefix="/api", tags=["users"])
UserPath = Annotated[str, Path(max_length=100, description="The user's name or id.")]
_Patterns = Annotated[Sequence[Annotated[str, Field(max_length=100)]], Field(max_length=1_000)]


class Me(BaseModel):
    """Who calls."""

    org_id: OrgId
    org_name: str
    user_id: UserId
    name: str
    role: Role
    allow: Sequence[str]
    deny: Sequence[str]


class NewUser(Body):
    """A new user."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    role: Role = "member"
    allow: _Patterns = ("*",)
    """Patterns of what the user's tasks may do."""
    deny: _Patterns = ()
    """Patterns of what they may not; these win."""


class ChangedUser(Body):
    """What to change; what is left out, or null, stays."""

    role: Role | None = None
    allow: _Patterns | None = None
    deny: _Patterns | None = None
    disabled: bool | None = None


class UserFacts(BaseModel):
    """A user."""

    model_config = ConfigDict(from_attributes=True)

    user_id: UserId
    name: str
    role: Role
    allow: Sequence[str]
    deny: Sequence[str]
    disabled: bool
    created_at: datetime


class NewKey(Body):
    """A key to be made."""

    user: Annotated[str, Field(max_length=100)]
    """The name or id of the user whom it names."""
    label: Annotated[str, Field(max_length=200)] = ""
    days: Annotated[int | None, Field(ge=1, le=api_keys.LONGEST_DAYS)] = None
    """How long it is valid; null: until it is revoked."""


class MadeKey(BaseModel):
    """A key that was made."""

    key_id: str
    key: str
    """The key itself: it is shown only now."""
    expires_at: datetime | None


class KeyFacts(BaseModel):
    """What is known of a key later."""

    model_config = ConfigDict(from_attributes=True)

    key_id: str
    prefix: str
    label: str
    user_name: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


@router.get("/me")
async def me(visit: Visitor) -> Me:
    """Who you are, by your key or your login."""
    async with visit.org() as conn:
        row = await (await conn.execute(SQL["me"], {"org": visit.org_id, "user": visit.user_id})).fetchone()
    if row is None:
        raise NotFound("There is no such user any more.")
    return Me(**row)


@router.get("/users")
async def list_users(visit: Admin, limit: LimitQuery = 500, cursor: CursorQuery = None) -> Page[UserFacts]:
    """The organisation's users, by name."""
    async with visit.org() as conn:
        found = await users.list_all(conn, after=read_name(cursor), limit=limit + 1)
    return page_of([UserFacts.model_validate(user) for user in found], limit, lambda user: text_cursor(user.name))


@router.post("/users", status_code=HTTPStatus.CREATED)
async def create_user(visit: Admin, given: NewUser) -> UserFacts:
    """Make a user."""
    async with visit.org() as conn:
        user_id = await users.create(
            conn, visit.org_id, given.name, role=given.role, allow=given.allow, deny=given.deny
        )  # fmt: skip
        return UserFacts.model_validate(await users.find(conn, user_id))


@router.get("/users/{user}")
async def get_user(visit: Admin, user: UserPath) -> UserFacts:
    """One user."""
    async with visit.org() as conn:
        return UserFacts.model_validate(await users.find(conn, user))


@router.patch("/users/{user}")
async def update_user(visit: Admin, user: UserPath, given: ChangedUser) -> UserFacts:
    """Change a user; it counts from the next request, and for running tasks from their next call."""
    change = UserChange(role=given.role, allow=given.allow, deny=given.deny, disabled=given.disabled)
    async with visit.org() as conn:
        found = await users.find(conn, user)
        return UserFacts.model_validate(await users.update(conn, found.user_id, change))


@router.get("/keys")
async def list_keys(visit: Admin, limit: LimitQuery = 500, cursor: CursorQuery = None) -> Page[KeyFacts]:
    """The organisation's keys, oldest first; what they are can't be shown again."""
    at, after = read_cursor(cursor)
    async with visit.org() as conn:
        found = await api_keys.list_all(conn, at=at, after=after, limit=limit + 1)
    keys = [KeyFacts.model_validate(key) for key in found]
    return page_of(keys, limit, lambda key: cursor_of(key.created_at, key.key_id))


@router.post("/keys", status_code=HTTPStatus.CREATED)
async def create_key(visit: Admin, given: NewKey) -> MadeKey:
    """Make a key for a user."""
    async with visit.org() as conn:
        holder = await users.find(conn, given.user)
        made = await api_keys.create(conn, visit.org_id, holder.user_id, label=given.label, days=given.days)
    return MadeKey(key_id=made.key_id, key=made.text, expires_at=made.expires_at)


@router.delete("/keys/{key}", status_code=HTTPStatus.NO_CONTENT)
async def revoke_key(visit: Admin, key: Annotated[str, Path(max_length=100, description="Its id or prefix.")]) -> None:
    """End a key, at once."""
    async with visit.org() as conn:
        await api_keys.revoke(conn, key)
