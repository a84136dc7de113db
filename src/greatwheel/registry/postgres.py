"""Agents and their versions in Postgres. The caller owns the transaction; it sees one organisation."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from greatwheel.core.ids import AgentId, OrgId, new_id
from greatwheel.database.connection import OrgConnection
from greatwheel.database.queries import load
from greatwheel.database.storable import storable_text
from greatwheel.registry.agents import Agent, AgentVersion, DefineAgent, SourceKind, Trigger, kind_of

_SQL = load(__file__)
_OWN = frozenset({"managed", "configured", "seen"})
"""Keys of a stored location that tell what the registry did, not where the code is."""


async def add(conn: OrgConnection, order: DefineAgent, location: Mapping[str, Any]) -> Agent | None:
    """The new agent, without a version yet; None when the name is taken."""
    values = {**_columns(order, location), "name": order.name, "agent_id": new_id("agt")}
    return _agent_or_none(await _one(conn, "add_agent", values))


async def change(conn: OrgConnection, agent_id: AgentId, order: DefineAgent, location: Mapping[str, Any]) -> None:
    """Replace what an order says of an agent."""
    await conn.execute(_SQL["change_agent"], {**_columns(order, location), "agent_id": agent_id})


async def named(conn: OrgConnection, name: str) -> Agent | None:
    """The agent that has the name."""
    return _agent_or_none(await _one(conn, "agent_by_name", {"name": name}))


async def lock_named(conn: OrgConnection, name: str) -> tuple[Agent, Mapping[str, Any]] | None:
    """The agent and its stored location, locked to the end of the transaction."""
    return _with_location(await _one(conn, "lock_agent_by_name", {"name": name}))


async def lock(conn: OrgConnection, agent_id: AgentId) -> tuple[Agent, Mapping[str, Any]] | None:
    """As `lock_named`, by id."""
    return _with_location(await _one(conn, "lock_agent", {"agent_id": agent_id}))


async def every(conn: OrgConnection, *, after: str | None = None, limit: int | None = None) -> list[Agent]:
    """All agents, by name; or so many of those behind a name."""
    values = {"after": after, "limit": limit}
    return [_agent(row) for row in await (await conn.execute(_SQL["list_agents"], values)).fetchall()]


async def was_removed_by_hand(conn: OrgConnection, name: str) -> bool:
    """Whether somebody removed an agent of the name that agents.toml had defined."""
    row = await _one(conn, "configured_and_removed", {"name": name})
    return row is not None and bool(row["found"])


async def remove(conn: OrgConnection, name: str) -> bool:
    """Free the name; whether there was such an agent."""
    return await _one(conn, "remove_agent", {"name": name}) is not None


async def set_location(conn: OrgConnection, agent_id: AgentId, location: Mapping[str, Any]) -> None:
    """Note what was read from the agent's source."""
    await conn.execute(_SQL["set_location"], {"agent_id": agent_id, "location": Jsonb(dict(location))})


async def add_version(
    conn: OrgConnection, agent_id: AgentId, *, source: str, digest: bytes, trigger: Trigger, note: str
) -> AgentVersion:
    """The next version, which is the current one from now on. The agent must be locked, or new."""
    values = {"agent_id": agent_id, "source": source, "digest": digest, "trigger": trigger, "note": note}
    row = await _one(conn, "add_version", values)
    assert row is not None, "the agent was locked"
    return _version(row)


async def digest_of(conn: OrgConnection, agent: Agent) -> bytes:
    """The digest of the current version's source; empty before the first."""
    row = await _one(conn, "version_digest", {"agent_id": agent.agent_id, "version": agent.current_version})
    return bytes(row["digest"]) if row is not None else b""


async def version(conn: OrgConnection, agent_id: AgentId, number: int) -> AgentVersion | None:
    """One version."""
    row = await _one(conn, "one_version", {"agent_id": agent_id, "version": number})
    return _version(row) if row is not None else None


async def versions(
    conn: OrgConnection, agent_id: AgentId, *, before: int | None = None, limit: int | None = None
) -> list[AgentVersion]:
    """All versions, newest first; or so many of those before one."""
    values = {"agent_id": agent_id, "before": before, "limit": limit}
    rows = await (await conn.execute(_SQL["list_versions"], values)).fetchall()
    return [_version(row) for row in rows]


async def by_id(conn: OrgConnection, agent_id: AgentId) -> Agent | None:
    """An agent by its id, a removed one too."""
    return _agent_or_none(await _one(conn, "agent_by_id", {"agent_id": agent_id}))


async def read_from(
    conn: OrgConnection, kind: SourceKind, paths: Collection[str] | None = None
) -> list[tuple[OrgId, AgentId]]:
    """The agents of all organisations whose code is of that kind, and in one of the paths if any are given."""
    values = {"kind": kind, "paths": None if paths is None else sorted(paths)}
    rows = await (await conn.execute(_SQL["agents_read_from"], values)).fetchall()
    return [(OrgId(row["org_id"]), AgentId(row["agent_id"])) for row in rows]


async def _one(conn: OrgConnection, statement: str, values: Mapping[str, Any]) -> DictRow | None:
    return await (await conn.execute(_SQL[statement], values)).fetchone()


def _columns(order: DefineAgent, location: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "source_kind": kind_of(order.origin),
        "location": Jsonb(dict(location)),
        "description": storable_text(order.description),
        "model": order.model,
        "engine": order.engine,
        "tools": list(order.tools),
        "denied": list(order.denied),
        "budget": Jsonb(dict(order.budget)),
        "instructions": storable_text(order.instructions),
    }


def _agent_or_none(row: DictRow | None) -> Agent | None:
    return None if row is None else _agent(row)


def _with_location(row: DictRow | None) -> tuple[Agent, Mapping[str, Any]] | None:
    return None if row is None else (_agent(row), row["location"])


def _agent(row: DictRow) -> Agent:
    return Agent(
        org_id=row["org_id"],
        agent_id=row["agent_id"],
        name=row["name"],
        source_kind=row["source_kind"],
        location={key: value for key, value in row["location"].items() if key not in _OWN},
        managed=bool(row["location"].get("managed")),
        description=row["description"],
        model=row["model"],
        engine=row["engine"],
        tools=tuple(row["tools"]),
        denied=tuple(row["denied"]),
        budget=row["budget"],
        instructions=row["instructions"],
        current_version=row["current_version"],
        created_at=row["created_at"],
    )


def _version(row: DictRow) -> AgentVersion:
    return AgentVersion(
        agent_id=row["agent_id"],
        version=row["version"],
        source=row["source"],
        digest=bytes(row["digest"]),
        trigger=row["trigger"],
        note=row["note"],
        created_at=row["created_at"],
    )
