"""Sessions: their making, what was asked in them, and their end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from greatwheel.channels.http import repeats, uploads
from greatwheel.channels.http.bodies import ContextOrder, SessionPath
from greatwheel.channels.http.cursors import CursorQuery, LimitQuery, Page, cursor_of, read_cursor
from greatwheel.channels.http.finding import find_session
from greatwheel.channels.http.routes.tasks import IdempotencyHeader
from greatwheel.channels.http.statements import SQL
from greatwheel.channels.http.visits import Visitor
from greatwheel.core.errors import Conflict, NotFound
from greatwheel.core.ids import SessionId, TaskId, UserId
from greatwheel.core.tasks import NewSession
from greatwheel.runtime import sessions
from greatwheel.runtime.sessions import SessionStatus
from greatwheel.tenancy import session_keys

router = APIRouter(prefix="/api/sessions", tags=["sessions"])
TITLE_CHARS = 200


class SessionOrder(ContextOrder):
    """A session to be made."""

    agent: Annotated[str | None, Field(max_length=100)] = None
    """Its name; null: the organisation's triage agent."""


class SessionLine(BaseModel):
    """A session."""

    session_id: SessionId
    user_id: UserId
    agent: str
    status: SessionStatus
    engine: str
    forked_from: str | None
    created_at: datetime
    touched_at: datetime
    ended_at: datetime | None


class SessionEntry(SessionLine):
    """A session in a list."""

    title: str | None
    """The beginning of what was first asked in it; null: nothing yet."""


class Exchange(BaseModel):
    """What was asked and what was answered."""

    asked: str
    answered: str
    task_id: TaskId | None
    """Null: of a time when exchanges did not say it."""


class Variable(BaseModel):
    """A variable of a session."""

    name: str
    type: str
    size: int | None
    """Characters of text, or how many things it holds; null: neither."""
    preview: str
    """Its beginning."""


class SessionFacts(SessionLine):
    """A session with its last exchanges."""

    has_context: bool
    history: Sequence[Exchange]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> SessionFacts:
        """The facts of a row that `find_session` gave."""
        return cls(**{**row, "history": exchanges(row["history"])})


def exchanges(history: Sequence[Sequence[Any]]) -> list[Exchange]:
    """A session's history as its row has it."""
    return [Exchange(asked=each[0], answered=each[1], task_id=each[2] if len(each) > 2 else None) for each in history]


@router.get("")
async def list_sessions(
    visit: Visitor,
    status: SessionStatus | None = None,
    agent: Annotated[str | None, Query(max_length=100)] = None,
    search: Annotated[str | None, Query(max_length=200, description="What was said in one of its tasks.")] = None,
    roots: Annotated[bool, Query(description="Only those that were not begun by another task.")] = False,
    mine: Annotated[bool, Query(description="Only yours, also for an admin.")] = False,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> Page[SessionEntry]:
    """Your sessions, newest first; an admin sees the organisation's."""
    at, key = read_cursor(cursor)
    values = {
        "org": visit.org_id, "user": visit.user_id if mine else visit.whose, "status": status, "agent": agent,
        "search": search or None, "roots": roots, "chars": TITLE_CHARS, "at": at, "key": key, "limit": limit + 1,
    }  # fmt: skip
    async with visit.org() as conn:
        rows = await (await conn.execute(SQL["list_sessions"], values)).fetchall()
    items = [SessionEntry(**row) for row in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return Page(items=items, next=None if last is None else cursor_of(last.created_at, last.session_id))


@router.post("", status_code=HTTPStatus.CREATED)
async def create_session(
    visit: Visitor, given: SessionOrder, response: Response, idempotency_key: IdempotencyHeader = None
) -> SessionFacts:
    """Make a session in which nothing was asked yet; `POST /api/tasks` with its id asks."""
    async with visit.org() as conn:
        context = await uploads.context_of(visit, conn, given.upload_id, given.context)
        order = NewSession(user_id=visit.user_id, agent=given.agent, context=context, idempotency_key=idempotency_key)
        session_id = await visit.parts.tasks.begin_session(conn, order)
        await repeats.require_same(visit, conn, "session", session_id, order)
        facts = SessionFacts.of(await find_session(visit, conn, session_id))
    response.headers["location"] = f"/api/sessions/{session_id}"
    return facts


@router.get("/{session_id}")
async def get_session(visit: Visitor, session_id: SessionPath) -> SessionFacts:
    """One session."""
    async with visit.org() as conn:
        return SessionFacts.of(await find_session(visit, conn, session_id))


@router.get("/{session_id}/history")
async def history(visit: Visitor, session_id: SessionPath) -> Page[Exchange]:
    """The last exchanges of a session, oldest first; those that were rewound are not among them."""
    async with visit.org() as conn:
        row = await find_session(visit, conn, session_id)
    return Page(items=exchanges(row["history"]))


@router.get("/{session_id}/variables")
async def variables(visit: Visitor, session_id: SessionPath) -> Page[Variable]:
    """What the variables of a session are, as of when its last task ended or began to wait."""
    async with visit.org() as conn:
        await find_session(visit, conn, session_id)
        found = await sessions.variables(conn, visit.org_id, session_id)
    return Page(items=[Variable.model_validate(each) for each in found])


@router.delete("/{session_id}/key", status_code=HTTPStatus.NO_CONTENT)
async def revoke_key(visit: Visitor, session_id: SessionPath) -> None:
    """Take the session's key away, at once and for good: no task of it begins or goes on."""
    async with visit.org() as conn:
        await find_session(visit, conn, session_id)
        await session_keys.revoke(conn, session_id)


@router.delete("/{session_id}", status_code=HTTPStatus.NO_CONTENT)
async def end_session(visit: Visitor, session_id: SessionPath) -> None:
    """End a session: its key is worth nothing from now on, and its tasks are cancelled."""
    async with visit.org() as conn:
        if (await find_session(visit, conn, session_id))["status"] == "ended":
            return
        with suppress(NotFound):  # somebody ended it at the same moment
            await sessions.end(conn, visit.org_id, session_id)
        values = {"org": visit.org_id, "session": session_id}
        rows = await (await conn.execute(SQL["open_tasks"], values)).fetchall()
    # Each in a transaction of its own, the session's locks given back: a worker locks them in the other order.
    for row in rows:
        with suppress(Conflict):  # it has ended meanwhile
            async with visit.org() as conn:
                await visit.parts.tasks.cancel(conn, row["task_id"])
