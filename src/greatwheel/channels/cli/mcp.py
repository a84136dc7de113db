"""`greatwheel mcp`: Greatwheel as an MCP server that a client starts as a process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from greatwheel.channels.cli.client import ApiClient
from greatwheel.channels.cli.reach import ConfigOption, KeyOption, ServerOption, Where, reached
from greatwheel.channels.mcp.remote import Remote
from greatwheel.channels.mcp.stdio import serve_stdio
from greatwheel.core.errors import BadInput


def mcp_command(server: ServerOption = None, key: KeyOption = "", config: ConfigOption = None) -> None:
    """Speak MCP on stdin and stdout: agents are tools, sessions are resources.

    With a server, or on this machine's installation: then tasks are carried out in this process, too. Whose agents and
    sessions they are, the key says.
    """
    if not key:
        raise BadInput("An API key is needed: put it into GREATWHEEL_API_KEY.")
    with _reached(Where(server=server, key=key, config=config)) as api:
        api.call("GET", "/api/me")  # a key that is worth nothing is told at the start
        asyncio.run(serve_stdio(Remote(api)))


@contextmanager
def _reached(where: Where) -> Iterator[ApiClient]:
    if where.server is not None:
        with reached(where) as client:
            yield client
        return
    from greatwheel.channels.cli.embedded import embedded_api  # the server's parts load slowly

    with embedded_api(where.config, None, working=True, key=where.key) as inside:
        yield inside
