"""The `ouros` engine: the Ouros interpreter in supervised child processes, one session each."""

from __future__ import annotations

import asyncio
import hashlib
import keyword
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from greatwheel.core.errors import DumpInvalid, SandboxLost, SandboxMisuse, ValueNotPortable
from greatwheel.sandbox.ouros_dump import Block, Dump, from_bytes, to_bytes
from greatwheel.sandbox.ouros_guest import HIDDEN
from greatwheel.sandbox.ouros_process import WorkerProcess
from greatwheel.sandbox.ouros_values import decode, encode
from greatwheel.sandbox.ouros_wire import Message
from greatwheel.sandbox.port import (
    CLOCK_STEP,
    PREVIEW_CHARS,
    Answer,
    Event,
    Finished,
    HostCall,
    HostCalls,
    LimitName,
    Limits,
    Raised,
    Returned,
    Variable,
    World,
)

_LIMITS = Limits()
_HOUSEKEEPING_SECONDS = 60.0
"""For dumps and values on their way, which are no execution time of the guest."""


class OurosSession:
    """One session in one worker process."""

    def __init__(
        self, process: WorkerProcess, host_functions: frozenset[str], limits: Limits, world: World | None
    ) -> None:
        self._process = process
        self._world = world
        self._host_functions = host_functions
        self._limits = limits
        self._pending: HostCalls | None = None
        self._block = Block(code="", first_id=1, world=None)
        self._used = 0.0
        self._next_id = 1
        self._bound: frozenset[str] = frozenset()
        self._engine_limits = b""
        self._closed = False

    @property
    def pending(self) -> HostCalls | None:
        """The calls that wait for an answer, or None when idle."""
        return self._pending

    @property
    def worker_pid(self) -> int:
        """The process that holds the interpreter."""
        return self._process.pid

    # ---- blocks

    async def run(self, code: str, *, world: World | None = None) -> Event:
        """Run a block up to the next event."""
        self._require_idle()
        self._world = world or self._world
        return await self._run(Block(code=code, first_id=self._next_id, world=_world_wire(self._world)))

    async def _run(self, block: Block) -> Event:
        self._block = block
        self._used = 0.0
        if self._host_functions:
            await self._ask({"op": "prepare"})
        return await self._event(await self._execute({"op": "run", "code": block.code, "world": block.world}))

    async def resume(self, answers: Mapping[int, Answer]) -> Event:
        """Answer pending calls, by id, and go on to the next event."""
        self._require_open()
        waiting = {call.id for call in self._pending.calls} if self._pending else set()
        if not answers or not waiting >= answers.keys():
            raise SandboxMisuse(f"Calls {sorted(answers)} were answered; {sorted(waiting) or 'none'} wait.")
        wires = [_answer_wire(number, answer) for number, answer in answers.items()]
        self._block.steps.append([self._block.waiting, wires])
        return await self._event(await self._execute({"op": "resume", "answers": wires}))

    async def abandon(self) -> None:
        """Give up the paused block: it does not run on; bindings made so far stay."""
        self._require_open()
        if self._pending:
            await self._ask({"op": "abandon"})
            self._pending = None

    async def _execute(self, request: Message) -> Message:
        """Ask for something that runs the block, on the block's clock."""
        started = time.monotonic()
        message = await self._ask(request, seconds=max(self._limits.seconds - self._used, 0.0))
        self._used += time.monotonic() - started
        return message

    async def _event(self, message: Message) -> Event:
        self._pending = None
        event = self._decoded(message)
        if not isinstance(event, HostCalls):
            return event
        self._pending = event
        self._block.waiting = message["calls"]
        self._next_id = max(self._next_id, event.calls[-1].id + 1)
        if limit := self._limit_reached():
            await self.abandon()
            return _stopped(limit, self._limits, event.stdout)
        return event

    def _limit_reached(self) -> LimitName | None:
        if self._next_id - self._block.first_id > self._limits.host_calls:
            return "host_calls"
        return "seconds" if self._used > self._limits.seconds else None

    def _decoded(self, message: Message) -> Event:
        """The port's event; a worker that says anything else is lost."""
        try:
            return _event_of(message)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            self._process.kill()
            raise SandboxLost("The sandbox process answered nonsense and was killed; load the last dump.") from error

    # ---- variables

    async def set(self, name: str, value: Any) -> None:
        """Bind a name in the guest."""
        self._require_idle()
        if not _is_name(name):
            raise ValueNotPortable(f"{name!r} can't be the name of a guest variable.")
        await self._ask({"op": "bind", "name": name, "value": encode(value)})

    async def get(self, name: str) -> Any:
        """The value of a guest variable; KeyError when there is none."""
        self._require_idle()
        if not _is_name(name):
            raise KeyError(name)
        message = await self._ask({"op": "read", "name": name})
        try:
            return decode(message["value"])
        except (ValueError, TypeError) as error:  # unhashable parts, or a guest that changed the adapter's functions
            raise ValueNotPortable(f"The value of {name!r} can't leave the sandbox.") from error

    async def describe(self) -> list[Variable]:
        """The guest's variables, oldest first."""
        self._require_idle()
        message = await self._ask({"op": "describe"})
        return [
            Variable(
                name=name, type=kind, size=size if isinstance(size, int) else None, preview=preview[:PREVIEW_CHARS]
            )
            for name, kind, size, preview in message["variables"]
        ]

    # ---- life

    async def dump(self) -> bytes:
        """The session as bytes; while calls are pending, with the block to run again."""
        self._require_open()
        message = await self._ask({"op": "save"})
        dump = Dump(
            state=message["dump"],
            names=message["names"],
            limits=self._engine_limits,
            bound=sorted(self._bound),
            next_id=self._block.first_id if self._pending else self._next_id,
            block=self._block if self._pending else None,
        )
        return to_bytes(dump)

    async def close(self) -> None:
        """End the worker."""
        self._closed = True
        self._pending = None
        self._process.kill()

    async def start(self, dump: Dump | None) -> None:
        """Make the worker hold this session. Called once, by the engine."""
        bound = frozenset(dump.bound) if dump else frozenset()
        request = {
            "op": "open",
            "seconds": self._limits.seconds,
            "memory_bytes": self._limits.memory_bytes,
            "recursion": self._limits.recursion,
            "output_chars": self._limits.output_chars,
            "host_functions": sorted(self._host_functions),
            "dump": dump.state if dump else None,
            "old_limits": dump.limits if dump else None,
            "names": dump.names if dump else [],
            "bound": sorted(bound),
            "next_id": dump.next_id if dump else 1,
        }
        self._engine_limits = (await self._ask(request))["limits"]
        self._bound = bound | self._host_functions
        if dump:
            self._next_id = dump.next_id
            await self._replay(dump.block)

    async def _replay(self, block: Block | None) -> None:
        """Run a dumped block again up to the pause where it stood. What it prints was reported before the dump."""
        if block is None:
            return
        event = await self._run(replace(block, steps=[], waiting=[]))
        for number, (calls, answers) in enumerate(block.steps, start=1):
            self._require_same(event, calls, number)
            self._block.steps.append([calls, answers])
            event = await self._event(await self._execute({"op": "resume", "answers": answers}))
        self._require_same(event, block.waiting, len(block.steps) + 1)
        assert isinstance(event, HostCalls)
        self._pending = HostCalls(calls=event.calls)

    def _require_same(self, event: Event, calls: list[Any], number: int) -> None:
        if not isinstance(event, HostCalls) or self._block.waiting != calls:
            before = ", ".join(call[1] for call in calls)
            now = ", ".join(call.name for call in event.calls) if isinstance(event, HostCalls) else repr(event)[:200]
            raise DumpInvalid(
                f"Running the dumped block again took another path at pause {number}: it asked for {before} with other "
                f"arguments, or now gives {now}. A block that depends on time or random numbers needs the same world."
            )

    # ---- asking the worker

    async def _ask(self, request: Message, *, seconds: float = _HOUSEKEEPING_SECONDS) -> Message:
        message = await self._process.ask(request, seconds=seconds)
        match message.get("error"):
            case None:
                return message
            case "missing":
                raise KeyError(message["message"])
            case "not_portable":
                raise ValueNotPortable(str(message["message"]))
            case _:
                raise DumpInvalid(f"The engine refused the dump: {message['message']}")

    def _require_open(self) -> None:
        if self._closed:
            raise SandboxMisuse("The session is closed.")

    def _require_idle(self) -> None:
        self._require_open()
        if self._pending:
            raise SandboxMisuse("Calls are pending; answer them with `resume` or give the block up with `abandon`.")


