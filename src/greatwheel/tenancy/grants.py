"""What a task's calls may do now: its agent's tool list and its user's grants, as they stand in the database."""

from __future__ import annotations

from psycopg.rows import DictRow

from greatwheel.core.errors import KeyRefused, PermissionDenied
from greatwheel.core.tasks import Task
from greatwheel.database.connection import OrgConnection
from greatwheel.database.queries import load
from greatwheel.tenancy.permissions import Effective, Grants, refusal

_SQL = load(__file__)


async def require(conn: OrgConnection, permission: str, task: Task) -> None:
    """Go on when the task's session has its key, and its user and its agent both have the permission.

    Raises:
        KeyRefused: the session's key was taken away, it is another user's or agent's, or the user is disabled.
        PermissionDenied: the permission is missing; the message says which one and on whose side.
    """
    row = await _row(conn, task)
    if row is None or not row["live"]:
        raise KeyRefused("The session's key is not valid any more.")
    if row["disabled"]:
        raise KeyRefused("The user is disabled.")
    both = _effective(row)
    if missing := refusal(permission, agent=both.agent, user=both.user):
        raise PermissionDenied(f"{missing}; ask an admin to grant it.")


async def effective(conn: OrgConnection, task: Task) -> Effective | None:
    """What the task's calls may do now; None: nothing, its session's key was taken away or its user is disabled."""
    row = await _row(conn, task)
    return None if row is None or not row["live"] or row["disabled"] else _effective(row)


async def _row(conn: OrgConnection, task: Task) -> DictRow | None:
    ids = {"session_id": task.session_id, "user_id": task.user_id, "agent_id": task.agent_id}
    return await (await conn.execute(_SQL["grants"], ids)).fetchone()


def _effective(row: DictRow) -> Effective:
    return Effective(
        agent=Grants(allow=tuple(row["tools"]), deny=tuple(row["denied"])),
        user=Grants(allow=tuple(row["allow"]), deny=tuple(row["deny"])),
    )
