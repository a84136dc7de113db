"""The journal's port: what a run writes down before anyone relies on it, and what a later attempt reads.

Numbered contract:

1. **Order.** What one run writes becomes durable in the order of the calls; nothing durable ever follows a gap.
2. **Write-behind.** `replied`, `served`, `event` return at once; they are durable soon (within milliseconds), or when
   `committed` returns. A crash in between costs at most the model calls of those milliseconds, which are asked again
   with the same idempotency keys.
3. **Barriers.** `intend`, `record`, `wait` and `boundary` return when they, and all that came before, are durable.
4. **One writer.** When another worker has taken the task over, every method that waits raises `LeaseLost`, `served`
   does as soon as that is known, and nothing of this run is written any more. The same holds from the moment when the
   session has lost its key or its user was disabled.
5. **Both or neither.** `record` and `wait` commit what the handler wrote and the call's row together.
6. **Standing.** `live` goes before whatever is asked of others without a barrier. What it knows is at most
   `FRESH_SECONDS` old. It waits while too much is written behind.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from greatwheel.core.usage import Usage
from greatwheel.runtime.services import Waiting
from greatwheel.runtime.shown import shown
from greatwheel.runtime.wire import from_wire, to_wire

if TYPE_CHECKING:
    from greatwheel.database.connection import OrgConnection  # a run without a database needs no driver

CallState: TypeAlias = Literal["started", "waiting", "done", "failed"]
FRESH_SECONDS = 0.1
"""For so long a run that was found to be live is taken to be: busy runs, which write more often, ask nothing extra."""
REQUEST_CHARS = 400
"""How much of a call's arguments the journal shows to people."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EventRow:
    """Something that people may watch."""

    type: str
    data: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class CallRow:
    """A row of the journal: a host call, or with a negative `seq` a model's reply to a step."""

    seq: int
    step: int
    name: str
    digest: bytes
    state: CallState
    request: str = ""
    """The arguments for people, cut."""
    answer: bytes | None = None
    """The result (`encoded`); None while there is none, or for an error."""
    error: str | None = None
    """`Type: message`."""
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    expires_at: datetime | None = None
    told: EventRow | None = None
    """What people are told of it, in the same transaction."""
    streamed: bool = False
    """Pieces of the reply were told while it came: they go in the same transaction."""


class Journal(Protocol):
    """The write side, for one attempt at one task. See the module for the contract."""

    def served(self, row: CallRow) -> None:
        """A call that was served, or a model's reply; `told` and `streamed` count here alone."""
        ...

    def event(self, type: str, data: Mapping[str, Any]) -> None:
        """Something that people may watch."""
        ...

    async def live(self) -> None:
        """Return when the run may go on: the task is this worker's, its session has its key, its user may act."""
        ...

    async def committed(self) -> None:
        """Wait until all that was written is durable."""
        ...

    async def intend(self, row: CallRow) -> None:
        """An effect is about to happen; `served` with the same number follows."""
        ...

    async def record(self, row: Callable[[Any], CallRow], handle: Callable[[OrgConnection], Awaitable[Any]]) -> Any:
        """Run a handler and write its call's row (made from its result) in one transaction; the result."""
        ...

    async def wait(
        self, row: Callable[[Waiting], CallRow], handle: Callable[[OrgConnection], Awaitable[Waiting]]
    ) -> None:
        """As `record`, for a call whose answer somebody else gives."""
        ...

    async def boundary(self, state: Mapping[str, Any], dump: bytes | None) -> None:
        """From here a later attempt goes on; None keeps the dump of the boundary before."""
        ...


def encoded(value: Any) -> bytes:
    """A guest's value as the journal keeps it."""
    return json.dumps(to_wire(value), ensure_ascii=True, separators=(",", ":")).encode("ascii")


def decoded(data: bytes) -> Any:
    """The value again."""
    return from_wire(json.loads(data))


def digest_of(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bytes:
    """By which a replayed call is compared with the journal."""
    return hashlib.sha256(name.encode() + b"\0" + encoded([list(args), dict(kwargs)])).digest()


def request_of(args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """A call's arguments for people."""
    parts = [_brief(arg) for arg in args]
    parts += [f"{name}={_brief(value)}" for name, value in kwargs.items() if value is not None]
    return ", ".join(parts)[:REQUEST_CHARS]


def _brief(value: Any) -> str:
    if isinstance(value, (str, bytes, list, tuple)):
        value = value[:REQUEST_CHARS]  # writing out fifty megabytes to show a line of them would take a second
    return shown(value)[:REQUEST_CHARS]
