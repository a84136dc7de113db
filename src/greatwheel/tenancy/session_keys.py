"""Session keys: the only credential inside a sandbox. Each is for one session of one agent.

Only the key's hash is stored. When the session ends the row loses it, and the key is worth nothing from then on.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from greatwheel.core.errors import KeyRefused
from greatwheel.core.ids import AgentId, SessionId, UserId
from greatwheel.database.connection import OrgConnection
from greatwheel.database.queries import load
from greatwheel.tenancy.key_format import hash_session_key

_SQL = load(__file__)


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionHolder:
    """For whom a session acts, and as which agent."""

    user_id: UserId
    agent_id: AgentId


async def check(conn: OrgConnection, session_id: SessionId, key: str) -> SessionHolder:
    """For whom the key's session acts.

    Raises:
        KeyRefused: it is not this session's key, was revoked, or the session has ended.
    """
    row = await (await conn.execute(_SQL["session_key"], {"session_id": session_id})).fetchone()
    stored = row["session_key"] if row else None
    if row is None or stored is None or not hmac.compare_digest(hash_session_key(key), stored):
        raise KeyRefused("The session's key is not valid any more.")
    return SessionHolder(user_id=row["user_id"], agent_id=row["agent_id"])


async def revoke(conn: OrgConnection, session_id: SessionId) -> None:
    """Take the session's key away, at once and for good: no task of the session begins or goes on."""
    await conn.execute(_SQL["revoke_session_key"], {"session_id": session_id})
