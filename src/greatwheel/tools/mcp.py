"""MCP servers as a source of tools. Their library is large, and loaded when it is first needed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from greatwheel.core.ids import OrgId
from greatwheel.database.database import Database
from greatwheel.tenancy.permissions import Effective
from greatwheel.tools import mcp_store
from greatwheel.tools.addresses import parse_network
from greatwheel.tools.configuration import ToolsSettings
from greatwheel.tools.mcp_declarations import NAME, Declared
from greatwheel.tools.port import Tool, ToolSpec

if TYPE_CHECKING:
    from greatwheel.tools.mcp_tools import McpTools

_NAME = re.compile(NAME)


class McpServers:
    """The `ToolSource` of a process: the operator's servers and those that organisations declare.

    `close` ends all connections and the processes behind them.
    """

    def __init__(self, settings: ToolsSettings, database: Database) -> None:
        networks = [parse_network(text) for text in settings.networks]
        self._servers = [Declared(server=server, networks=networks) for server in settings.mcp_servers]
        self._tenant_networks = [parse_network(text) for text in settings.tenant_networks]
        self._database = database
        self._tools: McpTools | None = None
        self._loading = asyncio.Lock()

    def may_have(self, name: str) -> bool:
        """See the port."""
        server, _, tool = name.partition("_")
        return bool(tool) and _NAME.match(server) is not None

    async def find(self, org_id: OrgId, name: str, secrets: Mapping[str, str]) -> Tool | None:
        """See the port."""
        return await (await self._loaded()).find(org_id, name, secrets)

    async def listed(self, org_id: OrgId, secrets: Mapping[str, str], allowed: Effective) -> Sequence[ToolSpec]:
        """See the port."""
        async with self._database.org(org_id) as conn:
            own = [kept.server for kept in await mcp_store.list_all(conn)]
        names = {declared.server.name for declared in self._servers}
        servers = [
            *self._servers,
            *(
                Declared(server=each, networks=self._tenant_networks, own=True)
                for each in own
                if each.name not in names
            ),
        ]
        asked = [declared for declared in servers if allowed.may_permit(f"{declared.server.name}_")]
        return await (await self._loaded()).listed(org_id, asked, secrets) if asked else []

    async def _loaded(self) -> McpTools:
        async with self._loading:
            if self._tools is None:
                module = await asyncio.to_thread(import_module, "greatwheel.tools.mcp_tools")
                self._tools = module.McpTools(self._servers, self._database, self._tenant_networks)
            return self._tools

    async def close(self) -> None:
        """See the class."""
        if self._tools is not None:
            await self._tools.close()
