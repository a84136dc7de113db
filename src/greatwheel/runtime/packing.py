"""Packs sessions' dumps against a dictionary: most of a dump is the guest's tools, which are the same in all.

    packed = number of the dictionary (1; 0: none) · zstd frame

A dictionary is the dump of a session that has the tools and nothing else, as `scripts/dump-dictionary` writes it. Any
will do for any dump; the more they have in common, the smaller it gets. What was packed with one can be read with that
one alone, so a dictionary that was released is never changed or taken away: a better one gets a new number.
"""

from __future__ import annotations

import asyncio
from functools import cache
from importlib.resources import files

import zstandard

from greatwheel.core.errors import DumpInvalid

DICTIONARIES = {1: "monty", 2: "ouros"}
"""File names by number; a later one of an engine goes before an earlier one."""
_NEWEST = {name.partition("-")[0]: number for number, name in DICTIONARIES.items()}
_HEAD = 64
"""Bytes of a dump that name its engine."""
_LEVEL = 3
_LONG = 2 * 1024 * 1024
"""From here on the work is done in a thread: the event loop has others to serve."""


async def pack(dump: bytes) -> bytes:
    """The dump, packed."""
    return _packed(dump) if len(dump) < _LONG else await asyncio.to_thread(_packed, dump)


async def unpack(packed: bytes) -> bytes:
    """The dump that was packed.

    Raises:
        DumpInvalid: these are no packed bytes, or of a later version.
    """
    return _unpacked(packed) if len(packed) < _LONG // 16 else await asyncio.to_thread(_unpacked, packed)


def _packed(dump: bytes) -> bytes:
    head = dump[:_HEAD]
    number = next((number for name, number in _NEWEST.items() if b'"engine":"%s"' % name.encode() in head), 0)
    dictionary = _dictionary(number) if number else None
    # With a checksum: read against another dictionary, the frame would give other bytes and no error.
    packer = zstandard.ZstdCompressor(level=_LEVEL, dict_data=dictionary, write_checksum=True)
    return bytes([number]) + packer.compress(dump)


def _unpacked(packed: bytes) -> bytes:
    number = packed[0] if packed else None
    if number != 0 and number not in DICTIONARIES:
        raise DumpInvalid("The dump was packed by another version of Greatwheel.")
    try:
        return zstandard.ZstdDecompressor(dict_data=_dictionary(number) if number else None).decompress(packed[1:])
    except zstandard.ZstdError as error:
        raise DumpInvalid from error


@cache
def _dictionary(number: int) -> zstandard.ZstdCompressionDict:
    file = files(__package__) / "dictionaries" / f"{DICTIONARIES[number]}.zst"
    content = zstandard.ZstdDecompressor().decompress(file.read_bytes())
    dictionary = zstandard.ZstdCompressionDict(content, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    dictionary.precompute_compress(level=_LEVEL)
    return dictionary
