"""Clients are told when their tools change."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import anyio
import pytest
from mcp.client import Client, IncomingMessage
from mcp.client.subscriptions import SubscriptionLost
from mcp.shared.memory import create_client_server_memory_streams
from mcp.shared.subscriptions import ToolsListChanged
from mcp_types import ToolListChangedNotification

from greatwheel.channels.mcp.port import Wheel
from greatwheel.channels.mcp.stdio import serve
from greatwheel.core.errors import DatabaseUnavailable, KeyRefused

from .test_server import Served, served

__all__ = ["served"]


class FewAgents:
    """A wheel whose agents a test names."""

    def __init__(self) -> None:
        self.names = ["one"]
        self.failure: Exception | None = None
        self.looks = 0
        self.stopping = False

    async def agents(self) -> list[Mapping[str, Any]]:
        self.looks += 1
        if self.failure is not None:
            raise self.failure
        return [{"name": name, "description": ""} for name in self.names]

    async def looked(self) -> None:
        """Wait until it was looked at twice more."""
        until = self.looks + 2
        async with asyncio.timeout(10):
            while self.looks < until:  # noqa: ASYNC110 - whoever looks tells nobody
                await asyncio.sleep(0.01)


@asynccontextmanager
async def client_of(wheel: FewAgents, mode: str, heard: list[str]) -> AsyncIterator[Client]:
    """A client of a process, without the process."""

    async def note(message: IncomingMessage) -> None:
        if isinstance(message, ToolListChangedNotification):
            heard.append(message.method)

    @asynccontextmanager
    async def transport() -> AsyncIterator[Any]:
        async with create_client_server_memory_streams() as (ours, theirs), anyio.create_task_group() as group:
            group.start_soon(serve, cast(Wheel, wheel), theirs, 0.02)
            yield ours
            group.cancel_scope.cancel()

    async with Client(transport(), mode=mode, cache=None, message_handler=note) as client:
        yield client


async def test_a_client_of_the_handshake_is_told_without_asking() -> None:
    """Once for each change; a server that is away for a while is looked at again."""
    wheel, heard = FewAgents(), list[str]()
    async with client_of(wheel, "legacy", heard) as client:
        assert client.server_capabilities.tools is not None
        assert client.server_capabilities.tools.list_changed
        await wheel.looked()
        assert heard == []
        wheel.failure = DatabaseUnavailable()
        await wheel.looked()
        wheel.failure, wheel.names = None, ["one", "two"]
        await wheel.looked()
        assert len(heard) == 1
        wheel.names = ["two"]
        await wheel.looked()
        assert len(heard) == 2
        assert {tool.name for tool in (await client.list_tools()).tools} == {"two", "answer", "wait"}


async def test_a_modern_client_is_told_what_it_listens_for() -> None:
    """Tools alone; the stream ends when the caller is refused."""
    wheel = FewAgents()
    async with (
        asyncio.timeout(20),
        client_of(wheel, "auto", []) as client,
        client.listen(tools_list_changed=True, resources_list_changed=True) as told,
    ):
        assert told.honored.tools_list_changed
        assert not told.honored.resources_list_changed
        await wheel.looked()
        wheel.names = ["one", "two"]
        assert await anext(told) == ToolsListChanged()
        wheel.failure = KeyRefused()
        assert [event async for event in told] == []


async def test_an_agent_that_is_made_is_told_over_http(served: Served) -> None:
    """To those of its organisation who listen."""
    admin, other = await served.organisation("acme"), await served.organisation("other")
    async with (
        asyncio.timeout(30),
        served.client(admin) as client,
        served.client(other) as stranger,
        client.listen(tools_list_changed=True) as told,
        stranger.listen(tools_list_changed=True) as theirs,
    ):
        await asyncio.sleep(0.3)
        source = "def handle(task):\n    return 1\n"
        await admin("POST", "/api/agents", 201, json={"name": "newcomer", "source": source})
        assert await anext(told) == ToolsListChanged()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(theirs), 0.5)
        assert "newcomer" in {tool.name for tool in (await client.list_tools()).tools}


async def test_a_server_that_stops_waits_for_no_listener(served: Served) -> None:
    """It ends soon, though somebody would listen for half an hour."""
    admin = await served.organisation("acme")
    async with served.client(admin) as client, client.listen(tools_list_changed=True) as told:
        served.server.should_exit = True
        began = time.monotonic()
        with suppress(SubscriptionLost):
            assert [event async for event in told] == []
        assert time.monotonic() - began < 10
