"""The dump of a lowered session: what lowering knows, then the engine's own dump."""

from __future__ import annotations

import struct

from greatwheel.core.errors import DumpInvalid

_MAGIC = b"GWL1"
_HEAD = struct.Struct(">4sII")


def seal(state: str, texts: str, inner: bytes) -> bytes:
    """One dump out of three parts."""
    first, second = state.encode("utf-8", "surrogatepass"), texts.encode("utf-8", "surrogatepass")
    return _HEAD.pack(_MAGIC, len(first), len(second)) + first + second + inner


def open_envelope(dump: bytes) -> tuple[str, str, bytes]:
    """Inverse of `seal`; DumpInvalid when it isn't one."""
    if len(dump) < _HEAD.size:
        raise DumpInvalid()
    magic, first, second = _HEAD.unpack_from(dump)
    end = _HEAD.size + first + second
    if magic != _MAGIC or end > len(dump):
        raise DumpInvalid()
    try:
        state = dump[_HEAD.size : _HEAD.size + first].decode("utf-8", "surrogatepass")
        texts = dump[_HEAD.size + first : end].decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise DumpInvalid() from error
    return state, texts, dump[end:]
