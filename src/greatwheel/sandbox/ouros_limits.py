"""Limits inside an Ouros session's dump.

The engine's session API has no way to set limits: each session gets 10 million operations per step and one million
allocations *for its whole life*, after which it can run nothing. But a session takes its limits from the dump that it
is loaded from, so a session with other limits is an empty one, saved, changed in these 20 bytes, and loaded.
The layout is that of ouros 0.0.7 (postcard: an option is a byte, an integer is base 128); `STOCK` not being found
exactly once in an empty session's dump means that the layout is another.
"""

from __future__ import annotations

STOCK = bytes.fromhex("0180ade204 01c0843d 00 018080808001 00 01e807")
"""Operations, allocations, seconds, memory, garbage collection interval, recursion of a session by default."""


def limits_field(*, seconds: float, memory_bytes: int, recursion: int) -> bytes:
    """The field for these limits, of the same length as `STOCK`, without limits of operations and allocations."""
    nanoseconds = int(seconds * 1e9)
    duration = b"\x01" + _integer(nanoseconds // 10**9, 2) + _integer(nanoseconds % 10**9, 5)
    return b"\x00\x00" + duration + b"\x01" + _integer(memory_bytes, 5) + b"\x00\x01" + _integer(recursion, 2)


def _integer(value: int, width: int) -> bytes:
    """Base 128, least digit first, padded to `width` bytes; a larger value becomes the largest that fits."""
    value = min(value, 2 ** (7 * width) - 1)
    digits = [(value >> (7 * place)) & 127 for place in range(width)]
    return bytes([digit | 128 for digit in digits[:-1]] + digits[-1:])


def with_limits(dump: bytes, old: bytes, new: bytes) -> bytes:
    """The dump with the field exchanged; unchanged when a guest's data holds the same bytes by chance or by design."""
    return dump.replace(old, new) if dump.count(old) == 1 else dump
