"""The `monty` engine: sessions in worker processes of pydantic-monty."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic_monty import Monty, MontyCrashedError, MontyError, MontySession, ResourceLimits

from greatwheel.core.errors import SandboxLost, SandboxMisuse
from greatwheel.sandbox.monty_block import read_block
from greatwheel.sandbox.monty_dump import MontyDump, unpack_dump
from greatwheel.sandbox.monty_errors import lost, read_failure
from greatwheel.sandbox.monty_interpreter import MontyInterpreter
from greatwheel.sandbox.monty_turns import TurnThread
from greatwheel.sandbox.monty_world import POLICY
from greatwheel.sandbox.port import Answer, Event, HostCalls, Limits, Raised, Variable, World

MAX_SOURCE = 400_000
"""The longest block, in characters."""
MAX_SESSIONS = 256
"""Sessions that are open at a time; a further one waits until one closes."""
_WARM = 2
_STOP_GRACE = 0.9
"""Seconds that a guest gets beyond its limit to stop by itself before its process is killed."""
DEFAULT_LIMITS = Limits()
T = TypeVar("T")


class MontyWorker:
    """A session's interpreter, thread and process."""

    def __init__(self, session: MontySession, interpreter: MontyInterpreter, thread: TurnThread, pid: int) -> None:
        self.session = session
        self.interpreter = interpreter
        self.thread = thread
        self.pid = pid
        self.ended = False

    async def end(self) -> None:
        """Give the process back to the pool, once; one in the middle of a turn is killed."""
        if self.ended:
            return
        self.ended = True
        if self.thread.busy:
            self.kill()
        with contextlib.suppress(MontyCrashedError, RuntimeError):
            await self.thread.take(lambda: self.session.__exit__(None, None, None))
        await self.thread.end()

    def kill(self) -> None:
        """End the process at once."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


class MontySandboxSession:
    """One Monty interpreter. See `greatwheel.sandbox.port` for the contract.

    After a time-out the guest's heap is used on: Monty stops between two operations of its own, and a worker that
    breaks later is lost like any other. A task that is cancelled during a turn loses the session.
    """

    def __init__(self, worker: MontyWorker, limits: Limits) -> None:
        self._worker = worker
        self._limits = limits
        self._state = "open"

    @property
    def worker_pid(self) -> int:
        """The process that holds the interpreter."""
        return self._worker.pid

    @property
    def pending(self) -> HostCalls | None:
        """The calls that wait for an answer, or None when idle."""
        return self._worker.interpreter.pending if self._state == "open" else None

    async def run(self, code: str, *, world: World | None = None) -> Event:
        """Run a block up to the next event."""
        self._expect_idle()
        refusal = _refuse_source(code)
        if refusal is not None:
            return refusal
        block = read_block(code)
        return await self._take(lambda: self._worker.interpreter.run(code, block, world))

    async def resume(self, answers: Mapping[int, Answer]) -> Event:
        """Answer pending calls, by id, and go on to the next event."""
        self._expect_open()
        if not self._worker.interpreter.paused:
            raise SandboxMisuse("No call is pending; call run.")
        return await self._take(lambda: self._worker.interpreter.resume(answers))

    async def abandon(self) -> None:
        """Give up the paused block."""
        self._expect_open()
        if self._worker.interpreter.paused:
            await self._take(self._worker.interpreter.abandon)

    async def set(self, name: str, value: Any) -> None:
        """Bind a name in the guest."""
        self._expect_idle()
        await self._take(lambda: self._worker.interpreter.set(name, value))

    async def get(self, name: str) -> Any:
        """The value of a guest variable."""
        self._expect_idle()
        return await self._take(lambda: self._worker.interpreter.get(name))

    async def describe(self) -> list[Variable]:
        """The guest's variables, oldest first."""
        self._expect_idle()
        return await self._take(self._worker.interpreter.describe)

    async def dump(self) -> bytes:
        """The session as bytes."""
        self._expect_open()
        return await self._take(self._worker.interpreter.dump)

    async def close(self) -> None:
        """Free everything; may be called twice."""
        if self._state != "closed":
            self._state = "closed"
            await self._worker.end()

    def _expect_open(self) -> None:
        if self._state == "closed":
            raise SandboxMisuse("The session is closed.")
        if self._state == "lost":
            raise SandboxLost

    def _expect_idle(self) -> None:
        self._expect_open()
        if self._worker.interpreter.paused:
            raise SandboxMisuse("A call is pending; answer it or abandon the block.")

    async def _take(self, call: Callable[[], T]) -> T:
        if self._worker.thread.busy:
            raise SandboxMisuse("The session is driven by another task.")
        try:
            return await self._worker.thread.take(call)
        except SandboxLost:
            self._state = "lost"
            raise
        except MontyError as error:
            self._note_loss(error)
            raise
        except asyncio.CancelledError:
            self._state = "lost"
            self._worker.kill()
            raise

    def _note_loss(self, error: MontyError) -> None:
        """Raise SandboxLost when the error means that the worker is gone, as after a dump that took too much memory."""
        try:
            read_failure(error, self._limits)
        except SandboxLost:
            self._state = "lost"
            raise


