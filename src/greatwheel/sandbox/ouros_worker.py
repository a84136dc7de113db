"""The process that holds one Ouros session. Ouros aborts, crashes or hangs on some programs; this is what dies then.

The host starts it with one end of a socket pair as standard input and speaks `ouros_wire` over it. It has no
environment, no other files, and dies with the host.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
from typing import Any

from greatwheel.sandbox.ouros_interpreter import Interpreter, Refused
from greatwheel.sandbox.ouros_wire import HEADER, OUT_OF_MEMORY, PANIC, Message, pack, unpack

_STACK = 96 * 1024 * 1024
"""The engine recurses on the C stack; more of it turns crashes into errors."""
_OVERHEAD = 256 * 1024 * 1024
_COPIES = 4
"""Each resumption copies the session's heap, and a copy is serialized first."""
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38


def main(parent: int) -> None:
    """Serve the host, which is the process `parent`, until it hangs up."""
    connection = _confined(parent)
    interpreter = Interpreter()
    connection.sendall(pack({"ready": os.getpid()}))
    while (request := _receive(connection)) is not None:
        try:
            answer = pack(_served(interpreter, request))
        except MemoryError:
            os._exit(OUT_OF_MEMORY)
        except BaseException:  # the engine panics by an exception of its own, and is not to be used after that
            os._exit(PANIC)
        connection.sendall(answer)


def _confined(parent: int) -> socket.socket:
    """Give up what a guest could reach, keep only the connection."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    os.chdir("/")
    for kind in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        resource.setrlimit(kind, (0, 0))
    stack_hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    if stack_hard == resource.RLIM_INFINITY or stack_hard >= _STACK:
        resource.setrlimit(resource.RLIMIT_STACK, (_STACK, stack_hard))
    return connection


def _receive(connection: socket.socket) -> Message | None:
    header = _read(connection, HEADER.size)
    return unpack(_read(connection, HEADER.unpack(header)[0])) if header else None


def _read(connection: socket.socket, size: int) -> bytearray:
    """Exactly `size` bytes, or none when the host is gone."""
    data = bytearray(size)
    view, got = memoryview(data), 0
    while got < size:
        count = connection.recv_into(view[got:])
        if count == 0:
            return bytearray()
        got += count
    return data


def _served(interpreter: Interpreter, request: Message) -> Message:
    try:
        return _dispatch(interpreter, request)
    except Refused as refused:
        return {"error": refused.kind, "message": str(refused)}


def _dispatch(interpreter: Interpreter, request: Message) -> Message:
    operation: Any = request.pop("op")
    if operation == "open":
        limit = _OVERHEAD + _STACK + _COPIES * request["memory_bytes"]
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        return interpreter.open(request)
    answer: Message = getattr(interpreter, operation)(**request)
    return answer
