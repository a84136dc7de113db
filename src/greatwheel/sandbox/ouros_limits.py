"""Limits inside an Ouros session's dump.

The engine's session API has no way to set limits: each session gets 10 million operations per step and one million
allocations *for its whole life*, after which it can run nothing. But a session takes its limits from the dump that it
is loaded from, so a session with other limits is an empty one, saved, changed in this field, and loaded.
The layout is that of ouros 0.0.7 (postcard: an option is a byte, an integer is base 128 in as few bytes as it needs).
"""

from __future__ import annotations

STOCK = bytes.fromhex("0180ade204 01c0843d 00 018080808001 00 01e807")
"""Operations, allocations, seconds, memory, garbage collection interval, recursion of a session by default."""

_SIZE = 34
_SMALLEST_FILL, _LARGEST_FILL = 8, 11
_EMPTY_HEAP = 4
"""In the dump of an empty session, the heap's length stands this many bytes before the field."""


def limits_field(*, seconds: float, memory_bytes: int, recursion: int) -> bytes:
    """The field for these limits. It is always as long, so that it can take another's place in any dump.

    What is left is filled by the limits of operations and allocations, both out of reach."""
    seconds, memory_bytes = min(seconds, 16_000.0), min(max(memory_bytes, 2**21), 2**35 - 1)
    whole = int(seconds)
    fraction = max(int((seconds - whole) * 1e9), 2**21)
    rest = b"\x01" + _integer(whole) + _integer(fraction) + b"\x01" + _integer(memory_bytes)
    rest += b"\x00\x01" + _integer(min(recursion, 16_000))
    fill = _SIZE - len(rest)
    first = min(fill - _SMALLEST_FILL, _LARGEST_FILL)
    return _out_of_reach(first) + _out_of_reach(fill - first) + rest


def _out_of_reach(size: int) -> bytes:
    """A limit of at least 2**42 in `size` bytes."""
    return b"\x01" + _integer(2 ** (7 * (size - 2)))


def _integer(value: int) -> bytes:
    digits = [value & 127]
    while value := value >> 7:
        digits.append(value & 127)
    return bytes([digit | 128 for digit in digits[:-1]] + digits[-1:])


def empty_with_limits(dump: bytes, field: bytes) -> bytes:
    """The dump of an empty session with its stock limits exchanged; ValueError when its layout is not known."""
    at = dump.find(STOCK)
    length = dump[at - _EMPTY_HEAP] + len(field) - len(STOCK) if at >= _EMPTY_HEAP else 128
    if dump.count(STOCK) != 1 or length >= 128:
        raise ValueError("the engine's dumps have another layout than that of ouros 0.0.7")
    before = dump[: at - _EMPTY_HEAP] + bytes([length]) + dump[at - _EMPTY_HEAP + 1 : at]
    return before + field + dump[at + len(STOCK) :]


def with_limits(dump: bytes, old: bytes, new: bytes) -> bytes:
    """The dump with the field exchanged; unchanged when a guest's data holds the same bytes by chance or by design."""
    return dump.replace(old, new) if dump.count(old) == 1 else dump
