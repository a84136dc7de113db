"""The sandbox port: engines open sessions, sessions run code.

Numbered contract, held by every adapter and checked by `greatwheel.testing.contracts.sandbox`:

1. **Persistence.** Names bound by one block are there for the next, until `close`.
2. **Pausing.** A call to a name in `host_functions` pauses the block wherever it stands (function, class,
   comprehension, generator argument, `asyncio.gather`). The guest does not run while it is paused.
   Calls that are in flight together (`gather`) come in one `HostCalls`; `resume` may answer all or some of them.
3. **Answers** arrive at the call site: a `Returned` value, or a `Failed` error that the guest can catch by its type.
   A type that the engine does not know arrives as RuntimeError with the type's name before the message.
4. **A guest that fails is a value** (`Raised`); output printed before the failure is kept. A sandbox that fails is
   `SandboxLost`; nothing else ever raises it. After it, only `close` may be called; the session lives on in its dump.
5. **Limits** stop the guest, not the host: `Raised` with `limit` set where the engine could stop by itself,
   `SandboxLost` with the limit named where its process had to be killed. The clock stops while a call is pending.
   After a `Raised`, the session runs further blocks.
6. **Values** cross unchanged or not at all (`ValueNotPortable`): None, bool, int of any size, float, str, bytes, list,
   tuple, set, frozenset, dict, nested. Guest dataclass instances come out as `Record`. No engine wrapper is seen.
7. **dump/load.** `dump` is allowed when idle and while calls are pending, leaves the session as it is, and can be
   loaded by another process of the same engine and version, where the session continues (with `pending` set again).
   Dumps are not authenticated: seal them before they leave this machine.
8. **describe** never carries a whole value of more than `PREVIEW_CHARS` characters, and never runs guest code.
9. **Isolation.** Sessions share nothing: no names, no files, no network, no environment.
10. **One caller.** A session is driven by one task at a time; `run` while a call is pending is `SandboxMisuse`.
11. **World.** With a `World`, what a guest sees of time, chance and identity (`time`, `datetime`, `random`, `uuid`,
   `secrets`, `os.urandom`, `hash`, `id`, the order of sets) depends only on the world and on what the session did
   before. Sessions of one world that run the same blocks see the same; a dump that is loaded with its world goes on as
   the original would, in any process, but for the addresses of new objects (`id`, and what `repr` and `hash` make of
   it). A session that gets a later `now`, by `load` or `run`, sees the later time from its next block at the latest;
   generators of random numbers that are in use go on. Without a world, these come from the machine. Nothing in a world
   is fit for secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypeAlias

PREVIEW_CHARS = 200
"""The longest preview that `describe` gives, in characters."""

CLOCK_STEP = timedelta(milliseconds=1)
"""How far a world's clock moves on each time that it is read, so that a guest that waits for a time gets there."""

LimitName: TypeAlias = Literal["seconds", "memory", "recursion", "output", "host_calls"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one session may use."""

    seconds: float = 10.0
    """Execution time of one block; waiting for host calls is free."""
    memory_bytes: int = 512 * 1024 * 1024
    """The guest's heap, injected values included."""
    recursion: int = 500
    """Depth of the guest's call stack."""
    output_chars: int = 200_000
    """Text printed by one block; what is beyond is dropped and a line says so."""
    host_calls: int = 100_000
    """Host calls of one block."""


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """Where a session's time and chance come from, so that its blocks can be run again and take the same path."""

    seed: int
    """What random numbers and random ids are derived from."""
    now: datetime
    """With its time zone: what the clock shows when it is first read. All of a guest's clocks are this one."""

    def __post_init__(self) -> None:
        if self.now.utcoffset() is None:
            raise ValueError("a world's `now` needs a time zone")


@dataclass(frozen=True, kw_only=True, slots=True)
class HostCall:
    """A call that waits for its answer."""

    id: int
    """Unique within the session, rising; kept over dump and load."""
    name: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class HostCalls:
    """The block is paused: these calls wait, all at once."""

    calls: tuple[HostCall, ...]
    stdout: str = ""
    """Printed since the last event."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """The block ran to its end."""

    value: Any = None
    """The value of a trailing expression; an unportable one is None."""
    stdout: str = ""
    """Printed since the last event."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Raised:
    """The block raised and nothing caught it, or a limit stopped it."""

    type: str
    """The exception's name as the guest knows it, without a module."""
    message: str
    traceback: str
    """As the guest's author would see it; names no file of the host."""
    stdout: str = ""
    limit: LimitName | None = None


Event: TypeAlias = HostCalls | Finished | Raised


@dataclass(frozen=True, kw_only=True, slots=True)
class Returned:
    """The call's result."""

    value: Any = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed:
    """The call's error, raised in the guest at the call site."""

    type: str
    """Name of a built-in exception, or of one of `prelude.SDK_ERRORS`."""
    message: str


Answer: TypeAlias = Returned | Failed


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A guest dataclass instance, outside."""

    type: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """What is told of one guest variable."""

    name: str
    type: str
    size: int | None
    """Characters of a str, bytes of bytes, items of a container, else None."""
    preview: str


class SandboxSession(Protocol):
    """One live interpreter."""

    @property
    def pending(self) -> HostCalls | None:
        """The calls that wait for an answer, or None when idle."""
        ...

    async def run(self, code: str, *, world: World | None = None) -> Event:
        """Run a block up to the next event. A syntax error is a `Raised`. A world given here is the session's from
        this block on."""
        ...

    async def resume(self, answers: Mapping[int, Answer]) -> Event:
        """Answer pending calls, by id, and go on to the next event."""
        ...

    async def abandon(self) -> None:
        """Give up the paused block: it does not run on; bindings made so far stay. Idle: does nothing."""
        ...

    async def set(self, name: str, value: Any) -> None:
        """Bind a name in the guest (idle only)."""
        ...

    async def get(self, name: str) -> Any:
        """The value of a guest variable (idle only); KeyError when there is none."""
        ...

    async def describe(self) -> list[Variable]:
        """The guest's variables, oldest first, without the SDK's own names and without imported modules (idle only)."""
        ...

    async def dump(self) -> bytes:
        """The session as bytes; see clause 7."""
        ...

    async def close(self) -> None:
        """Free everything; may be called twice and after `SandboxLost`."""
        ...


class Engine(Protocol):
    """Opens sessions. Owns worker processes; `close` ends them all."""

    @property
    def name(self) -> str:
        """`monty` or `ouros`."""
        ...

    async def open(
        self, *, host_functions: frozenset[str] = frozenset(), limits: Limits = Limits(), world: World | None = None
    ) -> SandboxSession:
        """A fresh session in which `host_functions` are callable names."""
        ...

    async def load(
        self,
        dump: bytes,
        *,
        host_functions: frozenset[str] = frozenset(),
        limits: Limits = Limits(),
        world: World | None = None,
    ) -> SandboxSession:
        """A session as it was when dumped; `DumpInvalid` when the bytes are not such a dump."""
        ...

    async def close(self) -> None:
        """End every session and worker."""
        ...
