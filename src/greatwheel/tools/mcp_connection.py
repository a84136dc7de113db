"""One connection to an MCP server. A task of its own opens, keeps and closes it; any number of calls share it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Generic, TypeAlias, TypeVar

import anyio
from mcp.client import Client, IncomingMessage
from mcp.client._transport import TransportStreams  # the SDK has no public name for it
from mcp.shared.exceptions import MCPError
from mcp_types import (
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    Implementation,
    InputRequiredResult,
    PaginatedRequestParams,
    Tool,
    ToolListChangedNotification,
)
from pydantic import TypeAdapter

LOG = logging.getLogger("greatwheel.mcp")
CONNECT_SECONDS = 20.0
LIST_SECONDS = 20.0
CLOSE_SECONDS = 6.0
FRESH_SECONDS = 300.0
"""How old a list of tools may be."""
MOST_TOOLS = 500
_MOST_LIST_CHARS = 5_000_000
"""Of all pages together: a page may be as long as any answer."""
_CLIENT = Implementation(name="greatwheel", version=version("greatwheel"))
_RESULT: TypeAdapter[CallToolResult | InputRequiredResult] = TypeAdapter(CallToolResult | InputRequiredResult)

Opener: TypeAlias = Callable[[Callable[[str], None]], AbstractAsyncContextManager[TransportStreams]]
"""Opens the streams; is given whom to tell when nothing more comes."""


class NoConnection(Exception):
    """The server could not be reached, or did not speak MCP; the message says why in one line."""


class _TooLong(Exception):
    """What a server tells has no reasonable end."""


OfferT = TypeVar("OfferT")


@dataclass(frozen=True, kw_only=True, slots=True)
class Link(Generic[OfferT]):
    """How a server is reached, and what is made of the tools that it tells."""

    open: Opener
    accept: Callable[[Sequence[Tool]], OfferT]
    seconds: float = CONNECT_SECONDS
    """For connecting."""


class Connection(Generic[OfferT]):
    """See the module. `close` ends it, whoever still uses it."""

    def __init__(self, link: Link[OfferT]) -> None:
        self._link = link
        self._known = asyncio.Event()
        self._closing = asyncio.Event()
        self._client: Client | None = None
        self._fault = ""
        self._offer: tuple[float, OfferT] | None = None
        self._changed = False
        self._list_lock = asyncio.Lock()
        self.users = 0
        """Calls under way."""
        self.used_at = time.monotonic()
        self._keeper = asyncio.create_task(self._keep())

    @property
    def over(self) -> bool:
        """Nothing can be asked on it any more."""
        return self._closing.is_set() or self._keeper.done()

    @property
    def fault(self) -> str:
        """Why it is over; empty while it is not known."""
        return self._fault

    async def ready(self) -> Client:
        """Wait until it can be asked. Raises NoConnection."""
        await self._known.wait()
        if self._client is None or self.over:
            raise NoConnection(self._fault)
        return self._client

    async def call(self, name: str, arguments: Mapping[str, Any]) -> CallToolResult | InputRequiredResult:
        """A tool's result, as the server gives it.

        Raises:
            NoConnection: nothing was sent.
            MCPError: the server's error, or that of a request which got no answer.
            ValidationError: the answer is none of MCP's.
        """
        client = await self.ready()
        # Not `call_tool`: that would check the result by a schema of the server's, which may be hostile.
        request = CallToolRequest(params=CallToolRequestParams(name=name, arguments=dict(arguments)))
        return await client.session.send_request(request, _RESULT)

    async def offer(self) -> OfferT:
        """The server's tools: as they were a few minutes ago at most, unless it told of a change.

        Raises:
            NoConnection: they can't be had.
        """
        client = await self.ready()
        async with self._list_lock:
            if self._offer is None or self._changed or time.monotonic() - self._offer[0] > FRESH_SECONDS:
                self._changed = False
                try:
                    async with asyncio.timeout(LIST_SECONDS):
                        told = await _all_tools(client)
                    self._offer = (time.monotonic(), self._link.accept(told))
                except Exception as error:  # whatever a hostile answer leads to in the SDK
                    raise NoConnection(f"its tools can't be listed: {words(error)}") from None
            return self._offer[1]

    def end(self, why: str = "it was closed") -> None:
        """Close it soon."""
        self._fault = self._fault or why
        self._closing.set()

    async def close(self) -> None:
        """Close it, and wait for that."""
        self.end()
        await asyncio.wait({self._keeper}, timeout=CLOSE_SECONDS)
        self._keeper.cancel()
        await asyncio.wait({self._keeper})

    async def _keep(self) -> None:
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(self._link.seconds):
                    client = await stack.enter_async_context(
                        Client(
                            self._link.open(self.end),
                            client_info=_CLIENT,
                            message_handler=self._heard,
                            cache=None,
                        )
                    )
                self._client = client
                self._known.set()
                await self._listen(client)
        except asyncio.CancelledError:
            self._fault = self._fault or "it was closed"
            raise
        except BaseException as error:  # groups of them, too: the SDK's tasks fail together
            self._fault = self._fault or words(error)
            if not isinstance(error, Exception | BaseExceptionGroup):
                raise
        finally:
            self._client = None
            self._closing.set()
            self._known.set()

    async def _listen(self, client: Client) -> None:
        """Until it is to be closed. Newer servers tell changes on a stream that must be asked for."""
        capability = client.server_capabilities.tools
        newer = client.session.discover_result is not None
        if not (newer and capability is not None and capability.list_changed):
            await self._closing.wait()
            return
        async with anyio.create_task_group() as group:
            group.start_soon(self._follow_changes, client)
            await self._closing.wait()
            group.cancel_scope.cancel()

    async def _follow_changes(self, client: Client) -> None:
        try:
            async with client.listen(tools_list_changed=True) as changes:
                async for _ in changes:
                    self._changed = True
        except Exception as error:  # its list expires; what it says may hold a secret
            LOG.info("changes of a server's tools are not told: %s", type(error).__name__)

    async def _heard(self, message: IncomingMessage) -> None:
        if isinstance(message, ToolListChangedNotification):
            self._changed = True


async def _all_tools(client: Client) -> list[Tool]:
    tools: list[Tool] = []
    length = 0
    async for page in _pages(client):
        tools.extend(page)
        length += sum(len(tool.model_dump_json()) for tool in page)
        if length > _MOST_LIST_CHARS:
            raise _TooLong(f"they are longer than {_MOST_LIST_CHARS:,} characters")
        if len(tools) >= MOST_TOOLS:
            break
    return tools[:MOST_TOOLS]


async def _pages(client: Client) -> AsyncIterator[Sequence[Tool]]:
    cursor: str | None = None
    while True:
        page = await client.session.list_tools(params=PaginatedRequestParams(cursor=cursor))
        yield page.tools
        cursor = page.next_cursor
        if not cursor:
            return


def words(error: BaseException) -> str:
    """The first line of the first error within."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, MCPError):
        return (error.message or f"error {error.code}").splitlines()[0]
    return (str(error) or type(error).__name__).splitlines()[0]
