"""The MCP servers that organisations have declared, in Postgres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from greatwheel.core.errors import Conflict, NotFound
from greatwheel.core.ids import OrgId
from greatwheel.database.connection import OrgConnection
from greatwheel.database.queries import load
from greatwheel.database.storable import storable
from greatwheel.tools.mcp_declarations import McpServer

SQL = load(__file__, "mcp.sql")
MOST = 20
"""Servers of an organisation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptServer:
    """A server that an organisation has declared."""

    server: McpServer
    created_at: datetime
    seen: Mapping[str, Any] | None
    """What a worker last saw of it; None: nobody has asked it yet."""


async def add(conn: OrgConnection, org_id: OrgId, server: McpServer) -> KeptServer:
    """Declare a server.

    Raises:
        Conflict: there is one of that name, or there are too many.
    """
    count = await (await conn.execute(SQL["count_servers"])).fetchone()
    if count is None or count["servers"] >= MOST:
        raise Conflict(f"The organisation has {MOST} MCP servers already; remove one.")
    row = {
        "org_id": org_id,
        "headers": Jsonb(server.headers),
        **server.model_dump(include={"name", "url", "trust_hints", "seconds", "max_response_bytes"}),
    }
    made = await (await conn.execute(SQL["add_server"], row)).fetchone()
    if made is None:
        raise Conflict(f"There is an MCP server {server.name!r} already; remove it, or take another name.")
    return _kept(made)


async def list_all(conn: OrgConnection, *, after: str | None = None, limit: int | None = None) -> Sequence[KeptServer]:
    """The organisation's servers, by name; or so many of those behind a name."""
    values = {"after": after, "limit": limit}
    return [_kept(row) for row in await (await conn.execute(SQL["list_servers"], values)).fetchall()]


async def find(conn: OrgConnection, name: str) -> KeptServer | None:
    """The server of that name, if there is one."""
    row = await (await conn.execute(SQL["find_server"], {"name": name})).fetchone()
    return None if row is None else _kept(row)


async def remove(conn: OrgConnection, name: str) -> None:
    """Forget a server. What is under way goes on.

    Raises:
        NotFound: there is none of that name.
    """
    if await (await conn.execute(SQL["remove_server"], {"name": name})).fetchone() is None:
        raise NotFound(f"There is no MCP server {name!r} in this organisation.")


async def note_seen(conn: OrgConnection, server: McpServer, seen: Mapping[str, Any]) -> None:
    """Keep what was seen of a server, for the organisation's admins."""
    await conn.execute(SQL["note_seen"], {"name": server.name, "url": server.url, "seen": Jsonb(storable(dict(seen)))})


def _kept(row: DictRow) -> KeptServer:
    fields = {name: row[name] for name in ("name", "url", "headers", "trust_hints", "seconds", "max_response_bytes")}
    return KeptServer(server=McpServer(**fields), created_at=row["created_at"], seen=row["seen"])
