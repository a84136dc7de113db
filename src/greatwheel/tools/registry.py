"""The tools of this installation, by name."""

from __future__ import annotations

import difflib
import keyword
from collections.abc import Iterable, Iterator

from greatwheel.core.errors import BadInput, NotAvailable
from greatwheel.tools.port import Tool

RESERVED = frozenset({"authorized_action"})
"""Names of `tool.<name>` that the SDK has for itself."""


class ToolRegistry:
    """Tools by their names; made once, at the start.

    Raises:
        BadInput: a name is taken, or no agent could write it.
    """

    def __init__(self, tools: Iterable[Tool] = ()) -> None:
        self._tools: dict[str, Tool] = {}
        for tool in tools:
            name = tool.spec.name
            if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_") or name in RESERVED:
                raise BadInput(f"{name!r} can't name a tool; use a Python name that does not begin with _.")
            if name in self._tools:
                raise BadInput(f"Two tools are named {name}.")
            self._tools[name] = tool

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __contains__(self, name: object) -> bool:
        return name in self._tools

    def get(self, name: str) -> Tool:
        """The tool of that name.

        Raises:
            NotAvailable: there is none; the message names those that are near.
        """
        tool = self._tools.get(name)
        if tool is None:
            near = difflib.get_close_matches(name, self._tools, n=1) or sorted(self._tools)[:5]
            hint = f"; there is {', '.join(near)}" if near else "; this installation has no tools"
            raise NotAvailable(f"There is no tool {name!r}{hint}.")
        return tool
