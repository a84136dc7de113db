"""MCP over stdin and stdout, for one client that started this process."""

from __future__ import annotations

import anyio
from mcp.client._transport import TransportStreams  # the SDK has no public name for it
from mcp.server.lowlevel.server import NotificationOptions
from mcp.server.stdio import stdio_server

from greatwheel.channels.mcp.listening import notify
from greatwheel.channels.mcp.port import Wheel
from greatwheel.channels.mcp.server import WheelServer

LOOK_SECONDS = 15.0
"""From one look for changed tools to the next: each may be requests to a server, for as long as the client runs."""


async def serve_stdio(wheel: Wheel) -> None:
    """Serve until the client closes stdin. What is printed meanwhile goes to stderr."""
    async with stdio_server() as streams:
        await serve(wheel, streams)


async def serve(wheel: Wheel, streams: TransportStreams, look_seconds: float = LOOK_SECONDS) -> None:
    """Serve one client until it goes."""
    async with anyio.create_task_group() as group:
        server = WheelServer(
            lambda ctx: wheel,
            look_seconds=look_seconds,
            greeted=lambda session: group.start_soon(notify, session, wheel, look_seconds),
        ).server
        options = server.create_initialization_options(NotificationOptions(tools_changed=True))
        await server.run(*streams, options)
        group.cancel_scope.cancel()
