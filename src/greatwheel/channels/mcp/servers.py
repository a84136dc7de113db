"""MCP servers whose tools the organisation's agents may use. An admin's business; commands are the operator's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field, StringConstraints, ValidationError

from greatwheel.channels.http.bodies import Body
from greatwheel.channels.http.cursors import CursorQuery, LimitQuery, Page, page_of, read_name, text_cursor
from greatwheel.channels.http.visits import Admin
from greatwheel.core.errors import BadInput
from greatwheel.tools import mcp_store
from greatwheel.tools.mcp_declarations import MAX_RESPONSE_BYTES, NAME, SECONDS, McpServer
from greatwheel.tools.mcp_store import KeptServer

router = APIRouter(prefix="/api/mcp-servers", tags=["mcp servers"])
ServerPath = Annotated[str, Path(max_length=100, description="The server's name.")]


class NewMcpServer(Body):
    """A server at an address."""

    name: Annotated[str, StringConstraints(pattern=NAME)]
    """Its tools are `tool.<name>_<tool>`."""
    url: Annotated[str, Field(min_length=1, max_length=2_000)]
    headers: dict[str, Annotated[str, Field(max_length=2_000)]] = Field(default_factory=dict, max_length=20)
    """`{secret:NAME}` stands for a secret of the organisation."""
    trust_hints: bool = False
    """Take it at its word about which tools change nothing."""
    seconds: Annotated[float, Field(gt=0, le=600, allow_inf_nan=False)] = SECONDS
    """For one call."""
    max_response_bytes: Annotated[int, Field(gt=0, le=20_000_000)] = MAX_RESPONSE_BYTES


class McpServerFacts(NewMcpServer):
    """A server, and what a worker last saw of it."""

    created_at: datetime
    seen: Mapping[str, Any] | None
    """`tools` with the names that agents use, `skipped` with reasons; or `fault`. Null: nobody has called it yet."""

    @classmethod
    def of(cls, kept: KeptServer) -> McpServerFacts:
        """The facts."""
        told = kept.server.model_dump(include=set(NewMcpServer.model_fields))
        return cls(**told, created_at=kept.created_at, seen=kept.seen)


@router.get("")
async def list_servers(visit: Admin, limit: LimitQuery = 500, cursor: CursorQuery = None) -> Page[McpServerFacts]:
    """The organisation's MCP servers, by name. The operator's are not among them."""
    async with visit.org() as conn:
        found = await mcp_store.list_all(conn, after=read_name(cursor), limit=limit + 1)
    return page_of([McpServerFacts.of(kept) for kept in found], limit, lambda each: text_cursor(each.name))


@router.post("", status_code=HTTPStatus.CREATED)
async def add_server(visit: Admin, given: NewMcpServer) -> McpServerFacts:
    """Declare a server. It is asked when an agent first calls one of its tools."""
    try:
        server = McpServer(**given.model_dump())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadInput(f"{str(first['msg']).removeprefix('Value error, ')}.") from None
    async with visit.org() as conn:
        return McpServerFacts.of(await mcp_store.add(conn, visit.org_id, server))


@router.delete("/{server}", status_code=HTTPStatus.NO_CONTENT)
async def remove_server(visit: Admin, server: ServerPath) -> None:
    """Forget a server; calls that are under way end as they would."""
    async with visit.org() as conn:
        await mcp_store.remove(conn, server)
