"""Things by the names that callers have for them, if they may see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from greatwheel.channels.http.statements import SQL
from greatwheel.channels.http.visits import Visit
from greatwheel.core.errors import NotFound
from greatwheel.core.ids import SessionId
from greatwheel.database.connection import OrgConnection
from greatwheel.registry.agents import Agent


async def find_agent(visit: Visit, wanted: str) -> Agent:
    """The agent of that name or id. Raises NotFound."""
    try:
        return await visit.parts.registry.get(visit.org_id, wanted)
    except NotFound:
        for agent in await visit.parts.registry.list(visit.org_id):
            if agent.agent_id == wanted:
                return agent
        raise


async def find_session(visit: Visit, conn: OrgConnection, session_id: SessionId) -> Mapping[str, Any]:
    """The row of a session that the caller may see. Raises NotFound."""
    values = {"org": visit.org_id, "session": session_id, "user": visit.whose}
    row = await (await conn.execute(SQL["get_session"], values)).fetchone()
    if row is None:
        raise NotFound(f"There is no session {session_id} in this organisation.")
    return row
