"""Frames between the host and an Ouros worker: eight bytes of length, then one msgpack map.

msgpack is data only, so the host can read what a hostile worker sends. Requests carry `op`; the answers are events
(`kind` is `calls`, `finished` or `raised`), results, or `error` with a `message`.
"""

from __future__ import annotations

import struct
from typing import Any, TypeAlias

import msgpack  # type: ignore[import-untyped]

Message: TypeAlias = dict[str, Any]

HEADER = struct.Struct(">Q")
OUT_OF_MEMORY, PANIC = 97, 98
"""Exit status of a worker that ran out of memory, and of one whose engine failed in itself."""


def pack(message: Message) -> bytes:
    """The whole frame."""
    body: bytes = msgpack.packb(message)
    return HEADER.pack(len(body)) + body


def unpack(body: bytes | bytearray) -> Message:
    """A frame's content; ValueError when it is not a map."""
    message = msgpack.unpackb(body, strict_map_key=True)
    if not isinstance(message, dict):
        raise ValueError("not a message")
    return message
