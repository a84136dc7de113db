"""The Monty adapter's dump: a mark, a checked header, and Monty's own bytes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import pydantic_monty

from greatwheel.core.errors import DumpInvalid
from greatwheel.sandbox.port import Record

_MARK = b"greatwheel sandbox dump 2\n"
_DIGEST = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class MontyDump:
    """What a dump holds."""

    header: dict[str, Any]
    """JSON data of the adapter."""
    state: bytes
    """Monty's bytes."""


def pack_dump(header: dict[str, Any], state: bytes) -> bytes:
    """The bytes of a dump: mark, SHA-256 of the rest, length of the header, header, state."""
    text = json.dumps({"engine": "monty", "version": pydantic_monty.__version__, **header}).encode()
    digest = hashlib.sha256(text)
    digest.update(state)
    return b"".join((_MARK, digest.digest(), len(text).to_bytes(8, "big"), text, state))


def unpack_dump(dump: bytes) -> MontyDump:
    """The dump's parts.

    Raises:
        DumpInvalid: the bytes are damaged, or of another engine or version.
    """
    start = len(_MARK) + _DIGEST + 8
    if not dump.startswith(_MARK) or len(dump) < start:
        raise DumpInvalid("These bytes are no dump of a sandbox session.")
    size = int.from_bytes(dump[start - 8 : start], "big")
    body = memoryview(dump)[start:]
    if hashlib.sha256(body).digest() != dump[len(_MARK) : len(_MARK) + _DIGEST]:
        raise DumpInvalid("The dump is damaged; use an older one.")
    header = json.loads(bytes(body[:size]))
    found = (header.get("engine"), header.get("version"))
    if found != ("monty", pydantic_monty.__version__):
        raise DumpInvalid(f"The dump is of {found[0]} {found[1]}; this is monty {pydantic_monty.__version__}.")
    return MontyDump(header=header, state=bytes(body[size:]))


_TAGS = {"l": list, "t": tuple, "s": set, "f": frozenset}


def encode_value(value: Any) -> Any:
    """A portable value as JSON data: containers, floats, bytes and records are lists that begin with a tag."""
    if value is None or type(value) in (bool, str):
        return value
    if type(value) is int:
        return ["i", hex(value)]
    if type(value) is float:
        return ["n", value.hex()]
    if type(value) is bytes:
        return ["b", value.hex()]
    if type(value) is dict:
        return ["d", [[encode_value(k), encode_value(v)] for k, v in value.items()]]
    if isinstance(value, Record):
        return ["r", value.type, encode_value(dict(value.fields))]
    tag = next(tag for tag, kind in _TAGS.items() if type(value) is kind)
    return [tag, [encode_value(part) for part in value]]


def decode_value(data: Any) -> Any:
    """The value that `encode_value` wrote."""
    match data:
        case ["i", str(digits)]:
            return int(digits, 16)
        case ["n", str(digits)]:
            return float.fromhex(digits)
        case ["b", str(digits)]:
            return bytes.fromhex(digits)
        case ["d", list(pairs)]:
            return {decode_value(k): decode_value(v) for k, v in pairs}
        case ["r", str(kind), fields]:
            return Record(type=kind, fields=decode_value(fields))
        case [str(tag), list(parts)]:
            return _TAGS[tag](decode_value(part) for part in parts)
    return data
