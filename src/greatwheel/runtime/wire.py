"""Guest values as JSON and back, unchanged: tuples, sets, bytes and big dicts keep their types.

A value that JSON does not know becomes `{"$type": …, "value": …}`; a dict that has that key, or a key that is no
string, is written the same way, so nothing is mistaken for something else.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from typing import Any

from greatwheel.sandbox.port import Record

_TAG = "$type"
_JSON_BITS = 1024
"""Longer integers are written in base 16: Python refuses to write thousands of decimal digits."""


def to_wire(value: Any) -> Any:
    """The value as JSON data."""
    if isinstance(value, float) and not math.isfinite(value):
        return _tagged("float", repr(value))
    if isinstance(value, int) and value.bit_length() > _JSON_BITS:
        return _tagged("int", hex(value))
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, list):
        return [to_wire(item) for item in value]
    if isinstance(value, tuple):
        return _tagged("tuple", [to_wire(item) for item in value])
    if isinstance(value, (set, frozenset)):
        kind = "set" if isinstance(value, set) else "frozenset"
        return _tagged(kind, sorted((to_wire(item) for item in value), key=repr))
    if isinstance(value, (bytes, bytearray)):
        return _tagged("bytes", base64.b64encode(bytes(value)).decode("ascii"))
    if isinstance(value, Record):
        return _tagged("record", [value.type, to_wire(dict(value.fields))])
    if isinstance(value, Mapping):
        if all(isinstance(key, str) for key in value) and _TAG not in value:
            return {key: to_wire(item) for key, item in value.items()}
        return _tagged("dict", [[to_wire(key), to_wire(item)] for key, item in value.items()])
    return _tagged("repr", repr(value))


def _tagged(kind: str, value: Any) -> dict[str, Any]:
    return {_TAG: kind, "value": value}


def from_wire(value: Any) -> Any:
    """The value that `to_wire` wrote."""
    if isinstance(value, list):
        return [from_wire(item) for item in value]
    if not isinstance(value, dict):
        return value
    if _TAG not in value:
        return {key: from_wire(item) for key, item in value.items()}
    return _untagged(value[_TAG], value.get("value"))


def _untagged(kind: str, value: Any) -> Any:
    match kind:
        case "float":
            return float(value)
        case "int":
            return int(value, 16)
        case "tuple":
            return tuple(from_wire(item) for item in value)
        case "set":
            return {from_wire(item) for item in value}
        case "frozenset":
            return frozenset(from_wire(item) for item in value)
        case "bytes":
            return base64.b64decode(value)
        case "record":
            return Record(type=value[0], fields=from_wire(value[1]))
        case "dict":
            return {from_wire(key): from_wire(item) for key, item in value}
        case _:
            return value
