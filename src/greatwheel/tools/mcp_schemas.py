"""What an MCP server says of its tools, made harmless: names that agents can write, schemas that are quick to check.

A server may be hostile. Of its schemas only what can be checked in a time that the size of the arguments bounds is
kept: no regular expressions, no references (they are written out), and not more than so many parts. The server checks
the rest itself, or does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from greatwheel.core.errors import BadInput

MOST_PARTS = 400
"""Schemas within a schema; what is beyond may be anything."""
DEEPEST = 12
LONGEST_NAME = 100
_DESCRIPTION_CHARS = 1_000
_ODD = re.compile(r"[^A-Za-z0-9_]+")
_NUMBERS = (
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
)
_ALTERNATIVES: Mapping[str, str] = {"anyOf": "anyOf", "oneOf": "anyOf", "allOf": "allOf"}
"""What is left of alternatives may overlap, so any of them will do where the server wants exactly one."""
_ANYTHING: Mapping[str, Any] = {}


def guest_name(server: str, tool: str) -> str:
    """How agents write a server's tool: `<server>_<tool>`, odd characters as `_`.

    Raises:
        BadInput: nothing of it can be written.
    """
    name = f"{server}_{_ODD.sub('_', tool)}"
    if not _ODD.sub("", tool).strip("_") or len(name) > LONGEST_NAME:
        raise BadInput("its name can't be written")
    return name


def simplified(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of an object with what can be checked quickly.

    Raises:
        BadInput: it is none of an object, or refers to what is not there.
    """
    simple = _Simplifying(schema).of(schema, 0, ())
    if simple.setdefault("type", "object") != "object":
        raise BadInput("its arguments are no object")
    simple.setdefault("properties", {})
    return simple


class _Simplifying:
    """One schema, and how many of its parts may still be kept."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._left = MOST_PARTS

    def of(self, schema: Any, depth: int, within: tuple[str, ...]) -> dict[str, Any]:
        """What is kept of a part. `within`: the references that led here."""
        self._left -= 1
        if not isinstance(schema, Mapping) or self._left < 0 or depth > DEEPEST:
            return dict(_ANYTHING)
        reference = schema.get("$ref")
        if isinstance(reference, str):
            if reference in within:
                return dict(_ANYTHING)  # it holds itself
            return self.of(self._found(reference), depth + 1, (*within, reference))
        kept: dict[str, Any] = {key: schema[key] for key in _NUMBERS if _is_number(schema.get(key))}
        kept |= {key: schema[key] for key in ("type", "const") if key in schema and _is_small(schema[key])}
        if isinstance(schema.get("description"), str):
            kept["description"] = schema["description"][:_DESCRIPTION_CHARS]
        return kept | self._choices(schema) | self._parts(schema, depth + 1, within)

    def _choices(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        choices = schema.get("enum")
        if not isinstance(choices, list) or not choices or not all(map(_is_small, choices)):
            return {}
        self._left -= len(choices)
        return {"enum": choices} if self._left >= 0 else {}

    def _parts(self, schema: Mapping[str, Any], depth: int, within: tuple[str, ...]) -> dict[str, Any]:
        parts: dict[str, Any] = {}
        properties = schema.get("properties")
        if isinstance(properties, Mapping):
            parts["properties"] = {name: self.of(part, depth, within) for name, part in properties.items()}
        required = schema.get("required")
        if isinstance(required, list) and all(isinstance(name, str) for name in required):
            parts["required"] = sorted(set(required))
        more = schema.get("additionalProperties")
        if more is not None:
            parts["additionalProperties"] = more if isinstance(more, bool) else self.of(more, depth, within)
        if isinstance(schema.get("items"), Mapping):
            parts["items"] = self.of(schema["items"], depth, within)
        for key, becomes in _ALTERNATIVES.items():
            if isinstance(schema.get(key), list) and 0 < len(schema[key]) <= self._left:
                parts.setdefault(becomes, [self.of(part, depth, within) for part in schema[key]])
        return parts

    def _found(self, reference: str) -> Any:
        place: Any = self._root
        for step in unquote(reference).removeprefix("#").split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            place = place.get(step) if isinstance(place, Mapping) else None
        if place is None or not reference.startswith("#"):
            raise BadInput(f"its schema refers to {reference[:80]!r}, which is not there")
        return place


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_small(value: Any) -> bool:
    """A value that costs little to be compared with, or a list of types."""
    if isinstance(value, list):
        return len(value) <= 10 and all(isinstance(item, str) for item in value)
    return value is None or isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= 1_000)
