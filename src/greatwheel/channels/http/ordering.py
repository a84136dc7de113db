"""How an order of a caller becomes a task, on whatever channel it came."""

from __future__ import annotations

from greatwheel.channels.http import repeats, uploads
from greatwheel.channels.http.bodies import TaskOrder
from greatwheel.channels.http.finding import find_session
from greatwheel.channels.http.statements import SQL
from greatwheel.channels.http.visits import Visit
from greatwheel.core.errors import BadInput
from greatwheel.core.ids import SessionId, TaskId
from greatwheel.core.tasks import Task
from greatwheel.database.connection import OrgConnection
from greatwheel.runtime import points


async def submit(visit: Visit, order: TaskOrder, text: str, key: str | None) -> Task:
    """Queue a task of the caller's; if it so says, in a session that is taken back first. Refused, it changes nothing.

    Raises:
        BadInput: it can't be done so, or its model is none of those that are offered.
        NotFound: its agent, session or upload is not there, or the session has no such point.
        KeyReused: another order had the same key.
        Conflict, LimitReached: not now.
    """
    if order.model is not None:
        await _require_offered(visit, order.model)
    async with visit.org() as conn:
        if order.rewind_to is not None:
            await _take_back(visit, conn, SessionId(str(order.session_id)), order.rewind_to, key)
        context = await uploads.context_of(visit, conn, order.upload_id, order.context)
        wanted = order.order(text, visit.user_id, key, context)
        task = await visit.parts.tasks.submit(conn, wanted)
        await repeats.require_same(visit, conn, "task", task.task_id, wanted, order.rewind_to)
        return task


async def _take_back(visit: Visit, conn: OrgConnection, session: SessionId, to: str, key: str | None) -> None:
    """Take the session back, unless the order came before: what it did then must not be undone."""
    await find_session(visit, conn, session)
    await points.hold(conn, visit.org_id, session)  # first: the same order may just be carried out
    values = {"org": visit.org_id, "user": visit.user_id, "key": key}
    if await (await conn.execute(SQL["has_task_of_key"], values)).fetchone() is None:
        await points.rewind(conn, visit.org_id, session, after=TaskId(to) if to else None)


async def _require_offered(visit: Visit, model: str) -> None:
    names = [offered.name for offered in await visit.offer.models()]
    if model not in names:
        told = ", ".join(names[:10]) or "none"
        raise BadInput(f"The model {model!r} is not offered here; there are: {told}.")
