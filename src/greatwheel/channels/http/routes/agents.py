"""Agents and the versions of their code. Everybody may look; changes are an admin's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from greatwheel.channels.http.cursors import (
    CursorQuery,
    LimitQuery,
    Page,
    page_of,
    place_cursor,
    read_name,
    read_place,
    text_cursor,
)
from greatwheel.channels.http.differences import unified_diff
from greatwheel.channels.http.visits import Admin, Visit, Visitor
from greatwheel.core.errors import NotFound
from greatwheel.core.ids import AgentId
from greatwheel.registry.agents import Agent, AgentVersion, EngineName, SourceKind, Trigger
from greatwheel.registry.definitions import AgentEntry, parse_agent

router = APIRouter(prefix="/api/agents", tags=["agents"])
AgentPath = Annotated[str, Path(max_length=100, description="The agent's name or id.")]
_LARGEST_VERSION = 2**31 - 1
VersionPath = Annotated[int, Path(ge=1, le=_LARGEST_VERSION)]


class NewAgent(AgentEntry):
    """A new agent: its name, and what agents.toml would say of it."""

    name: str


class AgentFacts(BaseModel):
    """An agent as it stands."""

    model_config = ConfigDict(from_attributes=True)

    agent_id: AgentId
    name: str
    source_kind: SourceKind
    location: Mapping[str, Any]
    """Where its code is read from."""
    managed: bool
    """It follows agents.toml until it is changed here."""
    description: str
    model: str | None
    engine: EngineName | None
    instructions: str
    tools: Sequence[str]
    denied: Sequence[str]
    budget: Mapping[str, Any]
    current_version: int
    created_at: datetime


class VersionLine(BaseModel):
    """A version of an agent's code."""

    version: int
    trigger: Trigger
    note: str
    sha256: str
    created_at: datetime

    @classmethod
    def facts(cls, version: AgentVersion) -> dict[str, Any]:
        """What is told of any version."""
        named = {name: getattr(version, name) for name in ("version", "trigger", "note", "created_at")}
        return {**named, "sha256": version.digest.hex()}


class VersionFacts(VersionLine):
    """A version with its code."""

    source: str


class Difference(BaseModel):
    """What changed from one version to another."""

    old: int = Field(alias="from")
    new: int = Field(alias="to")
    diff: str
    """Unified, with three lines of context; empty when both have the same code."""


OldQuery = Annotated[int, Query(alias="from", ge=1, le=_LARGEST_VERSION, description="The version before.")]
NewQuery = Annotated[int, Query(alias="to", ge=1, le=_LARGEST_VERSION, description="The version after.")]


@router.get("")
async def list_agents(visit: Visitor, limit: LimitQuery = 500, cursor: CursorQuery = None) -> Page[AgentFacts]:
    """The organisation's agents, by name."""
    found = await visit.parts.registry.list(visit.org_id, after=read_name(cursor), limit=limit + 1)
    return page_of([_facts(agent) for agent in found], limit, lambda agent: text_cursor(agent.name))


@router.post("", status_code=HTTPStatus.CREATED)
async def define(visit: Admin, given: NewAgent) -> AgentFacts:
    """Make an agent."""
    order = parse_agent(given.name, given.model_dump(exclude_unset=True, exclude={"name"}))
    return _facts(await visit.parts.registry.define(visit.org_id, order))


@router.get("/{agent}")
async def get_agent(visit: Visitor, agent: AgentPath) -> AgentFacts:
    """One agent."""
    return _facts(await _find(visit, agent))


@router.put("/{agent}")
async def update(visit: Admin, agent: AgentPath, given: AgentEntry) -> AgentFacts:
    """Make an agent what is given; what is left out gets its default. New code is a new version."""
    name = (await _find(visit, agent)).name
    order = parse_agent(name, given.model_dump(exclude_unset=True))
    return _facts(await visit.parts.registry.update(visit.org_id, order))


@router.delete("/{agent}", status_code=HTTPStatus.NO_CONTENT)
async def remove(visit: Admin, agent: AgentPath) -> None:
    """Take an agent away. Its running tasks end as they began."""
    await visit.parts.registry.remove(visit.org_id, (await _find(visit, agent)).name)


@router.put("/{agent}/rollback")
async def rollback(
    visit: Admin, agent: AgentPath, version: Annotated[int, Query(ge=1, le=_LARGEST_VERSION)]
) -> VersionLine:
    """Give an agent the code of an old version, as a new version."""
    name = (await _find(visit, agent)).name
    return VersionLine(**VersionLine.facts(await visit.parts.registry.rollback(visit.org_id, name, version)))


@router.post("/{agent}/sync")
async def sync(visit: Admin, agent: AgentPath) -> AgentFacts:
    """Read an agent's file or repository now."""
    return _facts(await visit.parts.registry.sync(visit.org_id, (await _find(visit, agent)).name))


@router.get("/{agent}/versions")
async def versions(
    visit: Visitor, agent: AgentPath, limit: LimitQuery = 100, cursor: CursorQuery = None
) -> Page[VersionLine]:
    """The versions of an agent's code, newest first."""
    (before,) = read_place(cursor, (_LARGEST_VERSION,))
    name = (await _find(visit, agent)).name
    found = await visit.parts.registry.versions(
        visit.org_id, name, before=min(before, _LARGEST_VERSION), limit=limit + 1
    )  # fmt: skip
    lines = [VersionLine(**VersionLine.facts(each)) for each in found]
    return page_of(lines, limit, lambda line: place_cursor(line.version))


@router.get("/{agent}/diff")
async def diff(visit: Visitor, agent: AgentPath, old: OldQuery, new: NewQuery) -> Difference:
    """What changed in an agent's code from one version to another."""
    name = (await _find(visit, agent)).name
    before, after = [await visit.parts.registry.version(visit.org_id, name, number) for number in (old, new)]
    titles = [f"{name} version {number}" for number in (old, new)]
    # In a thread: long versions take a while to compare.
    text = await asyncio.to_thread(unified_diff, before.source, after.source, *titles)
    return Difference.model_validate({"from": old, "to": new, "diff": text})


@router.get("/{agent}/versions/{version}")
async def one_version(visit: Visitor, agent: AgentPath, version: VersionPath) -> VersionFacts:
    """One version with its code."""
    found = await visit.parts.registry.version(visit.org_id, (await _find(visit, agent)).name, version)
    return VersionFacts(**VersionFacts.facts(found), source=found.source)


async def _find(visit: Visit, wanted: str) -> Agent:
    """The agent of that name or id."""
    try:
        return await visit.parts.registry.get(visit.org_id, wanted)
    except NotFound:
        for agent in await visit.parts.registry.list(visit.org_id):
            if agent.agent_id == wanted:
                return agent
        raise


def _facts(agent: Agent) -> AgentFacts:
    return AgentFacts.model_validate(agent)
