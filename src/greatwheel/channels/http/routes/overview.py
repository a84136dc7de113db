"""How things stand: what runs and waits, what was used and what failed, hour by hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from greatwheel.channels.http.health import SILENT_SECONDS
from greatwheel.channels.http.offer import Offer
from greatwheel.channels.http.statements import SQL
from greatwheel.channels.http.visits import Offered, Visitor

MOST_HOURS = 24 * 7
HOUR = timedelta(hours=1)

router = APIRouter(prefix="/api", tags=["installation"])


class TaskCounts(BaseModel):
    """How many tasks are in each state that somebody may want to do something about."""

    queued: int = 0
    admitted: int = 0
    running: int = 0
    waiting: int = 0
    dead: int = 0


class Hour(BaseModel):
    """What ended in an hour: a task's tokens count in the hour in which it ended."""

    hour: datetime
    """When it began (UTC)."""
    tasks: int = 0
    errors: int = 0
    """Tasks that failed or died."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None
    """Of the models that have a price; null when none has."""


class Workers(BaseModel):
    """Who carries out tasks."""

    alive: int
    last_heard_seconds: float | None
    """Null: none was ever heard of."""


class Overview(BaseModel):
    """How things stand: of your tasks; for an admin, of the organisation's."""

    at: datetime
    tasks: TaskCounts
    oldest_queued_seconds: float | None
    """Null: nothing is queued."""
    workers: Workers
    currency: str
    hours: Sequence[Hour]
    """The oldest first, the one that it is now last; without gaps."""


@router.get("/overview")
async def overview(
    visit: Visitor,
    offer: Offered,
    hours: Annotated[int, Query(ge=1, le=MOST_HOURS, description="How many, with the one that it is now.")] = 24,
) -> Overview:
    """How things stand."""
    now = datetime.now(UTC)
    since = now.replace(minute=0, second=0, microsecond=0) - (hours - 1) * HOUR
    who = {"org": visit.org_id, "user": visit.whose}
    async with visit.org() as conn:
        open_tasks = await (await conn.execute(SQL["overview_open"], who)).fetchall()
        ended = await (await conn.execute(SQL["overview_hours"], {**who, "since": since})).fetchall()
        workers = await (await conn.execute(SQL["overview_workers"], {"silent": SILENT_SECONDS})).fetchone()
    assert workers is not None  # it counts
    return Overview(
        at=now,
        tasks=TaskCounts(**{row["status"]: row["tasks"] for row in open_tasks}),
        oldest_queued_seconds=next((max(row["oldest"], 0.0) for row in open_tasks if row["status"] == "queued"), None),
        workers=Workers(**workers),
        currency=offer.currency,
        hours=hours_of(ended, since, hours, offer, await offer.default() if offer.prices else None),
    )


def hours_of(
    rows: Sequence[Mapping[str, Any]], since: datetime, count: int, offer: Offer, default: str | None
) -> Sequence[Hour]:
    """Each hour with what all models used in it; a row tells it of one model, null being `default`."""
    free = 0.0 if offer.prices else None
    told = {since + number * HOUR: Hour(hour=since + number * HOUR, cost=free) for number in range(count)}
    for row in rows:
        hour = told.get(row["hour"])
        if hour is None:
            continue  # it ended in the hour that has begun since
        hour.tasks += row["tasks"]
        hour.errors += row["errors"]
        hour.prompt_tokens += row["prompt_tokens"]
        hour.completion_tokens += row["completion_tokens"]
        price = offer.price(row["model"] or default)
        if price is not None and hour.cost is not None:
            hour.cost += price.of(row["prompt_tokens"], row["completion_tokens"])
    return list(told.values())
