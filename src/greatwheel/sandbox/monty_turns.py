"""A thread that takes a session's turns, so that a guest never holds up the event loop.

Most turns of a guest take less time than two thread switches through the event loop. So the loop waits for a turn
for `PATIENCE` seconds, and only then lets other tasks run; after a slow turn it does not wait at all until `TRUST`
turns in a row were quick: a guest that mixes quick and slow turns can't hold up the loop for long.
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
"""Quick turns in a row after which the loop waits."""
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


class TurnThread:
    """Takes turns one after the other."""

    def __init__(self, name: str) -> None:
        self._turns: queue.SimpleQueue[_Turn | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()
        self._quick_turns = 0
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
        if self._quick_turns < TRUST or not turn.ended.acquire(timeout=PATIENCE):
            await turn.wait()
            self._breathed = time.monotonic()
        now = time.monotonic()
        self._quick_turns = self._quick_turns + 1 if now - begun < QUICK else 0
        if now - self._breathed > BREATH:
            await asyncio.sleep(0)
            self._breathed = time.monotonic()
        result: T = turn.result()
        return result

    async def end(self) -> None:
        """Let the turn under way and those that wait end, then the thread."""
        self._turns.put(None)
        await asyncio.to_thread(self._thread.join)
