"""API keys: made for a user, shown once, looked up by their prefix, and revoked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from greatwheel.core.errors import BadInput, KeyRefused, NotFound
from greatwheel.core.ids import OrgId, UserId, new_id
from greatwheel.database.connection import OrgConnection
from greatwheel.database.database import Database
from greatwheel.database.queries import load
from greatwheel.tenancy.key_format import ApiKey, new_api_key, parse_api_key
from greatwheel.tenancy.principal import Principal

_SQL = load(__file__)
LONGEST_DAYS = 36_500


@dataclass(frozen=True, kw_only=True, slots=True)
class NewKey:
    """A key that was made just now: the only time that its text is known."""

    key_id: str
    text: str = field(repr=False)
    expires_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyFacts:
    """What is known of a key later."""

    key_id: str
    prefix: str
    label: str
    user_name: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    """True to a minute."""


async def create(
    conn: OrgConnection, org_id: OrgId, user_id: UserId, *, label: str = "", days: int | None = None
) -> NewKey:
    """Make a key for a user; it is valid for `days`, or until it is revoked.

    Raises:
        BadInput: `days` is no sensible number.
        Conflict: there is no such user.
    """
    if days is not None and not 0 < days <= LONGEST_DAYS:
        raise BadInput(f"A key is valid for 1 to {LONGEST_DAYS} days, not {days}.")
    key, key_id = new_api_key(), new_id("key")
    row = {
        "org_id": org_id, "key_id": key_id, "user_id": user_id, "prefix": key.prefix, "hash": key.hash,
        "label": label, "days": days,
    }  # fmt: skip
    made = await (await conn.execute(_SQL["create_key"], row)).fetchone()
    return NewKey(key_id=key_id, text=key.text, expires_at=made["expires_at"] if made else None)


async def authenticate(db: Database, text: str) -> Principal:
    """Who holds the key.

    Every refusal has the same words, so a caller can't tell an unknown key from a revoked one.

    Raises:
        KeyRefused: it is malformed, unknown, revoked or expired, or its user is disabled.
    """
    return await holder(db, parse_api_key(text), "find_key")


async def holder(db: Database, key: ApiKey | None, look_up: Literal["find_key", "find_login"]) -> Principal:
    """Who holds the key or the login's token, by the statement that finds its prefix. Raises as `authenticate`."""
    if key is None:
        raise KeyRefused
    async with db.system() as conn:
        row = await (await conn.execute(_SQL[look_up], {"prefix": key.prefix})).fetchone()
    if row is None or not key.matches(row["hash"]) or not row["usable"]:
        raise KeyRefused
    if not row["use_is_noted"]:
        async with db.org(row["org_id"]) as conn:
            await conn.execute(_SQL["note_key_use"], {"key_id": row["key_id"]})
    return _principal(row)


async def list_all(
    conn: OrgConnection, *, at: datetime | None = None, after: str | None = None, limit: int | None = None
) -> Sequence[KeyFacts]:
    """The organisation's keys, the oldest first; or so many of those behind one, by its time and id."""
    values = {"at": at, "after": after, "limit": limit}
    return [KeyFacts(**row) for row in await (await conn.execute(_SQL["list_keys"], values)).fetchall()]


async def revoke(conn: OrgConnection, wanted: str) -> None:
    """End a key by its id, prefix or whole text, at once.

    Raises:
        NotFound: there is no such key.
    """
    whole = parse_api_key(wanted)
    name = whole.prefix if whole else wanted.removeprefix("gwk_")
    if await (await conn.execute(_SQL["revoke_key"], {"wanted": name})).fetchone() is None:
        raise NotFound("There is no such key in this organisation; `greatwheel keys list` shows those there are.")


def _principal(row: Mapping[str, Any]) -> Principal:
    return Principal(
        org_id=row["org_id"], user_id=row["user_id"], role=row["role"], key_id=row["key_id"],
        allow=tuple(row["allow"]), deny=tuple(row["deny"]),
    )  # fmt: skip
