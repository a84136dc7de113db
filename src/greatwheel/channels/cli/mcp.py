"""`greatwheel mcp`: Greatwheel as an MCP server that a client starts as a process."""

from __future__ import annotations

import asyncio

from greatwheel.channels.cli.reach import ConfigOption, KeyOption, OrgOption, ServerOption, Where, reached
from greatwheel.channels.mcp.remote import Remote
from greatwheel.channels.mcp.stdio import serve_stdio


def mcp_command(
    server: ServerOption = None, key: KeyOption = "", org: OrgOption = None, config: ConfigOption = None
) -> None:
    """Speak MCP on stdin and stdout: agents are tools, sessions are resources.

    With a server, or on this machine's installation: then tasks are carried out in this process, too. Whose agents and
    sessions they are, the key says.
    """
    with reached(Where(server=server, key=key, org=org, config=config), working=True) as api:
        asyncio.run(serve_stdio(Remote(api)))
