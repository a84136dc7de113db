"""A real `greatwheel serve` process, as users start it, with a data folder of its own."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from greatwheel.core.errors import BadInput
from greatwheel.testing.servers import FakeModelServer

_READY = re.compile(r"open (http://\S+)/#key=(gwk_\S+)")
REPLY = "some words of an answer " * 2
PAUSE = 0.05
"""Seconds from one word of a reply to the next: long enough that it is told piece by piece."""
_START_SECONDS = 120.0
_STOP_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """It listens."""

    url: str
    key: str
    """The admin's."""
    pid: int


@asynccontextmanager
async def served(folder: Path, *, streams: int, database_url: str = "") -> AsyncIterator[Server]:
    """Serve an installation of that folder, on the embedded Postgres unless another is given, until the block ends.

    Raises:
        BadInput: it does not start; the message has what it said.
    """
    with FakeModelServer(REPLY, pause=PAUSE) as model:
        environment = _environment(folder, streams, database_url) | {
            "GREATWHEEL_LLM__MODEL": f"{model.openai_url}#fake",
            "OPENAI_API_KEY": "none",
        }
        async with _process(folder, environment) as server:
            yield server


def _environment(folder: Path, streams: int, database_url: str) -> dict[str, str]:
    return {
        **os.environ,
        "GREATWHEEL_SERVER__DATA": str(folder),
        "GREATWHEEL_SERVER__STREAMS_PER_USER": str(streams),
        "GREATWHEEL_DATABASE__URL": database_url,
    }


@asynccontextmanager
async def _process(folder: Path, environment: Mapping[str, str]) -> AsyncIterator[Server]:
    command = ["-m", "greatwheel.channels.cli.app", "serve", "--port", "0", "--websocket-port", "0"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, env=environment, cwd=folder, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        url, key = await _announced(process.stderr)
        reading = asyncio.create_task(_read_on(process.stderr))
        try:
            yield Server(url=url, key=key, pid=process.pid)
        finally:
            reading.cancel()
    finally:
        await _stop(process)


async def _announced(said: asyncio.StreamReader) -> tuple[str, str]:
    lines: list[str] = []
    async with asyncio.timeout(_START_SECONDS):
        async for raw in said:
            lines.append(raw.decode(errors="replace"))
            if found := _READY.search(lines[-1]):
                return found[1], found[2]
    raise BadInput(f"The server does not start: {''.join(lines)[-2000:]}")


async def _read_on(said: asyncio.StreamReader) -> None:
    """Keep the pipe empty: a full one would hold the server up."""
    while await said.read(65_536):
        pass


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
