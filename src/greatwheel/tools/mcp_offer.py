"""What is accepted of the tools that an MCP server tells: by the names under which agents call them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcp_types import Tool

from greatwheel.core.errors import BadInput
from greatwheel.tools.arguments import check_schema
from greatwheel.tools.mcp_declarations import McpServer
from greatwheel.tools.mcp_schemas import guest_name, simplified
from greatwheel.tools.port import ToolSpec

_DESCRIPTION_CHARS = 4_000
_SHOWN_CHARS = 300
_MOST_SHOWN = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Offered:
    """A tool of a server."""

    name: str
    """As the server calls it."""
    spec: ToolSpec


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """A server's tools."""

    tools: Mapping[str, Offered]
    """By the names that agents use."""
    skipped: Mapping[str, str]
    """Those that agents can't use, with the reason."""

    def shown(self) -> dict[str, Any]:
        """For people, cut."""
        tools = [
            {"name": name, "description": each.spec.description[:_SHOWN_CHARS], "kind": each.spec.kind}
            for name, each in sorted(self.tools.items())[:_MOST_SHOWN]
        ]
        return {"tools": tools, "skipped": dict(sorted(self.skipped.items())[:_MOST_SHOWN])}


def offer_of(server: McpServer, told: Sequence[Tool], clean: Callable[[str], str]) -> Offer:
    """What agents can use of the tools that the server tells. Whatever it tells, the others are not touched by it.

    `clean` takes secrets out of its words: people and models are shown them.
    """
    tools: dict[str, Offered] = {}
    skipped: dict[str, str] = {}
    for each in told:
        shown = clean(each.name)[:_SHOWN_CHARS]
        try:
            if shown != each.name[:_SHOWN_CHARS]:
                raise BadInput("its name has a secret in it")
            name = guest_name(server.name, each.name)
            if name in tools:
                raise BadInput(f"another is called {name} already")
            tools[name] = Offered(name=each.name, spec=_spec(server, name, each, clean(each.description or "")))
        except BadInput as error:
            skipped[shown] = clean(str(error))[:_SHOWN_CHARS]
        except RecursionError:
            skipped[shown] = "its schema is too deep"
    return Offer(tools=tools, skipped=skipped)


def _spec(server: McpServer, name: str, told: Tool, description: str) -> ToolSpec:
    parameters = simplified(told.input_schema)
    check_schema(name, parameters)
    reads = server.trust_hints and told.annotations is not None and told.annotations.read_only_hint is True
    return ToolSpec(
        name=name,
        description=description[:_DESCRIPTION_CHARS],
        parameters=parameters,
        kind="read" if reads else "effect",
        max_result_chars=server.max_response_bytes * 2,
    )
