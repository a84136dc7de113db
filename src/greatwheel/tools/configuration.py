"""Reads which tools there are, from the configuration and the installed packages.

networks = ["10.2.0.0/16"]        # not public, and allowed to all tools of this file
tenant_networks = []              # … to MCP servers that organisations declare

[web_search]
url = "https://searx.example.org"

[[functions]]
function = "acme.tools:send_invoice"

[[tools]]
name = "weather"
…

[[mcp_servers]]
name = "github"
…
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from greatwheel.core.errors import BadInput
from greatwheel.tools.addresses import Network, parse_network
from greatwheel.tools.functions import installed_functions, load_function
from greatwheel.tools.http import HttpTool, HttpToolSettings
from greatwheel.tools.mcp_declarations import McpServer
from greatwheel.tools.port import Tool
from greatwheel.tools.registry import ToolRegistry
from greatwheel.tools.search import SearchSettings, WebSearch


def _network(text: str) -> str:
    parse_network(text)
    return text


class FunctionSettings(BaseModel):
    """One `[[functions]]` table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    function: str
    """`module:function`."""
    name: str | None = None
    """None: the function's own."""


class ToolsSettings(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    networks: tuple[Annotated[str, AfterValidator(_network)], ...] = ()
    tenant_networks: tuple[Annotated[str, AfterValidator(_network)], ...] = ()
    web_search: SearchSettings | None = None
    functions: tuple[FunctionSettings, ...] = ()
    tools: tuple[HttpToolSettings, ...] = Field(default=())
    mcp_servers: tuple[McpServer, ...] = ()

    @model_validator(mode="after")
    def _one_of_each_name(self) -> ToolsSettings:
        names = [server.name for server in self.mcp_servers]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two MCP servers are named {min(twice)}")
        return self


def tool_settings(file: Path | None = None) -> ToolsSettings:
    """What a file says; no file: the defaults.

    Raises:
        BadInput: the file can't be read or used; the message has the place and the reason in one line.
    """
    return ToolsSettings() if file is None else parse_settings(_read(file), str(file))


def all_tools(settings: ToolsSettings) -> ToolRegistry:
    """The tools of settings, and those of installed packages. Raises as `tool_settings`."""
    return ToolRegistry([*_declared(settings), *installed_functions()])


def parse_settings(data: Mapping[str, Any], source: str) -> ToolsSettings:
    """The settings in a table as TOML gives it. Raises as `tool_settings`; `source` names the file."""
    try:
        return ToolsSettings.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise BadInput(f"{source}: {place}: {first['msg']}") from None


def declared_tools(settings: ToolsSettings) -> ToolRegistry:
    """The tools of settings alone. Raises as `tool_settings`."""
    return ToolRegistry(_declared(settings))


def _declared(settings: ToolsSettings) -> Iterator[Tool]:
    networks: list[Network] = [parse_network(text) for text in settings.networks]
    if settings.web_search is not None:
        yield WebSearch(settings.web_search, networks)
    for function in settings.functions:
        yield load_function(function.function, function.name)
    for tool in settings.tools:
        yield HttpTool(tool, networks)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{file}: {error}") from error