class OurosEngine:
    """Starts workers and keeps a few in reserve, so that opening a session does not wait for a process."""

    def __init__(self, *, spares: int = 2) -> None:
        self._spare_count = spares
        self._spares: list[asyncio.Task[WorkerProcess]] = []
        self._sessions: set[OurosSession] = set()
        self._closed = False

    @property
    def name(self) -> str:
        """`ouros`."""
        return "ouros"

    async def open(
        self, *, host_functions: frozenset[str] = frozenset(), limits: Limits = _LIMITS, world: World | None = None
    ) -> OurosSession:
        """A fresh session in which `host_functions` are callable names."""
        return await self._start(None, host_functions, limits, world)

    async def load(
        self,
        dump: bytes,
        *,
        host_functions: frozenset[str] = frozenset(),
        limits: Limits = _LIMITS,
        world: World | None = None,
    ) -> OurosSession:
        """A session as it was when dumped; `DumpInvalid` when the bytes are not such a dump."""
        return await self._start(from_bytes(dump), host_functions, limits, world)

    async def warm(self) -> None:
        """Wait until the reserve is ready."""
        self._refill()
        await asyncio.gather(*self._spares)

    async def close(self) -> None:
        """End every session and worker."""
        self._closed = True
        for session in list(self._sessions):
            await session.close()
        self._sessions.clear()
        for spare in self._spares:
            spare.cancel()
        for worker in await asyncio.gather(*self._spares, return_exceptions=True):
            if isinstance(worker, WorkerProcess):
                worker.kill()
        self._spares.clear()

    async def _start(
        self, dump: Dump | None, host_functions: frozenset[str], limits: Limits, world: World | None
    ) -> OurosSession:
        if self._closed:
            raise SandboxMisuse("The engine is closed.")
        if bad := [name for name in host_functions if not _is_name(name)]:
            raise SandboxMisuse(f"{bad[0]!r} can't be the name of a host function.")
        session = OurosSession(await self._worker(), host_functions, limits, world)
        try:
            await session.start(dump)
        except BaseException:
            await session.close()
            raise
        self._sessions = {kept for kept in self._sessions if not kept._closed}
        self._sessions.add(session)
        return session

    async def _worker(self) -> WorkerProcess:
        """A worker that is ready, from the reserve if it has one; one that died in the reserve is passed over."""
        for last in (False, False, True):
            self._refill(1)
            task = self._spares.pop(0)
            asyncio.get_running_loop().call_soon(self._refill)
            try:
                worker = await task
            except SandboxLost:
                if last:
                    raise
                continue
            if worker.alive:
                return worker
            worker.kill()
        raise SandboxLost("No sandbox process stays alive on this machine.")

    def _refill(self, least: int = 0) -> None:
        while not self._closed and len(self._spares) < max(self._spare_count, least):
            self._spares.append(asyncio.create_task(_started()))


