"""Tells clients that their tools have changed, as either age of the protocol does it."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import anyio
from mcp.server.context import ServerRequestContext
from mcp.server.session import ServerSession
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged
from mcp_types import SubscriptionFilter, SubscriptionsListenRequestParams, SubscriptionsListenResult

from greatwheel.channels.mcp.changes import changes
from greatwheel.channels.mcp.port import Wheel

LONGEST_SECONDS = 1_800.0
"""Then a client shows its key anew."""


async def listen(
    ctx: ServerRequestContext[Any, Any], params: SubscriptionsListenRequestParams, wheel: Wheel, look_seconds: float
) -> SubscriptionsListenResult:
    """Answer a client of 2026 that listens. Of tools alone: the acknowledgement says so."""
    wanted = SubscriptionFilter(tools_list_changed=params.notifications.tools_list_changed)
    bus = InMemorySubscriptionBus()
    handler = ListenHandler(bus)

    async def publish() -> None:
        async with aclosing(changes(wheel, look_seconds, LONGEST_SECONDS)) as heard:
            async for _ in heard:
                await bus.publish(ToolsListChanged())
        handler.close()

    async with anyio.create_task_group() as group:
        group.start_soon(publish)
        result = await handler(ctx, params.model_copy(update={"notifications": wanted}))
        group.cancel_scope.cancel()
    return result


async def notify(session: ServerSession, wheel: Wheel, look_seconds: float) -> None:
    """Tell a client of the handshake, whose connection carries what nobody asked for."""
    async with aclosing(changes(wheel, look_seconds)) as heard:
        async for _ in heard:
            await session.send_tool_list_changed()
