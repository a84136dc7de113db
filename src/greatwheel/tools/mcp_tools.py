"""The tools of MCP servers, as tools of agents: `tool.<server>_<tool>`.

A server is one that the operator declared for everybody, or one that the organisation declared for itself; the
operator's names go first.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

from mcp.client._transport import TransportStreams  # the SDK has no public name for it

from greatwheel.core.errors import DatabaseError, NotAvailable, ToolFailed
from greatwheel.core.ids import OrgId
from greatwheel.database.database import Database
from greatwheel.tenancy.redaction import Redactor
from greatwheel.tools import mcp_store
from greatwheel.tools.addresses import Network
from greatwheel.tools.mcp_calls import McpTool
from greatwheel.tools.mcp_connection import CONNECT_SECONDS, Link, NoConnection
from greatwheel.tools.mcp_declarations import Declared
from greatwheel.tools.mcp_http import over_http
from greatwheel.tools.mcp_lists import McpLists
from greatwheel.tools.mcp_offer import Offer, offer_of
from greatwheel.tools.mcp_pool import McpPool, Place
from greatwheel.tools.mcp_stdio import over_stdio
from greatwheel.tools.port import Tool, ToolSpec
from greatwheel.tools.requirements import require_secrets

LOG = logging.getLogger("greatwheel.mcp")
_SDK_LOGS = ("client", "mcp.client", "mcp.shared", "httpx2", "httpcore2")
"""They quote what a server sent, which may hold a secret."""
_MOST_NOTED = 10_000


class McpTools:
    """Finds them. What it has opened is closed by `close`."""

    def __init__(self, servers: Sequence[Declared], database: Database, tenant_networks: Sequence[Network]) -> None:
        """`tenant_networks`: not public, and allowed to the servers that organisations declare."""
        self._declared = {declared.server.name: declared for declared in servers}
        self._database = database
        self._pool: McpPool[Offer] = McpPool()
        self._lists = McpLists()
        self._tenant_networks = tenant_networks
        self._noted: dict[tuple[OrgId, str], Offer | str] = {}
        for name in _SDK_LOGS:
            logging.getLogger(name).setLevel(logging.CRITICAL)

    async def close(self) -> None:
        """End all connections and the processes behind them."""
        await self._lists.close()
        await self._pool.close()

    async def find(self, org_id: OrgId, name: str, secrets: Mapping[str, str]) -> Tool | None:
        """See `port.ToolSource`."""
        declared = await self._server(org_id, name.partition("_")[0])
        if declared is None:
            return None
        server = declared.server
        require_secrets(name, server.secrets, secrets)
        place = Place(org_id=org_id, fingerprint=declared.fingerprint(secrets))
        link = _link(declared, secrets)
        offer = await self._offer(declared, place, link, secrets)
        offered = offer.tools.get(name)
        if offered is None:
            near = difflib.get_close_matches(name, offer.tools, n=1) or sorted(offer.tools)[:5]
            hint = f"there is {', '.join(near)}" if near else "it has none"
            raise NotAvailable(f"The MCP server {server.name} has no tool {name!r}; {hint}.")
        return McpTool(offered, self._pool, place, link, server.seconds)

    async def listed(self, org_id: OrgId, servers: Sequence[Declared], secrets: Mapping[str, str]) -> list[ToolSpec]:
        """What these servers offer, as far as it is known or soon told."""
        asked = dict(filter(None, (self._question(org_id, declared, secrets) for declared in servers)))
        return [tool.spec for offer in await self._lists.soon(asked) for tool in offer.tools.values()]

    def _question(
        self, org_id: OrgId, declared: Declared, secrets: Mapping[str, str]
    ) -> tuple[Place, Callable[[], Awaitable[Offer]]] | None:
        """Asks a server for its tools; None: it can't be asked without a secret that is not there."""
        if not secrets.keys() >= set(declared.server.secrets):
            return None
        place = Place(org_id=org_id, fingerprint=declared.fingerprint(secrets))
        return place, lambda: self._offer(declared, place, _link(declared, secrets), secrets)

    async def _server(self, org_id: OrgId, name: str) -> Declared | None:
        if name in self._declared:
            return self._declared[name]
        async with self._database.org(org_id) as conn:
            kept = await mcp_store.find(conn, name)
        return None if kept is None else Declared(server=kept.server, networks=self._tenant_networks, own=True)

    async def _offer(self, declared: Declared, place: Place, link: Link[Offer], secrets: Mapping[str, str]) -> Offer:
        name = declared.server.name
        async with self._pool.connection(place, link) as connection:
            try:
                offer = await connection.offer()
            except NoConnection as error:
                why = Redactor(secrets).text(f"The MCP server {name} can't be used: {error}.")
                self._pool.down(place, why)
                self._pool.drop(place, connection)
                await self._note(place.org_id, declared, why)
                raise ToolFailed(why) from None
        await self._note(place.org_id, declared, offer)
        return offer

    async def _note(self, org_id: OrgId, declared: Declared, seen: Offer | str) -> None:
        """Let the organisation's admins see what was seen of a server of theirs; once for each news."""
        key = (org_id, declared.server.name)
        if not declared.own or self._noted.get(key) == seen:
            return
        if len(self._noted) >= _MOST_NOTED:
            self._noted.clear()
        self._noted[key] = seen
        shown: dict[str, Any] = {"fault": seen} if isinstance(seen, str) else seen.shown()
        try:
            async with self._database.org(org_id) as conn:
                await mcp_store.note_seen(conn, declared.server, {"at": datetime.now(UTC).isoformat(), **shown})
        except DatabaseError as error:
            LOG.warning("what was seen of an MCP server is not noted: %s", error)  # the call itself goes on


def _link(declared: Declared, secrets: Mapping[str, str]) -> Link[Offer]:
    server = declared.server

    def opened(ended: Callable[[str], None]) -> AbstractAsyncContextManager[TransportStreams]:
        if server.command:
            environment = declared.environment(secrets)
            return over_stdio(server.command, environment, server.folder, server.max_response_bytes, ended)
        headers = declared.filled_headers(secrets)
        return over_http(server.url, headers, declared.networks, server.max_response_bytes)

    # A process takes its time to start, however quick its calls are.
    seconds = CONNECT_SECONDS if server.command else min(CONNECT_SECONDS, server.seconds)
    return Link(open=opened, accept=lambda told: offer_of(server, told, Redactor(secrets).text), seconds=seconds)