class MontyEngine:
    """Opens Monty sessions. Its worker processes start with the first session."""

    name = "monty"

    def __init__(self) -> None:
        self._pool: Monty | None = None
        self._stopper: object = None
        self._starting = asyncio.Lock()
        self._workers: set[MontyWorker] = set()

    async def open(
        self,
        *,
        host_functions: frozenset[str] = frozenset(),
        limits: Limits = DEFAULT_LIMITS,
        world: World | None = None,
    ) -> MontySandboxSession:
        """A fresh session in which `host_functions` are callable names."""
        return await self._open(host_functions, limits, world, MontyInterpreter.prepare)

    async def load(
        self,
        dump: bytes,
        *,
        host_functions: frozenset[str] = frozenset(),
        limits: Limits = DEFAULT_LIMITS,
        world: World | None = None,
    ) -> MontySandboxSession:
        """A session as it was when dumped. Memory and recursion limits are at most those at the time of the dump."""
        found: MontyDump = unpack_dump(dump)
        return await self._open(host_functions, limits, world, lambda interpreter: interpreter.restore(found))

    async def close(self) -> None:
        """End every session and worker."""
        workers, self._workers = self._workers, set()
        for worker in workers:
            await worker.end()
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(pool.__exit__, None, None, None)

    async def _open(
        self, host: frozenset[str], limits: Limits, world: World | None, begin: Callable[[MontyInterpreter], None]
    ) -> MontySandboxSession:
        pool = await self._start()
        thread = TurnThread("monty session")

        def enter() -> MontyWorker:
            session = _check_out(pool, limits)
            interpreter = MontyInterpreter(session, self._stopper, host, limits, world)
            return MontyWorker(session, interpreter, thread, session.worker_pid or 0)

        worker = await thread.take(enter)
        try:
            await thread.take(lambda: begin(worker.interpreter))
        except BaseException:
            await worker.end()
            raise
        self._workers = {one for one in self._workers if not one.ended} | {worker}
        return MontySandboxSession(worker, limits)

    async def _start(self) -> Monty:
        async with self._starting:
            if self._pool is None:
                pool = Monty(min_processes=_WARM, max_processes=MAX_SESSIONS, feed_duration_limit_grace=_STOP_GRACE)
                await asyncio.to_thread(pool.__enter__)
                self._stopper = await asyncio.to_thread(_stopper, pool)
                self._pool = pool
            return self._pool


def _check_out(pool: Monty, limits: Limits) -> MontySession:
    """A session on a live worker. One that died while it was idle is found out only now, and the pool replaces it."""
    for spare in reversed(range(_WARM + 1)):
        checkout = pool.checkout(limits=_monty_limits(limits), os_policy=POLICY, assert_message_annotations=False)
        try:
            return checkout.__enter__()
        except MontyCrashedError as error:
            if not spare:
                raise lost(error, limits) from error
    raise AssertionError("the last attempt returns or raises")


def _stopper(pool: Monty) -> object:
    """An object of a guest that is gone: a block that is answered with it is given up by Monty."""
    with pool.checkout() as session:
        result: object = session.feed_run("class Stopper:\n    pass\nStopper()")
        return result


def _monty_limits(limits: Limits) -> ResourceLimits:
    return {
        "max_feed_duration_secs": limits.seconds,
        "max_memory": limits.memory_bytes,
        "max_recursion_depth": limits.recursion,
        "max_suspensions": 2**31,
    }


def _refuse_source(code: str) -> Raised | None:
    """Why a text is no block for Monty, if it is none."""
    message = ""
    if len(code) > MAX_SOURCE:
        message = f"the block has more than {MAX_SOURCE} characters; put data into a variable instead"
    elif not code.isascii() and any("\ud800" <= character <= "\udfff" for character in code):
        message = "the block holds half of a surrogate pair, which is not a character"
    return Raised(type="SyntaxError", message=message, traceback=f"SyntaxError: {message}") if message else None
