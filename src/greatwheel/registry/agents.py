"""Agents as the registry knows them: what is ordered, what is kept, and the versions of their code.

An agent's code is text. Empty text is a bare agent: the loop alone does its tasks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from greatwheel.core.ids import AgentId, OrgId

SourceKind: TypeAlias = Literal["bare", "file", "inline", "git"]
Trigger: TypeAlias = Literal["config", "file_watch", "api_update", "git_sync", "rollback"]
"""What made a version."""
EngineName: TypeAlias = Literal["monty", "ouros"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Bare:
    """No code."""


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file in the folder of agents."""

    path: str
    """Relative to the folder, with `/`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Inline:
    """The code itself."""

    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Git:
    """A file in a git repository."""

    repository: str
    """`https://…`, `ssh://…`, `user@host:path`, or the path of a local repository."""
    path: str
    revision: str = "HEAD"
    """A branch, a tag or a whole commit id."""


Origin: TypeAlias = Bare | File | Inline | Git


@dataclass(frozen=True, kw_only=True, slots=True)
class DefineAgent:
    """An order: there shall be this agent."""

    name: str
    origin: Origin = Bare()
    description: str = ""
    model: str | None = None
    """None: the installation's default."""
    engine: EngineName | None = None
    """None: the installation's default."""
    instructions: str = ""
    """What tasks that bring no instructions of their own are done by."""
    tools: Sequence[str] = ("*",)
    """Patterns of what it may call."""
    denied: Sequence[str] = ()
    """Patterns of what it may not call; they win."""
    budget: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `core.budgets.Budget` that replace the installation's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Agent:
    """A definition as it stands."""

    org_id: OrgId
    agent_id: AgentId
    name: str
    source_kind: SourceKind
    location: Mapping[str, Any]
    """`path` of a file; `repository`, `path`, `revision` of a git source, and the `commit` that was read last."""
    managed: bool
    """It follows agents.toml; the first change through the API ends that."""
    description: str
    model: str | None
    engine: EngineName | None
    instructions: str
    tools: Sequence[str]
    denied: Sequence[str]
    budget: Mapping[str, Any]
    current_version: int
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentVersion:
    """The code of an agent from one change to the next. It never changes."""

    agent_id: AgentId
    version: int
    """From 1, without gaps."""
    source: str
    digest: bytes
    """SHA-256 of the source."""
    trigger: Trigger
    note: str
    """Where the code came from, for people."""
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class PinnedAgent:
    """An agent with the version that a task began with."""

    agent: Agent
    version: AgentVersion


def kind_of(origin: Origin) -> SourceKind:
    """The name of the origin's kind."""
    match origin:
        case Bare():
            return "bare"
        case File():
            return "file"
        case Inline():
            return "inline"
        case Git():
            return "git"
