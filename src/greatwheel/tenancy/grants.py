"""What a task's calls may do now: its agent's tool list and its user's grants, as they stand in the database."""

from __future__ import annotations

from greatwheel.core.errors import PermissionDenied
from greatwheel.core.ids import AgentId, UserId
from greatwheel.database.connection import OrgConnection
from greatwheel.database.queries import load
from greatwheel.tenancy.permissions import Grants, refusal

_SQL = load(__file__)


async def require(conn: OrgConnection, permission: str, *, user_id: UserId, agent_id: AgentId) -> None:
    """Go on when the user and the agent both have the permission.

    Raises:
        PermissionDenied: it is missing; the message says which one and on whose side.
    """
    row = await (await conn.execute(_SQL["grants"], {"user_id": user_id, "agent_id": agent_id})).fetchone()
    if row is None or row["disabled"]:
        raise PermissionDenied(f"{permission} is not granted: the user is disabled.")
    user = Grants(allow=tuple(row["allow"]), deny=tuple(row["deny"]))
    agent = Grants(allow=tuple(row["tools"]), deny=tuple(row["denied"]))
    if missing := refusal(permission, agent=agent, user=user):
        raise PermissionDenied(f"{missing}; ask an admin to grant it.")
