"""A task: one request to an agent, from the moment it is queued to its end.

    queued → admitted → running ⇄ waiting → done | failed | dead | cancelled

`admitted`: its organisation has a free place, and a job is on its way to a worker. `waiting`: it gave its place back,
until a person, an agent or its children answer; then it is `queued` again. `failed`: the agent raised an error, which
is its result. `dead`: it could not be carried out in `max_attempts` attempts; it can be retried by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from greatwheel.core.ids import AgentId, OrgId, SessionId, TaskId, UserId

TaskStatus: TypeAlias = Literal["queued", "admitted", "running", "waiting", "done", "failed", "dead", "cancelled"]
TaskKind: TypeAlias = Literal["agent", "child"]
"""`agent`: an agent's version does it. `child`: a loop below a task's `rlm_query`, with its own session."""

ENDED: frozenset[TaskStatus] = frozenset({"done", "failed", "dead", "cancelled"})


@dataclass(frozen=True, slots=True)
class KeptContext:
    """A context that the organisation keeps already: an upload's."""

    digest: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class SubmitTask:
    """An order: do this."""

    user_id: UserId
    input: str
    """The question or the order, in words."""
    agent: str | None = None
    """None: the organisation's triage agent."""
    session_id: SessionId | None = None
    """None: a new session."""
    context: Any = None
    """Data that the agent gets as its variable `context`; or a `KeptContext`."""
    priority: int = 0
    """Higher ones are admitted first."""
    budget: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `core.budgets.Budget` that take the place of the agent's, none of them greater."""
    model: str | None = None
    """One that the installation offers; None: the agent's."""
    instructions: str | None = None
    """What the model is told beside the loop's own prompt; an agent with code gets them with its task. They are for
    this task alone, not for those that it starts. None: the agent's."""
    idempotency_key: str | None = None
    """A second order with the same key gives the first one's task."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewSession:
    """An order: begin a session, in which something is asked later."""

    user_id: UserId
    agent: str | None = None
    """None: the organisation's triage agent."""
    context: Any = None
    """As `SubmitTask` has it."""
    idempotency_key: str | None = None
    """A second order with the same key gives the first one's session."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How a task ended."""

    status: TaskStatus
    """`done`, `failed`, `dead` or `cancelled`."""
    answer: str | None = None
    """In words."""
    result: Any = None
    """As data in the form of `runtime.wire`; None: the answer is all there is."""
    usage: Mapping[str, Any] = field(default_factory=dict)
    """What it and everything below it used, by the names of `core.usage.Usage`."""
    outcome: str | None = None
    """How its loop ended."""
    error_code: str | None = None
    """For programs."""
    error: str | None = None
    """Of a failed task `Type: message`, as the guest raised it; else why it ended so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A task as it stands."""

    org_id: OrgId
    task_id: TaskId
    session_id: SessionId
    user_id: UserId
    agent_id: AgentId
    agent_version: int
    kind: TaskKind
    input: str
    status: TaskStatus
    context: bytes | None = None
    """Digest of the context's blob."""
    model: str | None = None
    """Of a task whose order named one, or a child whose caller did; None: the agent's."""
    instructions: str | None = None
    """Of its order; None: the agent's."""
    parent_id: TaskId | None = None
    parent_call: int | None = None
    part: int | None = None
    root_id: TaskId | None = None
    depth: int = 0
    path: Sequence[str] = ()
    """Names of the agents from the root down to this task's."""
    priority: int = 0
    attempts: int = 0
    max_attempts: int = 5
    epoch: int = 0
    run: int = 1
    """How often it was begun anew, the first time included."""
    budget: Mapping[str, Any] = field(default_factory=dict)
    usage: Mapping[str, Any] = field(default_factory=dict)
    boundary: bytes | None = None
    """What the loop needs to go on from the snapshot."""
    snapshot: bytes | None = None
    answer: str | None = None
    result: Any = None
    outcome: str | None = None
    error_code: str | None = None
    error: str | None = None
    cancel_requested: bool = False
    rewound: bool = False
    """Its session was taken back to before it."""
    created_at: datetime | None = None
    queued_at: datetime | None = None
    started_at: datetime | None = None
    clock: datetime | None = None
    """When it was queued, or last woken: what its sandbox's clock shows."""
    finished_at: datetime | None = None

    @property
    def run_key(self) -> str:
        """How the idempotency keys of its calls begin: the same in each attempt, other ones when it is begun anew."""
        return self.task_id if self.run == 1 else f"{self.task_id}-run-{self.run}"
