"""One call of an MCP server's tool: what was certainly not done is told from what may have been."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from mcp.shared.exceptions import MCPError
from mcp_types import (
    CONNECTION_CLOSED,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    REQUEST_TIMEOUT,
    CallToolResult,
    EmbeddedResource,
    InputRequiredResult,
    ResourceLink,
    TextContent,
    TextResourceContents,
)
from pydantic import ValidationError

from greatwheel.core.errors import InDoubt, ToolFailed
from greatwheel.tenancy.redaction import Redactor
from greatwheel.tools.doubt import unanswered
from greatwheel.tools.mcp_connection import Connection, Link, NoConnection, words
from greatwheel.tools.mcp_http import NOT_SENT, SESSION_LOST
from greatwheel.tools.mcp_offer import Offer, Offered
from greatwheel.tools.mcp_pool import McpPool, Place
from greatwheel.tools.port import Invocation, ToolSpec

_NO_ANSWER = (CONNECTION_CLOSED, REQUEST_TIMEOUT, PARSE_ERROR)
"""Codes by which the SDK tells that a request got no answer that it could read."""
_NOT_DONE = (NOT_SENT, METHOD_NOT_FOUND, INVALID_PARAMS)
"""Codes of what was refused before anything happened. The others say nothing of that."""
_QUOTED_CHARS = 2_000


class McpTool:
    """A tool of a server that was reached a moment ago."""

    def __init__(self, offered: Offered, pool: McpPool[Offer], place: Place, link: Link[Offer], seconds: float) -> None:
        self._name = offered.name
        self._pool = pool
        self._place = place
        self._link = link
        self._seconds = seconds
        self.spec: ToolSpec = offered.spec

    async def call(self, invocation: Invocation, arguments: Mapping[str, Any]) -> Any:
        """See the port."""
        result = await self._once(arguments, invocation.redactor)
        if result is None:
            # The server answered that it knows no such session: it did nothing, and a new one is opened.
            result = await self._once(arguments, invocation.redactor)
        if result is None:
            raise ToolFailed(f"tool.{self.spec.name}: the server forgets its sessions.")
        if isinstance(result, InputRequiredResult):
            raise ToolFailed(f"tool.{self.spec.name} asks for input, which agents can't give.")
        if result.is_error:
            said = _line(_text(result), invocation.redactor)
            raise ToolFailed(f"tool.{self.spec.name}: {said or 'the server says that it failed'}")
        return _text(result) if result.structured_content is None else result.structured_content

    async def _once(
        self, arguments: Mapping[str, Any], redactor: Redactor
    ) -> CallToolResult | InputRequiredResult | None:
        """The answer; None: the server has forgotten the session, and the next connection is another one."""
        sent = False
        async with self._pool.connection(self._place, self._link) as connection:
            try:
                async with asyncio.timeout(self._seconds):
                    await connection.ready()
                    sent = True
                    return await connection.call(self._name, arguments)
            except NoConnection as error:
                raise ToolFailed(f"tool.{self.spec.name} could not connect: {error}.") from None
            except MCPError as error:
                if error.code != SESSION_LOST:
                    raise self._failure(error, connection, redactor) from None
                self._pool.drop(self._place, connection)
                return None
            except ValidationError:
                raise self._unanswered("what it sent is none of MCP's answers") from None
            except TimeoutError:
                late = f"it took longer than {self._seconds:g} seconds"
                raise (
                    self._unanswered(late) if sent else ToolFailed(f"tool.{self.spec.name} could not connect: {late}.")
                ) from None

    def _failure(self, error: MCPError, connection: Connection[Offer], redactor: Redactor) -> InDoubt | ToolFailed:
        if error.code in _NO_ANSWER:
            return self._unanswered(connection.fault or words(error))
        why = f"tool.{self.spec.name}: {_line(error.message, redactor) or words(error)}"
        return ToolFailed(why) if error.code in _NOT_DONE else unanswered(self.spec.kind, why)

    def _unanswered(self, why: str) -> InDoubt | ToolFailed:
        return unanswered(self.spec.kind, f"tool.{self.spec.name} got no answer: {why}")


def _line(text: str, redactor: Redactor) -> str:
    """Cleaned before it is cut, so that the cut leaves no half of a secret."""
    return " ".join(redactor.text(text).split())[:_QUOTED_CHARS]


def _text(result: CallToolResult) -> str:
    return "\n".join(_block(block) for block in result.content)


def _block(block: Any) -> str:
    match block:
        case TextContent():
            return block.text
        case EmbeddedResource(resource=TextResourceContents() as resource):
            return resource.text
        case ResourceLink():
            return f"{block.name}: {block.uri}"
        case _:
            return f"[{block.type} was left out]"
