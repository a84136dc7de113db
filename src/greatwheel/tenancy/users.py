"""Users of an organisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from greatwheel.core.errors import Conflict, NotFound
from greatwheel.core.ids import OrgId, UserId, new_id
from greatwheel.database.connection import OrgConnection
from greatwheel.database.queries import load
from greatwheel.tenancy.naming import parse_name
from greatwheel.tenancy.permissions import parse_patterns
from greatwheel.tenancy.principal import Role

_SQL = load(__file__)


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """A person or program of an organisation."""

    user_id: UserId
    name: str
    role: Role
    allow: tuple[str, ...]
    deny: tuple[str, ...]
    disabled: bool
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class UserChange:
    """What to change about a user; None leaves it."""

    role: Role | None = None
    allow: Sequence[str] | None = None
    deny: Sequence[str] | None = None
    disabled: bool | None = None


async def create(
    conn: OrgConnection,
    org_id: OrgId,
    name: str,
    *,
    role: Role = "member",
    allow: Sequence[str] = ("*",),
    deny: Sequence[str] = (),
) -> UserId:
    """Make a user.

    Raises:
        BadInput: the name or a pattern can't be one.
        Conflict: the name is taken.
    """
    user_id = UserId(new_id("usr"))
    row = {"org_id": org_id, "user_id": user_id, "name": parse_name("user", name), "role": role}
    grants = {"allow": list(parse_patterns(allow)), "deny": list(parse_patterns(deny))}
    await conn.execute(_SQL["create_user"], row | grants)
    return user_id


async def list_all(conn: OrgConnection, *, after: str | None = None, limit: int | None = None) -> Sequence[User]:
    """The organisation's users, by name; or so many of those behind a name."""
    values = {"after": after, "limit": limit}
    return [_user(row) for row in await (await conn.execute(_SQL["list_users"], values)).fetchall()]


async def find(conn: OrgConnection, name: str) -> User:
    """The user of that name or id.

    Raises:
        NotFound: there is none.
    """
    row = await (await conn.execute(_SQL["find_user"], {"wanted": name})).fetchone()
    if row is None:
        raise NotFound(f"There is no user {name!r} in this organisation.")
    return _user(row)


async def update(conn: OrgConnection, user_id: UserId, change: UserChange) -> User:
    """Change a user. What they may do changes for their running tasks too, at the next call.

    Raises:
        NotFound: there is no such user.
        Conflict: the organisation would have no admin left.
        BadInput: a pattern can't be one.
    """
    if change.role == "member" or change.disabled:
        await _keep_an_admin(conn, user_id)
    patterns = {
        side: None if given is None else list(parse_patterns(given))
        for side, given in (("allow", change.allow), ("deny", change.deny))
    }
    changes = {"user_id": user_id, "role": change.role, "disabled": change.disabled, **patterns}
    row = await (await conn.execute(_SQL["update_user"], changes)).fetchone()
    if row is None:
        raise NotFound(f"There is no user {user_id!r} in this organisation.")
    return _user(row)


async def _keep_an_admin(conn: OrgConnection, user_id: UserId) -> None:
    admins = {row["user_id"] for row in await (await conn.execute(_SQL["lock_admins"])).fetchall()}
    if admins == {user_id}:
        raise Conflict("This is the organisation's only admin; make another one first.")


def _user(row: Mapping[str, Any]) -> User:
    return User(**{**row, "allow": tuple(row["allow"]), "deny": tuple(row["deny"])})
