"""The host's end of an Ouros worker: start, ask, watch the clock, kill."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

from greatwheel.core.errors import SandboxLost
from greatwheel.sandbox.ouros_wire import HEADER, OUT_OF_MEMORY, PANIC, Message, pack, unpack

GRACE = 0.8
"""Seconds that a worker may overrun before it is killed, as on a machine with more work than cores; the engine's own
clock stops most blocks before."""
_START_SECONDS = 30.0
_PACKAGE = Path(__file__).parent.parent
_BOOT = """
import sys, types
package = types.ModuleType("greatwheel")
package.__path__ = [sys.argv[1]]
sys.modules["greatwheel"] = package
from greatwheel.sandbox.ouros_worker import main
main(parent=int(sys.argv[2]))
"""
"""The worker imports what it needs without the package's own `__init__`, which brings the whole product."""
_CHUNK = 64 * 1024
_LARGEST_FRAME = 4 * 1024**3


class WorkerProcess:
    """One worker. `SandboxLost` from any method means that it is dead."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self._socket = ours
        with theirs:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, "-I", "-c", _BOOT, str(_PACKAGE), str(os.getpid())],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1"},
                cwd="/",
            )
        self._lost: str | None = None

    @property
    def pid(self) -> int:
        """The operating system's number of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    async def ready(self) -> WorkerProcess:
        """Wait until the worker can be asked."""
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._receive()
        except (OSError, ValueError, TimeoutError) as error:
            raise self._dead("The sandbox process did not start.") from error
        except BaseException:
            self.kill()
            raise
        return self

    async def ask(self, request: Message, *, seconds: float) -> Message:
        """The worker's answer, or `SandboxLost` naming the limit when it takes longer or dies."""
        if self._lost:
            raise SandboxLost(self._lost)
        try:
            async with asyncio.timeout(seconds + GRACE):
                await asyncio.get_running_loop().sock_sendall(self._socket, pack(request))
                return await self._receive()
        except TimeoutError:
            raise self._dead(f"The limit `seconds` was exceeded ({seconds:.3g} s left for this step).") from None
        except (OSError, ValueError) as error:
            raise self._dead(_cause_of_death(await self._exit_status())) from error
        except BaseException:
            self.kill()
            self._lost = "The sandbox process was killed because its caller was cancelled."
            raise

    async def _receive(self) -> Message:
        """One frame. The worker sends nothing unasked, so the first bytes are a frame's start, and mostly all of it."""
        loop = asyncio.get_running_loop()
        start = b""
        while len(start) < HEADER.size:
            part = await loop.sock_recv(self._socket, _CHUNK)
            _counted(len(part))
            start += part
        size = HEADER.unpack_from(start)[0]
        if size > _LARGEST_FRAME:
            raise ValueError("the frame is too large")
        body = bytearray(size)
        got = len(start) - HEADER.size
        body[:got] = start[HEADER.size :]
        view = memoryview(body)
        while got < size:
            got += _counted(await loop.sock_recv_into(self._socket, view[got:]))
        return unpack(body)

    def _dead(self, reason: str) -> SandboxLost:
        """Kill what is left and say why it is lost."""
        self.kill()
        self._lost = f"{reason} The sandbox process is gone; load the session's last dump."
        return SandboxLost(self._lost)

    async def _exit_status(self) -> int | None:
        try:
            return await asyncio.to_thread(self._process.wait, 0.5)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """End the process; may be called twice."""
        self._socket.close()
        if self._process.poll() is None:
            self._process.kill()
            # A process with gigabytes takes its time to die; nobody has to wait for that.
            threading.Thread(target=self._process.wait, daemon=True).start()


def _counted(received: int) -> int:
    """The number of bytes, which is none when the worker is gone."""
    if received == 0:
        raise ConnectionResetError("the worker is gone")
    return received


def _cause_of_death(status: int | None) -> str:
    """What an exit status tells about a worker that ended by itself."""
    if status in (OUT_OF_MEMORY, -signal.SIGABRT):
        return "The limit `memory` was exceeded and the engine aborted."
    if status in (-signal.SIGSEGV, -signal.SIGBUS):
        return "The limit `recursion` was exceeded and the engine crashed."
    if status == -signal.SIGKILL:
        return "Something killed it."
    if status == PANIC:
        return "The engine failed in itself."
    return f"The process ended (exit status {status})."
