"""How an order of a caller becomes a task, on whatever channel it came."""

from __future__ import annotations

from greatwheel.channels.http import uploads
from greatwheel.channels.http.bodies import TaskOrder
from greatwheel.channels.http.visits import Visit
from greatwheel.core.errors import BadInput
from greatwheel.core.tasks import Task


async def submit(visit: Visit, order: TaskOrder, text: str, key: str | None) -> Task:
    """Queue a task of the caller's.

    Raises:
        BadInput: it can't be done so, or its model is none of those that are offered.
        NotFound: its agent, session or upload is not there.
        Conflict, LimitReached: not now.
    """
    if order.model is not None:
        await _require_offered(visit, order.model)
    async with visit.org() as conn:
        context = await uploads.context_of(visit, conn, order.upload_id, order.context)
        return await visit.parts.tasks.submit(conn, order.order(text, visit.user_id, key, context))


async def _require_offered(visit: Visit, model: str) -> None:
    names = [offered.name for offered in await visit.offer.models()]
    if model not in names:
        told = ", ".join(names[:10]) or "none"
        raise BadInput(f"The model {model!r} is not offered here; there are: {told}.")
