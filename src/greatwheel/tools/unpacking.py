"""Takes off the coding of an answer's body. Servers are asked for none, and some use one all the same.

A megabyte may hold a gigabyte: it comes in small pieces, and who takes them stops where it has enough.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator, AsyncIterable

_CODINGS = ("gzip", "x-gzip", "deflate")
_EITHER_HEADER = 32 + zlib.MAX_WBITS
_PIECE = 65_536


class Unreadable(Exception):
    """The body has a coding that can't be taken off; the message says why."""


async def unpacked(pieces: AsyncIterable[bytes], coding: str) -> AsyncGenerator[bytes]:
    """The body as it is meant, in pieces of at most 64 KiB if it was packed. `coding`: the header's value.

    Raises:
        Unreadable: the coding is not known, or this is not it.
    """
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        async for piece in pieces:
            yield piece
        return
    if coding not in _CODINGS:
        raise Unreadable(f"its body is packed as {coding[:40]!r}, which it was asked not to be")
    unpacker = zlib.decompressobj(_EITHER_HEADER)
    empty = True
    try:
        async for piece in pieces:
            if unpacker.eof and piece:
                raise Unreadable("its body goes on after its end")
            empty = empty and not piece
            while part := unpacker.decompress(piece, _PIECE):
                yield part
                piece = unpacker.unconsumed_tail
    except zlib.error:
        raise Unreadable(f"its body is not packed as {coding}, as it says") from None
    if not unpacker.eof and not empty:
        raise Unreadable("its body ends in the middle")