async def _started() -> WorkerProcess:
    process = WorkerProcess()
    return await process.ready()


def _is_name(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and not name.startswith(HIDDEN)


def _world_wire(world: World | None) -> list[int] | None:
    """A number of 56 bits made of the seed, and milliseconds since 1970."""
    if world is None:
        return None
    seed = int.from_bytes(hashlib.sha256(str(world.seed).encode()).digest()[:7], "big")
    return [seed, (world.now - datetime(1970, 1, 1, tzinfo=UTC)) // CLOCK_STEP]


def _answer_wire(number: int, answer: Answer) -> list[Any]:
    if isinstance(answer, Returned):
        return [number, True, encode(answer.value)]
    return [number, False, answer.type, answer.message]


def _event_of(message: Message) -> Event:
    stdout = str(message["stdout"])
    match message["kind"]:
        case "calls":
            return HostCalls(calls=tuple(_call_of(*call) for call in message["calls"]), stdout=stdout)
        case "finished":
            return Finished(value=decode(message["value"]), stdout=stdout)
        case "raised":
            return Raised(
                type=str(message["type"]),
                message=str(message["message"]),
                traceback=str(message["traceback"]),
                limit=message["limit"],
                stdout=stdout,
            )
    raise ValueError("no event")


def _call_of(number: int, name: str, positional: list[Any], named: list[Any]) -> HostCall:
    kwargs = {str(key): decode(value) for key, value in named}
    return HostCall(id=number, name=name, args=tuple(decode(value) for value in positional), kwargs=kwargs)


def _stopped(limit: LimitName, limits: Limits, stdout: str) -> Raised:
    """A block that was given up because it reached a limit."""
    if limit == "host_calls":
        name, message = "RuntimeError", f"more than {limits.host_calls} host calls in one block"
    else:
        name, message = "TimeoutError", f"time limit exceeded: {limits.seconds:.3g} s"
    return Raised(type=name, message=message, traceback=f"{name}: {message}", limit=limit, stdout=stdout)
