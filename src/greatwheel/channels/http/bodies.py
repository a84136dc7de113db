"""What requests and answers about tasks look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, model_validator

from greatwheel.core.ids import AgentId, SessionId, TaskId, UserId
from greatwheel.core.tasks import SubmitTask, Task, TaskKind, TaskStatus
from greatwheel.registry.definitions import BudgetEntry
from greatwheel.scheduler.submission import LONGEST_INPUT

TaskPath = Annotated[TaskId, Path(max_length=100)]
SessionPath = Annotated[SessionId, Path(max_length=100)]


class Body(BaseModel):
    """A request's body: a key that does not exist is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ContextOrder(Body):
    """An order that may bring data."""

    context: Any = None
    """Text, a list or an object, up to 100 MB: the agent gets it as its variable `context`."""
    upload_id: Annotated[str | None, Field(max_length=100)] = None
    """Of a file that you uploaded: it is the context then."""

    @model_validator(mode="after")
    def _has_one_context(self) -> ContextOrder:
        if self.context is not None and self.upload_id is not None:
            raise ValueError("give context or upload_id, not both")
        return self


class TaskOrder(ContextOrder):
    """What may be said of any new task."""

    agent: Annotated[str | None, Field(max_length=100)] = None
    """Its name; null: the session's agent, else the organisation's triage agent."""
    session_id: Annotated[str | None, Field(max_length=100)] = None
    """A session of yours to go on in; null: a new one."""
    rewind_to: Annotated[str | None, Field(max_length=100)] = None
    """Of a session that is named: take it back before this is asked, to where it stood after that task; the empty text:
    to its beginning. Both happen, or neither."""
    model: Annotated[str | None, Field(max_length=500)] = None
    """One of those that `GET /api/models` lists; null: the agent's."""
    instructions: Annotated[str | None, Field(max_length=20_000)] = None
    """What to tell the model beside the loop's own prompt."""
    priority: Annotated[int, Field(ge=-1000, le=1000)] = 0
    """Higher ones are admitted first, within the organisation."""
    budget: BudgetEntry = BudgetEntry()
    """What the task may use, where that is less than its agent's budget allows; more is refused."""

    @model_validator(mode="after")
    def _says_what_is_rewound(self) -> TaskOrder:
        if self.rewind_to is not None and self.session_id is None:
            raise ValueError("rewind_to needs the session_id of what is to be taken back")
        return self

    def order(self, text: str, user_id: UserId, key: str | None, context: Any) -> SubmitTask:
        """The order for the scheduler; `context` is what it brings, or what its upload is."""
        return SubmitTask(
            user_id=user_id,
            input=text,
            agent=self.agent,
            session_id=None if self.session_id is None else SessionId(self.session_id),
            context=context,
            priority=self.priority,
            budget=self.budget.model_dump(exclude_none=True),
            model=self.model,
            instructions=self.instructions,
            idempotency_key=key,
        )


class NewTask(TaskOrder):
    """A task to be done."""

    input: Annotated[str, Field(min_length=1, max_length=LONGEST_INPUT)]
    """The question or the order, in words."""


class TaskLine(BaseModel):
    """A task in a list; long texts are cut."""

    task_id: TaskId
    session_id: SessionId
    user_id: UserId
    agent: str | None
    agent_version: int
    kind: TaskKind
    input: str
    status: TaskStatus
    parent_id: TaskId | None
    depth: int
    priority: int
    attempts: int
    usage: Mapping[str, Any]
    answer: str | None
    outcome: str | None
    error_code: str | None
    error: str | None
    cancel_requested: bool
    rewound: bool
    """Its session was taken back to before it: nothing of it is left there."""
    created_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None


class TaskFacts(TaskLine):
    """A task as it stands."""

    agent_id: AgentId
    model: str | None
    """Null: the agent's."""
    instructions: str | None
    """What its order said beside the loop's own prompt."""
    max_attempts: int
    root_id: TaskId | None
    path: Sequence[str]
    """Names of the agents from the root down to this task's."""
    budget: Mapping[str, Any]
    result: Any
    """Of an agent whose result is more than text."""

    @classmethod
    def of(cls, task: Task) -> TaskFacts:
        """The facts of a task."""
        told = {name: getattr(task, name) for name in cls.model_fields if name != "agent"}
        return cls(agent=task.path[-1] if task.path else None, **told)


class EventFacts(BaseModel):
    """Something that happened in a task."""

    id: int
    """Rises from event to event; pass it as `after`, or as `Last-Event-ID`."""
    type: str
    data: Mapping[str, Any]
    at: datetime


class CallFacts(BaseModel):
    """A host call of a task, or with a negative `seq` the model's reply to step -seq."""

    seq: int
    step: int
    name: str
    state: Literal["started", "waiting", "done", "failed"]
    request: str | None
    """Its arguments for people, cut."""
    answer: Any = None
    """Null while there is none, or when it is too long to be shown: see `answer_bytes`."""
    answer_bytes: int | None
    error: str | None
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    expires_at: datetime | None
    at: datetime


class QuestionFacts(BaseModel):
    """A question of an agent that waits for a person."""

    model_config = ConfigDict(from_attributes=True)

    task_id: TaskId
    call: int
    session_id: SessionId
    user_id: UserId
    agent: str | None
    question: str
    choices: Sequence[str] | None
    asked_at: datetime
    expires_at: datetime | None


class Answer(Body):
    """An answer to a task's question."""

    answer: Annotated[str, Field(max_length=100_000)]
    call: int | None = None
    """Which of its questions; null: the oldest that waits."""
