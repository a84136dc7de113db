"""What agents remember, for people: the same memories that their agents reach for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeAlias, cast

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from greatwheel.channels.http.bodies import Body
from greatwheel.channels.http.cursors import CursorQuery, Page, cursor_of, page_of, read_cursor
from greatwheel.channels.http.finding import find_agent, find_session
from greatwheel.channels.http.visits import Visit, Visitor
from greatwheel.core.errors import BadInput, NotFound
from greatwheel.core.ids import SessionId
from greatwheel.memory import services
from greatwheel.memory.services import MOST_RECALLED

router = APIRouter(prefix="/api/memory", tags=["memory"])
ScopeName: TypeAlias = Literal["user", "agent", "session", "organisation"]
_Named = Annotated[str | None, Field(max_length=100)]


class Place(Body):
    """Where memories are."""

    scope: ScopeName = "user"
    """`user`: yours. `agent`: those that an agent has of all its users. `session`: of one of your sessions.
    `organisation`: everybody's."""
    agent: _Named = None
    """The agent's name or id, where the scope is `agent`."""
    session: _Named = None
    """The session's id, where the scope is `session`."""


class NewMemory(Place):
    """Something to be remembered."""

    key: Annotated[str, Field(min_length=1, max_length=services.MAX_KEY_BYTES)]
    value: Any
    """A text as it is, anything else as JSON; up to 500,000 bytes."""
    metadata: Mapping[str, Any] = {}


class MemoryFacts(BaseModel):
    """Something that is remembered."""

    model_config = ConfigDict(from_attributes=True)

    key: str
    value: str
    score: float
    """How well it answers the query, compared with the others of the answer."""
    metadata: Mapping[str, Any]
    updated_at: datetime | None
    """When it was stored; null in the answer to a query."""


def _place(
    scope: ScopeName = "user",
    agent: Annotated[str | None, Query(max_length=100, description="Where the scope is `agent`.")] = None,
    session: Annotated[str | None, Query(max_length=100, description="Where the scope is `session`.")] = None,
) -> Place:
    return Place(scope=scope, agent=agent, session=session)


AtPlace: TypeAlias = Annotated[Place, Depends(_place)]


@router.get("")
async def recall(
    visit: Visitor,
    place: AtPlace,
    query: Annotated[str, Query(max_length=10_000, description="Words; empty: the newest memories.")] = "",
    limit: Annotated[int, Query(ge=1, le=MOST_RECALLED)] = 20,
    cursor: CursorQuery = None,
) -> Page[MemoryFacts]:
    """The memories that answer a query best: so many, without further pages. Without a query all, the newest first."""
    scope = await _scope(visit, place)
    if not query.strip():
        return await _listed(visit, scope, limit, cursor)
    with _as_bad_input():
        words = services.parse_query(query)
    async with visit.org() as conn:
        found = await visit.parts.memory.recall(conn, scope, words, limit)
    return Page(items=[MemoryFacts.model_validate(memory) for memory in found])


@router.post("", status_code=HTTPStatus.NO_CONTENT)
async def store(visit: Visitor, given: NewMemory) -> None:
    """Remember a value; it replaces what was known under its key."""
    scope = await _scope(visit, given)
    with _as_bad_input():
        key, value = services.parse_key(given.key), services.parse_value(given.value)
        metadata = services.parse_metadata(given.metadata)
    async with visit.org() as conn:
        await visit.parts.memory.store(conn, visit.org_id, scope, key, value, metadata)


@router.delete("/{key:path}", status_code=HTTPStatus.NO_CONTENT)
async def forget(visit: Visitor, place: AtPlace, key: Annotated[str, Path(max_length=services.MAX_KEY_BYTES)]) -> None:
    """Forget what is known under a key."""
    scope = await _scope(visit, place)
    with _as_bad_input():
        parsed = services.parse_key(key)
    async with visit.org() as conn:
        if not await visit.parts.memory.forget(conn, scope, parsed):
            raise NotFound("There is no memory of that key there.")


async def _listed(visit: Visit, scope: str, limit: int, cursor: str | None) -> Page[MemoryFacts]:
    at, after = read_cursor(cursor)
    async with visit.org() as conn:
        found = await visit.parts.memory.listed(conn, scope, at=at, after=after, limit=limit + 1)
    memories = [MemoryFacts.model_validate(memory) for memory in found]
    return page_of(memories, limit, lambda memory: cursor_of(cast(datetime, memory.updated_at), memory.key))


async def _scope(visit: Visit, place: Place) -> str:
    """The name under which the store has these memories, if the caller may reach them."""
    if (place.agent is not None) != (place.scope == "agent") or (place.session is not None) != (
        place.scope == "session"
    ):
        raise BadInput("Name an agent where the scope is agent, and a session where it is session; else neither.")
    match place.scope:
        case "user":
            return f"user:{visit.user_id}"
        case "organisation":
            return "organisation"
        case "agent":
            return f"agent:{(await find_agent(visit, str(place.agent))).agent_id}"
        case "session":
            async with visit.org() as conn:
                found = await find_session(visit, conn, SessionId(str(place.session)))
            return f"session:{found['session_id']}"


@contextmanager
def _as_bad_input() -> Iterator[None]:
    """What a guest would get as its own error is the caller's fault here."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise BadInput(f"{error}.") from error
