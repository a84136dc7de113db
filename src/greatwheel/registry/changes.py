"""What a change of an agent writes, within the caller's transaction and with the agent locked.

A stored location holds, beside the place of the code, `seen`: the digest of what was read there last. Code that has
been seen is no change, even when the current version has other code after a rollback. `managed`: the agent follows
agents.toml; `configured`: it began there.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from greatwheel.core.errors import Conflict
from greatwheel.database.connection import OrgConnection
from greatwheel.registry import postgres
from greatwheel.registry.agents import Agent, AgentVersion, DefineAgent, SourceKind, Trigger, kind_of
from greatwheel.registry.sources import check_source

Location = Mapping[str, Any]

TRIGGERS: Mapping[SourceKind, Trigger] = {
    "bare": "config",
    "inline": "config",
    "file": "file_watch",
    "git": "git_sync",
}
"""What triggers a version of code that nobody ordered, but that was found where the agent's code is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """Code as it was read."""

    source: str
    note: str
    location: Location
    """Where it was read, as `Agent.location` has it."""

    @property
    def digest(self) -> bytes:
        """SHA-256 of the source."""
        return hashlib.sha256(self.source.encode("utf-8", "surrogatepass")).digest()


async def add(conn: OrgConnection, order: DefineAgent, code: Code, *, trigger: Trigger, managed: bool) -> Agent:
    """A new agent and its first version; Conflict when the name is taken."""
    agent = await postgres.add(conn, order, _stored(code, {}, managed=managed))
    if agent is None:
        raise Conflict(f"There is an agent {order.name} already in this organisation.")
    await _add_version(conn, agent, order, code, trigger)
    return agent


async def replace(
    conn: OrgConnection, before: Agent, location: Location, order: DefineAgent, code: Code, *, managed: bool
) -> None:
    """Make the agent what the order says. `managed`: the order is agents.toml's, else somebody's."""
    kind = kind_of(order.origin)
    await postgres.change(conn, before.agent_id, order, _stored(code, location, managed=managed))
    if (managed or kind in ("file", "git")) and _same_place(before, kind, code) and _seen(location, code):
        return
    if code.digest != await postgres.digest_of(conn, before):
        await _add_version(conn, before, order, code, TRIGGERS[kind] if managed else "api_update")


async def follow(conn: OrgConnection, agent: Agent, location: Location, code: Code) -> AgentVersion | None:
    """The version that the code in the agent's file or repository makes; None when it is no change."""
    if _seen(location, code):
        return None
    await postgres.set_location(conn, agent.agent_id, _stored(code, location, managed=agent.managed))
    if code.digest == await postgres.digest_of(conn, agent):
        return None
    return await _add_version(conn, agent, agent, code, TRIGGERS[agent.source_kind])


async def _add_version(
    conn: OrgConnection, agent: Agent, settings: Agent | DefineAgent, code: Code, trigger: Trigger
) -> AgentVersion:
    kind = settings.source_kind if isinstance(settings, Agent) else kind_of(settings.origin)
    if kind != "bare":
        await asyncio.to_thread(check_source, code.source, name=code.note or agent.name, engine=settings.engine)
    return await postgres.add_version(
        conn, agent.agent_id, source=code.source, digest=code.digest, trigger=trigger, note=code.note
    )


def _stored(code: Code, before: Location, *, managed: bool) -> dict[str, Any]:
    configured = managed or before.get("configured", False)
    return {**code.location, "seen": code.digest.hex(), "managed": managed, "configured": configured}


def _seen(location: Location, code: Code) -> bool:
    return bool(location.get("seen") == code.digest.hex())


def _same_place(before: Agent, kind: SourceKind, code: Code) -> bool:
    keys = ("repository", "path", "revision")
    return before.source_kind == kind and all(before.location.get(key) == code.location.get(key) for key in keys)
