"""MCP servers that are commands: a process for each connection, which ends with it.

The SDK's own transport reads lines of any length; this one does not.
"""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client._transport import TransportStreams  # the SDK has no public name for it
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

_GOOD_BYE_SECONDS = 2.0
"""For a process to end by itself once its input is closed …"""
_TERM_SECONDS = 1.0
"""… and once it was told to."""
_OVERHEAD_BYTES = 64_000


@asynccontextmanager
async def over_stdio(
    command: Sequence[str], env: Mapping[str, str], folder: str, max_bytes: int, ended: Callable[[str], None]
) -> AsyncGenerator[TransportStreams]:
    """Messages to and from a process of that command; it and all that it started are gone at the end.

    `ended` is told why nothing more comes. Raises OSError: it can't be started.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=PIPE,
        stdout=PIPE,
        env=env,
        cwd=folder or "/",
        start_new_session=True,  # a group of its own, to be killed as a whole
        limit=max_bytes + _OVERHEAD_BYTES,
    )
    incoming, received = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outgoing, to_send = anyio.create_memory_object_stream[SessionMessage](0)
    try:
        async with incoming, received, outgoing, to_send, anyio.create_task_group() as group:
            group.start_soon(_read, process, incoming, ended)
            group.start_soon(_write, process, to_send)
            try:
                yield received, outgoing
            finally:
                group.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process)


async def _read(
    process: Process, incoming: MemoryObjectSendStream[SessionMessage | Exception], ended: Callable[[str], None]
) -> None:
    assert process.stdout is not None
    why = "it has ended"
    try:
        async with incoming:
            while line := await process.stdout.readline():
                await incoming.send(_message(line))
    except ValueError:  # of readline
        why = "its answer is too long"
    except (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
        pass  # the connection is being closed
    ended(why)


def _message(line: bytes) -> SessionMessage | Exception:
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError as error:
        return error  # the session passes it over


async def _write(process: Process, to_send: MemoryObjectReceiveStream[SessionMessage]) -> None:
    assert process.stdin is not None
    with suppress(OSError):  # it has ended, which the reader tells
        async with to_send:
            async for each in to_send:
                text = each.message.model_dump_json(by_alias=True, exclude_unset=True)
                process.stdin.write(f"{text}\n".encode())
                await process.stdin.drain()


async def _end(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    if not await _gone(process, _GOOD_BYE_SECONDS):
        _signal(process, signal.SIGTERM)
        await _gone(process, _TERM_SECONDS)
    _signal(process, signal.SIGKILL)  # what it has left behind
    await process.wait()


async def _gone(process: Process, seconds: float) -> bool:
    assert process.stdout is not None
    with suppress(TimeoutError, OSError, ValueError):
        async with asyncio.timeout(seconds):
            while await process.stdout.read(65_536):  # what it still says must not keep it from ending
                pass
            await process.wait()
    return process.returncode is not None


def _signal(process: Process, number: signal.Signals) -> None:
    # The number of the group is the leader's, and no other's while one of the group lives.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
