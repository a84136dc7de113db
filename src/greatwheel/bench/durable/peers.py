"""A peer in a process of its own, which does steps when it is told to and says how long they took."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

_START_SECONDS = 120.0
READY = "ready"


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """A peer that is ready."""

    name: str
    url: str
    """Of its database."""
    process: asyncio.subprocess.Process

    async def seconds(self, steps: int) -> float:
        """A run of so many steps, each durable before the next one begins. RuntimeError when the peer fails."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{steps}\n".encode())
        return float(await _line(self.name, self.process))


@asynccontextmanager
async def started(name: str, module: str, url: str) -> AsyncIterator[Peer]:
    """The peer whose side is `module`, until the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, url, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(_START_SECONDS):
            if await _line(name, process) != READY:
                raise RuntimeError(f"{name} did not start")
        yield Peer(name=name, url=url, process=process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _line(name: str, process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise RuntimeError(f"{name} ended")
    return line.decode().strip()


def serve(run: Callable[[int], float]) -> None:
    """The peer's side: answer each line of standard input, a number of steps, with the seconds that they took."""
    print(READY, flush=True)
    for line in sys.stdin:
        print(run(int(line)), flush=True)
