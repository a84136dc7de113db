"""Logins: a token that stands for an API key for some days, for browsers. It ends with its key, or by logging out.

A page's scripts never see the token, and the key itself is sent once: so neither can be taken from a browser's storage.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from greatwheel.core.errors import KeyRefused
from greatwheel.core.ids import new_id
from greatwheel.database.database import Database
from greatwheel.database.queries import load
from greatwheel.tenancy import api_keys
from greatwheel.tenancy.key_format import new_login_token, parse_login_token
from greatwheel.tenancy.principal import Principal

_SQL = load(__file__)
DAYS = 7
"""How long a login is valid."""
MOST = 100
"""Logins of one key: the oldest ends when there is one more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewLogin:
    """A login that was made just now: the only time that its token is known."""

    token: str = field(repr=False)
    expires_at: datetime


async def begin(db: Database, holder: Principal) -> NewLogin:
    """Log in who came with a key.

    Raises:
        Conflict: the key is not there any more.
    """
    token = new_login_token()
    row = {
        "org_id": holder.org_id, "login_id": new_id("log"), "key_id": holder.key_id, "prefix": token.prefix,
        "hash": token.hash, "days": DAYS,
    }  # fmt: skip
    async with db.org(holder.org_id) as conn:
        made = await (await conn.execute(_SQL["begin_login"], row)).fetchone()
        await conn.execute(_SQL["drop_old_logins"], {"key_id": holder.key_id, "most": MOST})
    assert made is not None
    return NewLogin(token=token.text, expires_at=made["expires_at"])


async def authenticate(db: Database, token: str) -> Principal:
    """Who has logged in with that token.

    Raises:
        KeyRefused: it is malformed, unknown or expired, its key was revoked or has expired, or its user is disabled.
    """
    return await api_keys.holder(db, parse_login_token(token), "find_login")


async def end(db: Database, token: str) -> None:
    """Log out; a token that is worth nothing changes nothing."""
    found = parse_login_token(token)
    if found is None:
        return
    with suppress(KeyRefused):
        holder = await api_keys.holder(db, found, "find_login")
        async with db.org(holder.org_id) as conn:
            await conn.execute(_SQL["end_login"], {"prefix": found.prefix})
