"""Where sessions stood and what became of them: points, forks, rewinds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from greatwheel.channels.http.bodies import Body, SessionPath
from greatwheel.channels.http.cursors import Page
from greatwheel.channels.http.finding import find_session
from greatwheel.channels.http.routes.sessions import SessionFacts
from greatwheel.channels.http.statements import SQL
from greatwheel.channels.http.visits import Visitor
from greatwheel.core.ids import SessionId, TaskId
from greatwheel.runtime import points
from greatwheel.runtime.sessions import SessionStatus

router = APIRouter(prefix="/api/sessions/{session_id}", tags=["sessions"])
MOST_RELATIVES = 200


class PointFacts(BaseModel):
    """Where a session stood when one of its tasks had ended."""

    model_config = ConfigDict(from_attributes=True)

    task_id: TaskId
    asked: str
    """The task's words, cut."""
    at: datetime
    dump_bytes: int


class Fork(Body):
    """From where to fork."""

    task_id: Annotated[str | None, Field(max_length=100)] = None
    """After which task; null: where the session stands now."""


class Rewind(Body):
    """Where to go back to."""

    task_id: Annotated[str, Field(max_length=100)]
    """After which task."""


class Relative(BaseModel):
    """A session that another one was forked from, or a fork."""

    session_id: SessionId
    forked_from: SessionId | None
    status: SessionStatus
    title: str | None
    """The beginning of what was first asked in it; null: nothing yet."""
    created_at: datetime


class Lineage(BaseModel):
    """The sessions that a session has forks in common with."""

    ancestors: Sequence[Relative]
    """Nearest first."""
    forks: Sequence[Relative]
    """Its forks and theirs, oldest first; `forked_from` tells which is whose."""


@router.get("/points")
async def list_points(visit: Visitor, session_id: SessionPath) -> Page[PointFacts]:
    """Where the session can be forked or taken back to, oldest first: after its last tasks."""
    async with visit.org() as conn:
        await find_session(visit, conn, session_id)
        found = await points.list_points(conn, visit.org_id, session_id)
    return Page(items=[PointFacts.model_validate(point) for point in found])


@router.post("/fork", status_code=HTTPStatus.CREATED)
async def fork(visit: Visitor, session_id: SessionPath, given: Fork, response: Response) -> SessionFacts:
    """Begin a new session of yours that goes on from there. What it does changes nothing in this one."""
    after = None if given.task_id is None else TaskId(given.task_id)
    async with visit.org() as conn:
        await find_session(visit, conn, session_id)
        forked = await points.fork(
            conn, visit.org_id, session_id, after=after, user=visit.user_id, sealer=visit.parts.sealer
        )
        facts = SessionFacts.of(await find_session(visit, conn, forked))
    response.headers["location"] = f"/api/sessions/{forked}"
    return facts


@router.post("/rewind")
async def rewind(visit: Visitor, session_id: SessionPath, given: Rewind) -> SessionFacts:
    """Take the session back to where it stood after a task. What came later is forgotten; its tasks stay on record."""
    async with visit.org() as conn:
        await find_session(visit, conn, session_id)
        await points.rewind(conn, visit.org_id, session_id, after=TaskId(given.task_id))
        return SessionFacts.of(await find_session(visit, conn, session_id))


@router.get("/lineage")
async def lineage(visit: Visitor, session_id: SessionPath) -> Lineage:
    """What the session was forked from, and what was forked from it, as far as you may see them."""
    values = {"org": visit.org_id, "session": session_id, "user": visit.whose, "limit": MOST_RELATIVES}
    async with visit.org() as conn:
        await find_session(visit, conn, session_id)
        above = await (await conn.execute(SQL["ancestors"], values)).fetchall()
        below = await (await conn.execute(SQL["forks"], values)).fetchall()
    return Lineage(ancestors=[Relative(**row) for row in above], forks=[Relative(**row) for row in below])
