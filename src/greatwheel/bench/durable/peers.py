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
class PeerKind:
    """What there is to compare with."""

    name: str
    module: str
    """Its side."""
    arguments: tuple[str, ...] = ()
    at_most: float | None = None
    """The share of its time that is the goal of a model call."""
    waits: bool = True
    """Whether a step is on disk before the next one begins."""

    @property
    def database(self) -> str:
        """Its own."""
        return "_".join((self.module, *self.arguments))


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """A peer that is ready."""

    kind: PeerKind
    process: asyncio.subprocess.Process

    async def seconds(self, steps: int) -> float:
        """A run of so many steps. RuntimeError when the peer fails."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{steps}\n".encode())
        return float(await _line(self.kind.name, self.process))


@asynccontextmanager
async def started(kind: PeerKind, url: str) -> AsyncIterator[Peer]:
    """A peer with its database, until the block ends."""
    command = [sys.executable, "-m", f"{__package__}.{kind.module}_side", url, *kind.arguments]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(_START_SECONDS):
            if await _line(kind.name, process) != READY:
                raise RuntimeError(f"{kind.name} did not start")
        yield Peer(kind=kind, process=process)
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
