"""Bodies in a coding that nobody asked for."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from greatwheel.tools.unpacking import Unreadable, unpacked

TEXT = os.urandom(200_000) + b"a" * 200_000


def gzipped(raw: bytes) -> bytes:
    """Packed without the hour, so that a test that is named by its bytes has one name in every process."""
    return gzip.compress(raw, mtime=0)


async def pieces(raw: bytes, size: int = 1_000) -> AsyncIterator[bytes]:
    for start in range(0, len(raw), size):
        yield raw[start : start + size]


@pytest.mark.parametrize("size", [1, 1_000, 1_000_000])
@pytest.mark.parametrize(
    ("coding", "raw"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzipped(TEXT)),
        (" GZip", gzipped(TEXT)),
        ("deflate", zlib.compress(TEXT)),
    ],
)
async def test_a_body_is_what_was_packed(coding: str, raw: bytes, size: int) -> None:
    """However it comes in."""
    assert b"".join([piece async for piece in unpacked(pieces(raw, size), coding)]) == TEXT


async def test_nothing_is_nothing_in_any_coding() -> None:
    """An answer without a body may name a coding all the same."""
    assert [piece async for piece in unpacked(pieces(b""), "gzip")] == []


async def test_a_bomb_comes_in_small_pieces() -> None:
    """Who has enough stops, and never holds what a kilobyte may become."""
    bomb = gzipped(b"0" * 10_000_000)
    got = 0
    async with aclosing(unpacked(pieces(bomb, 100_000), "gzip")) as body:
        async for piece in body:
            assert len(piece) <= 65_536
            got += len(piece)
            if got > 100_000:
                break
    assert got < 200_000


@pytest.mark.parametrize(
    ("coding", "raw"),
    [
        ("br", b"x"),
        ("gzip, gzip", gzipped(gzipped(b"x"))),
        ("gzip", b"plain"),
        ("gzip", gzipped(b"x")[:-3]),
        ("gzip", gzipped(b"x") + b"more" * 1_000),
    ],
)
async def test_what_can_not_be_unpacked_is_one_error(coding: str, raw: bytes) -> None:
    """Codings that we don't know, and bodies that are not in theirs."""
    with pytest.raises(Unreadable, match="its body "):
        assert [piece async for piece in unpacked(pieces(raw), coding)] != []
