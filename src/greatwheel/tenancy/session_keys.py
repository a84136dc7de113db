"""Session keys: the only credential inside a sandbox. Each is for one session of one agent.

Only the key's hash is stored. When the session ends the row loses it, and the key is worth nothing from then on. The
journal of a running task asks for it with all that it writes and before all that is asked of others
(`runtime.journal`), as it asks whether the user may act.
"""

from __future__ import annotations

from greatwheel.core.errors import KeyRefused
from greatwheel.core.ids import SessionId
from greatwheel.database.connection import OrgConnection
from greatwheel.database.queries import load

_SQL = load(__file__)


async def refusal(conn: OrgConnection, session_id: SessionId) -> KeyRefused | None:
    """Why no task of the session may begin or go on; None when its key was not revoked and its user is not disabled."""
    row = await (await conn.execute(_SQL["session_standing"], {"session_id": session_id})).fetchone()
    if row is None:
        return KeyRefused(f"There is no session {session_id} any more.")
    if row["revoked"]:
        return KeyRefused(f"The key of the session {session_id} was revoked; begin a new one.")
    if row["disabled"]:
        return KeyRefused(f"The user of the session {session_id} is disabled; ask an admin to enable them.")
    return None


async def revoke(conn: OrgConnection, session_id: SessionId) -> None:
    """Take the session's key away, at once and for good, with the keys of all sessions that its tasks have led to.

    No task of these begins or goes on.
    """
    await conn.execute(_SQL["revoke_session_key"], {"session_id": session_id})
