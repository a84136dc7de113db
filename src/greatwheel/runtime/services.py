"""What a task may call beyond models: services behind the names of the SDK, by how they are made durable.

The journal decides what a service must be, so each host function has one of five kinds (a `varying` one is found to be
a read or an effect when it is called):

- `read`: nothing outside changes (`memory.recall`). Served, then journaled; a crash in between serves it again.
- `tell`: all that it does is to tell people something (`channel.send`). What is told is written together with the
  call's row, behind: so it happens exactly once, and the guest need not wait for it.
- `record`: all that it changes is in our Postgres (`memory.store`, `agent.notify`). The handler gets the connection on
  which its journal row is written: both are committed together, so it happens exactly once.
- `effect`: something outside changes (`tool.*`). Journaled before and after. After a crash in between it is repeated
  only when the service says that the other side honours the idempotency key; else the guest gets `InDoubt`.
- `wait`: somebody else gives the answer, later (`channel.ask`, `agent.call`). The handler records what is asked on the
  journal row's connection; the task gives its place back. Whoever answers fills in the row and wakes the task.

A handler's `TypeError`, `ValueError`, `KeyError`, and the errors of `core.errors` that a guest may see
(`bridge.GUEST_ERRORS`), reach the guest at the call site; any other exception ends the attempt.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from greatwheel.core.context import CallContext
from greatwheel.core.tasks import Task

if TYPE_CHECKING:
    from greatwheel.database.connection import OrgConnection  # a run without a database needs no driver
    from greatwheel.runtime.journal import EventRow


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceCall:
    """One host call of a task."""

    context: CallContext
    task: Task
    seq: int
    """The call's number in the journal."""
    name: str
    """The wire name, such as `channel.ask` or `tool.search`."""
    args: tuple[Any, ...] = ()
    """Positional arguments; empty for the SDK's own functions, whose arguments are all in `kwargs`."""
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def idempotency_key(self) -> str:
        """The same in every attempt of this call, and no other call's: neither another run's of the same task."""
        return f"{self.task.run_key}-{self.seq}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """The answer comes later."""

    expires_at: datetime | None = None
    """When the guest gets a `TimeoutError` instead; None: never."""
    tokens: int = 0
    model_calls: int = 0
    """What who answers may use of the task's budget: as long as the task runs on, it has that much less."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """A service that changes nothing outside."""

    handle: Callable[[ServiceCall], Awaitable[Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tell:
    """A service whose effect is one event of the task, which people may watch."""

    event: Callable[[ServiceCall], EventRow]


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A service whose effect is rows of our database."""

    handle: Callable[[OrgConnection, ServiceCall], Awaitable[Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """A service that changes something outside."""

    handle: Callable[[ServiceCall], Awaitable[Any]]
    repeatable: bool = False
    """The other side does the same order once only, by its idempotency key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """A service whose answer somebody else gives."""

    handle: Callable[[OrgConnection, ServiceCall], Awaitable[Waiting]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Varying:
    """A service whose kind depends on whose call it is: it is chosen before anything is written."""

    choose: Callable[[ServiceCall], Awaitable[Read | Effect]]


Service: TypeAlias = Read | Tell | Record | Effect | Wait | Varying


MOST_LISTED = 30
"""Tools that a loop's model is told of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedTool:
    """A tool, as far as a model is told of it."""

    call: str
    """How it is called, in one line of Python without quoted words of others."""
    description: str = ""
    """In the words of whoever offers it, who may be hostile."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolList:
    """The tools that a task may call."""

    tools: Sequence[ListedTool] = ()
    """By name, at most `MOST_LISTED`."""
    more: int = 0
    """How many there are beside those."""


ToolLister: TypeAlias = Callable[[Task], Awaitable[ToolList]]
"""Tells soon which tools a task may call."""


class Services(Protocol):
    """Finds the service behind a name."""

    def find(self, name: str) -> Service | None:
        """The service of a wire name; None when this installation has none."""
        ...
