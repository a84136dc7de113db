"""A small MCP server for tests, as a process of its own: `server.py stdio`, or `server.py http`, which prints its port.

Some of its tools misbehave.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path
from typing import Any

import anyio
import uvicorn
from mcp.server.lowlevel.server import NotificationOptions, Server
from mcp.server.runner import serve_loop
from mcp.server.stdio import stdio_server
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged
from mcp.shared.exceptions import MCPError
from mcp_types import (
    METHOD_NOT_FOUND,
    CallToolRequestParams,
    CallToolResult,
    ImageContent,
    ListToolsResult,
    RequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)

LISTS = 0
EXTRA: list[str] = []
NUMBERS = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a"]}
TEXT = {"type": "object", "properties": {"text": {"type": "string", "pattern": "(a+)+$"}}, "required": ["text"]}
NOTHING: dict[str, Any] = {"type": "object"}
BAD: dict[str, dict[str, Any]] = {
    "nowhere": {"type": "object", "properties": {"x": {"$ref": "#/$defs/none"}}},
    "remote": {"type": "object", "properties": {"x": {"$ref": "https://example.org/schema"}}},
    "untyped": {"type": "object", "properties": {"x": {"type": "whatever"}}},
}
ITSELF = {"type": "object", "properties": {"x": {"$ref": "#"}, "y": {"oneOf": [{"$ref": "#"}] * 3}}}


async def list_tools(ctx: Any, params: Any) -> ListToolsResult:
    global LISTS
    LISTS += 1
    reads = ToolAnnotations(read_only_hint=True)
    tools = [
        Tool(name="add", description="Adds.", input_schema=NUMBERS, annotations=reads),
        Tool(name="note", description="Writes a line.", input_schema=TEXT),
        Tool(name="big", description=os.environ.get("TOKEN"), input_schema=NUMBERS, annotations=reads),
        Tool(name="odd-name.v2", input_schema=NOTHING),
        Tool(name="odd/name.v2", input_schema=NOTHING),
        Tool(name="///", input_schema=NOTHING),
        Tool(name="itself", input_schema=ITSELF, output_schema={"type": "object", "required": ["never"]}),
        *[Tool(name=name, input_schema=NOTHING) for name in ("hang", "fail", "refuse", "data", "mixed", "die")],
        *[Tool(name=name, input_schema=NOTHING) for name in ("seen", "lists", "grow", *EXTRA)],
        *[Tool(name=name, input_schema=schema) for name, schema in BAD.items()],
    ]
    return ListToolsResult(tools=tools)


async def call_tool(  # noqa: C901 - a list of behaviours
    ctx: Any, params: CallToolRequestParams
) -> CallToolResult:
    arguments = params.arguments or {}
    match params.name:
        case "add":
            return said(str(arguments["a"] + arguments.get("b", 1)))
        case "note":
            notes = Path(os.environ["NOTES"])
            notes.write_text((notes.read_text() if notes.exists() else "") + arguments["text"] + "\n")
            return said("noted")
        case "big":
            return said("x" * arguments["a"])
        case "hang":
            await anyio.sleep(60)
        case "fail":
            return CallToolResult(content=[TextContent(text=f"no way\n{seen(ctx)}")], is_error=True)
        case "refuse":
            raise MCPError(-32602, f"refused\nfor {seen(ctx)}")
        case "data":
            return CallToolResult(content=[TextContent(text="{}")], structured_content={"deep": [1, {"x": None}]})
        case "mixed":
            return CallToolResult(content=[TextContent(text="one"), ImageContent(data="aGk=", mime_type="image/png")])
        case "die":
            os._exit(3)
        case "seen":
            return said(seen(ctx))
        case "lists":
            return said(str(LISTS))
        case "grow":
            EXTRA.append(f"extra{len(EXTRA)}")
            await CHANGES.publish(ToolsListChanged())
            if OLD:
                await ctx.session.send_tool_list_changed()
            return said(EXTRA[-1])
    return said(f"called {params.name} with {sorted(arguments)}")


def said(text: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=text)])


def seen(ctx: Any) -> str:
    """What the server was given: headers, or its environment."""
    return str(dict(ctx.request.headers)) if ctx.request is not None else str(dict(os.environ))


OLD = "OLD" in os.environ
"""Speak as servers did before 2026: a handshake, and news that nobody asked for."""
CHANGES = InMemorySubscriptionBus()
SERVER = Server(
    "small",
    version="1",
    on_list_tools=list_tools,
    on_call_tool=call_tool,
    on_subscriptions_listen=ListenHandler(CHANGES),
)


async def not_known(ctx: Any, params: RequestParams) -> None:
    raise MCPError(METHOD_NOT_FOUND, "Method not found")


if OLD:
    SERVER.add_request_handler("server/discover", RequestParams, not_known)


async def over_stdio() -> None:
    if pid_file := os.environ.get("PID_FILE"):
        Path(pid_file).write_text(str(os.getpid()))
    options = SERVER.create_initialization_options(NotificationOptions(tools_changed=True))
    async with stdio_server() as (received, to_send):
        if OLD:
            await serve_loop(SERVER, received, to_send, lifespan_state={}, init_options=options)
        else:
            await SERVER.run(received, to_send, options)


async def over_http(listening: socket.socket) -> None:
    app = SERVER.streamable_http_app()
    await uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1)).serve([listening])


if __name__ == "__main__":
    if sys.argv[1] == "stdio":
        asyncio.run(over_stdio())
    else:
        listening = socket.create_server(("127.0.0.1", int(sys.argv[2]) if sys.argv[2:] else 0))
        print(listening.getsockname()[1], flush=True)
        asyncio.run(over_http(listening))
