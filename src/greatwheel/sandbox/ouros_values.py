"""Values on their way between the host and an Ouros worker.

A *wire* value is made of None, bool, 64-bit int, finite float, str, bytes and lists only, so it fits msgpack and JSON
alike, and no dict of the guest can be mistaken for a wrapper. Every container is a list whose first item is its tag:

    ["l", items] list      ["t", items] tuple      ["s", items] set      ["f", items] frozenset
    ["d", [[key, value], …]] dict                  ["r", type, [[field, value], …]] record
    ["i", hex digits] larger int                   ["n", "nan" | "inf" | "-inf"] float      ["b", hex digits] bytes

The guest side writes the same form (`ouros_guest`), so a worker passes values on without looking into them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from greatwheel.core.errors import ValueNotPortable
from greatwheel.sandbox.port import Record

Wire: TypeAlias = Any

MAX_DEPTH = 60
"""The deepest nesting of containers that crosses; the engine's own conversions recurse on the C stack."""

_SMALLEST, _LARGEST = -(2**63), 2**63 - 1
_SEQUENCES: dict[type, str] = {list: "l", tuple: "t", set: "s", frozenset: "f"}
_BUILDERS: dict[str, Callable[[Iterable[Any]], Any]] = {"l": list, "t": tuple, "s": set, "f": frozenset}


def encode(value: Any, depth: int = 0) -> Wire:
    """The wire form of a host value; `ValueNotPortable` names what can't cross."""
    kind = type(value)
    if kind is str:
        return _checked_text(value)
    if value is None or kind is bool or kind is bytes:
        return value
    if kind is int:
        return value if _SMALLEST <= value <= _LARGEST else ["i", hex(value)]
    if kind is float:
        return value if math.isfinite(value) else ["n", repr(value)]
    if depth >= MAX_DEPTH:
        raise ValueNotPortable(f"The value is nested deeper than {MAX_DEPTH} containers, or contains itself.")
    return _encode_container(value, kind, depth + 1)


def _encode_container(value: Any, kind: type, depth: int) -> Wire:
    if kind is dict:
        return ["d", [[encode(key, depth), encode(item, depth)] for key, item in value.items()]]
    if tag := _SEQUENCES.get(kind):
        return [tag, [encode(item, depth) for item in value]]
    raise ValueNotPortable(
        f"A value of type {kind.__name__} can't enter the sandbox; use text, numbers, lists, tuples, sets, dicts."
    )


def _checked_text(text: str) -> str:
    try:
        text.isascii() or text.encode()
    except UnicodeEncodeError as error:
        raise ValueNotPortable("The text contains half of a surrogate pair, which is not a character.") from error
    return text


def decode(wire: Wire) -> Any:
    """The host value of a wire form; ValueError when it is none."""
    if type(wire) is not list:
        return wire
    match wire:
        case ["l" | "t" | "s" | "f" as tag, list(items)]:
            return _BUILDERS[tag](decode(item) for item in items)
        case ["d", list(pairs)]:
            return {decode(key): decode(item) for key, item in pairs}
        case ["r", str(name), list(pairs)]:
            return Record(type=name, fields={str(key): decode(item) for key, item in pairs})
        case ["i", str(digits)]:
            return int(digits, 16)
        case ["n", "nan" | "inf" | "-inf" as text]:
            return float(text)
        case ["b", str(digits)]:
            return bytes.fromhex(digits)
    raise ValueError("not a wire value")
