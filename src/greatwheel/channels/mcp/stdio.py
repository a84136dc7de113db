"""MCP over stdin and stdout, for one client that started this process."""

from __future__ import annotations

from mcp.server.stdio import stdio_server

from greatwheel.channels.mcp.port import Wheel
from greatwheel.channels.mcp.server import WheelServer


async def serve_stdio(wheel: Wheel) -> None:
    """Serve until the client closes stdin. What is printed meanwhile goes to stderr."""
    server = WheelServer(lambda ctx: wheel).server
    async with stdio_server() as (received, to_send):
        await server.run(received, to_send, server.create_initialization_options())
