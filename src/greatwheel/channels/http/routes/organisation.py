"""The organisation itself: its settings, its limits and what was used of them. Changes are an admin's."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, cast, get_args

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from greatwheel.channels.http.bodies import Body
from greatwheel.channels.http.cursors import CursorQuery, LimitQuery, Page, page_of, read_texts, text_cursor
from greatwheel.channels.http.statements import SQL
from greatwheel.channels.http.visits import Admin, Visitor
from greatwheel.core.errors import BadInput, NotFound
from greatwheel.core.ids import OrgId
from greatwheel.scheduler import limits
from greatwheel.scheduler.limits import EVERYBODY, Metric, Period
from greatwheel.tenancy import orgs, users

router = APIRouter(prefix="/api", tags=["organisation"])
_Positive = Annotated[int | None, Field(ge=1, le=2**31 - 1)]
_Amount = Annotated[int | None, Field(ge=0, le=2**62)]


class OrgFacts(BaseModel):
    """An organisation."""

    model_config = ConfigDict(from_attributes=True)

    org_id: OrgId
    name: str
    concurrency: int
    """Tasks that are admitted or running at once."""
    idle_seconds: int
    """A session that does nothing for so long leaves memory."""
    triage_agent: str
    """Gets the tasks that name no agent."""
    created_at: datetime


class ChangedOrg(Body):
    """What to change; what is left out, or null, stays."""

    concurrency: _Positive = None
    idle_seconds: _Positive = None
    triage_agent: Annotated[str | None, Field(min_length=1, max_length=100)] = None


class Limit(Body):
    """A limit to be set."""

    metric: Metric
    period: Period
    user: Annotated[str | None, Field(max_length=100)] = None
    """The name or id of the user whose limit it is; null: the whole organisation's."""
    soft: _Amount = None
    """Beyond it an event warns."""
    hard: _Amount = None
    """Beyond it is refused. Neither soft nor hard: the limit is taken away."""


class LimitFacts(BaseModel):
    """A limit, and what was used of it in the period of now (UTC)."""

    user_id: str | None
    user_name: str | None
    """Null: the whole organisation's."""
    metric: Metric
    period: Period
    soft: int | None
    hard: int | None
    used: int
    reserved: int
    """Set aside for calls that are under way."""
    resets_at: datetime


@router.get("/organisation")
async def get_organisation(visit: Admin) -> OrgFacts:
    """Your organisation."""
    async with visit.org() as conn:
        row = await (await conn.execute(SQL["own_org"], {"org": visit.org_id})).fetchone()
    if row is None:
        raise NotFound("There is no such organisation any more.")
    return OrgFacts(**row)


@router.patch("/organisation")
async def update_organisation(visit: Admin, given: ChangedOrg) -> OrgFacts:
    """Change your organisation."""
    async with visit.org() as conn:
        return OrgFacts.model_validate(await orgs.update(conn, visit.org_id, **given.model_dump()))


@router.get("/limits")
async def list_limits(visit: Visitor, limit: LimitQuery = 500, cursor: CursorQuery = None) -> Page[LimitFacts]:
    """The limits that hold for you, yours and the whole organisation's, with their use; for an admin, all users'."""
    texts = read_texts(cursor, 3)
    after = None if texts is None else _place(*texts)
    async with visit.org() as conn:
        rows = await limits.list_limits(conn, user=visit.whose, after=after, limit=limit + 1)
    found = [LimitFacts(**{**row, "user_id": row["user_id"] or None}) for row in rows]
    return page_of(found, limit, lambda each: text_cursor(each.user_id or EVERYBODY, each.metric, each.period))


@router.put("/limits", status_code=HTTPStatus.NO_CONTENT)
async def set_limit(visit: Admin, given: Limit) -> None:
    """Set a limit, or take it away."""
    async with visit.org() as conn:
        user = EVERYBODY if given.user is None else (await users.find(conn, given.user)).user_id
        await limits.set_limit(conn, given.metric, given.period, user=user, soft=given.soft, hard=given.hard)


def _place(user: str, metric: str, period: str) -> tuple[str, Metric, Period]:
    """The user, metric and period of the limit behind which a page begins."""
    if metric not in get_args(Metric) or period not in get_args(Period):
        raise BadInput("The cursor is none of ours; pass `next` of the page before as it was.")
    return user, cast(Metric, metric), cast(Period, period)
