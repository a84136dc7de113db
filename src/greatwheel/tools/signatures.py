"""How a tool is called, in a line of Python that a model can copy.

Servers may be hostile, and what they call parameters stands in the prompts of models: only names and plain values of
Python get into the line, nothing that could be read as words or as other code.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from typing import Any

from greatwheel.tools.port import ToolSpec

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
_PLAIN_TEXT = re.compile(r"[A-Za-z0-9_.:/-]{0,20}")
_MOST_CHARS = 160
_ASKED = "..."
_REST = "**..."
"""Stands for arguments that can't be told."""


def signature(spec: ToolSpec) -> str:
    """Such as `tool.web_search(query, count=None)`: required ones by name, others with the value that leaves them out.

    Positional arguments go by the schema's order; where a required one comes after others, all are named.
    """
    properties: Mapping[str, Any] = spec.parameters.get("properties", {})
    required = set(spec.parameters.get("required", ()))
    names = [name for name in properties if _writable(name)]
    first = [name for name in properties if name in required]
    in_order = list(properties)[: len(first)] == first and required <= set(names)
    parts = [name if in_order else f"{name}={_ASKED}" for name in names if name in required]
    parts += [f"{name}={_default(properties[name])}" for name in names if name not in required]
    return f"tool.{spec.name}({', '.join(_cut(parts, whole=required <= set(names)))})"


def _writable(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and not keyword.iskeyword(name)


def _default(schema: Any) -> str:
    value = schema.get("default") if isinstance(schema, Mapping) else None
    match value:
        case bool():
            return repr(value)
        case int() | float() if -1e9 < value < 1e9:
            return repr(value)
        case str() if _PLAIN_TEXT.fullmatch(value):
            return repr(value)
        case _:
            return "None"


def _cut(parts: list[str], *, whole: bool) -> list[str]:
    """As many as make a line that can be read. `whole`: they are all that are needed."""
    kept: list[str] = []
    for part in parts:
        if sum(len(each) + 2 for each in kept) + len(part) > _MOST_CHARS:
            return [*kept, _REST]
        kept.append(part)
    return kept if whole else [*kept, _REST]
