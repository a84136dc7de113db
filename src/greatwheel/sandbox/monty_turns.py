"""A thread that takes a session's turns, so that a guest never holds up the event loop.

Most turns of a guest take less time than two thread switches through the event loop. So the loop waits for a turn
for `PATIENCE` seconds, and only then lets other tasks run; after a slow turn it does not wait at all until so many
were quick as the square of how many times as slow it was: a guest that mixes quick and slow turns can't hold up the
loop for long, and one turn that the machine made a little slower costs next to nothing.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

PATIENCE = 0.004
"""Seconds for which the loop waits for a turn before it goes on with other tasks. A wait with an end before the
kernel's next tick sets a hardware timer each time: 0.3 ms cost 17 µs a turn more than this on a virtual machine."""
QUICK = 0.0006
"""A turn that takes fewer seconds is quick."""
TRUST = 4
"""Quick turns after which the loop first waits."""
BREATH = 0.005
"""Seconds after which the loop gets a chance to run other tasks, however quick the turns are."""

T = TypeVar("T")


class _Turn:
    """One call that the thread makes."""

    __slots__ = ("call", "done", "ended", "error", "future", "guard", "loop", "value")

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call = call
        self.guard = threading.Lock()
        self.ended = threading.Lock()
        self.ended.acquire()
        self.done = False
        self.value: Any = None
        self.error: BaseException | None = None
        self.future: asyncio.Future[None] | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    def take(self) -> None:
        try:
            self.value = self.call()
        except BaseException as error:
            self.error = error
        with self.guard:
            self.done = True
            future, loop = self.future, self.loop
        self.ended.release()
        if future is not None and loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(_settle, future)

    async def wait(self) -> None:
        """Let the loop run until the turn has been taken."""
        with self.guard:
            if self.done:
                return
            self.loop = asyncio.get_running_loop()
            self.future = self.loop.create_future()
        await self.future

    def result(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.value


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def owed_after(seconds: float, owed: int) -> int:
    """How many quick turns a guest owes after a turn, if it owed so many before."""
    slowness = min(seconds, PATIENCE) / QUICK
    return max(owed - 1, 0) if slowness < 1 else max(owed, int(slowness**2))


class TurnThread:
    """Takes turns one after the other."""

    def __init__(self, name: str) -> None:
        self._turns: queue.SimpleQueue[_Turn | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()
        self._owed = TRUST
        """Quick turns until the loop waits again."""
        self._breathed = time.monotonic()
        self._last: _Turn | None = None

    @property
    def busy(self) -> bool:
        """Whether a turn is under way, be it one whose caller was cancelled."""
        return self._last is not None and not self._last.done

    def _work(self) -> None:
        while (turn := self._turns.get()) is not None:
            turn.take()

    async def take(self, call: Callable[[], T]) -> T:
        """The result of the call, made in the thread."""
        turn = _Turn(call)
        begun = time.monotonic()
        self._last = turn
        self._turns.put(turn)
        if self._owed or not turn.ended.acquire(timeout=PATIENCE):
            await turn.wait()
            self._breathed = time.monotonic()
        now = time.monotonic()
        self._owed = owed_after(now - begun, self._owed)
        if now - self._breathed > BREATH:
            await asyncio.sleep(0)
            self._breathed = time.monotonic()
        result: T = turn.result()
        return result

    async def end(self) -> None:
        """Let the turn under way and those that wait end, then the thread."""
        self._turns.put(None)
        await asyncio.to_thread(self._thread.join)
