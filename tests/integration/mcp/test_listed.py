"""Tools of MCP servers in the list that models are told: who may be asked, and who is not waited for."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from socket import create_server
from typing import Any

from greatwheel.tenancy import users
from greatwheel.tenancy.users import UserChange
from greatwheel.tools import mcp_store
from greatwheel.tools.mcp_declarations import McpServer

from .conftest import SECRET, SERVER, stdio

LOOPBACK = ["127.0.0.1/32"]


@contextmanager
def silence() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with closing(create_server(("127.0.0.1", 0))) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/mcp"


async def far(tenant: Any, url: str, **more: Any) -> None:
    """The organisation declares a server."""
    async with tenant.database.org(tenant.org_id) as conn:
        await mcp_store.add(conn, tenant.org_id, McpServer(name="far", url=url, **more))


async def test_an_organisations_servers_are_told_to_its_own_tasks(tenants: Any, server_url: str) -> None:
    """Another organisation is told nothing of them."""
    tenant, other = [await tenants(name, tenant_networks=LOOPBACK) for name in ("acme", "bolt")]
    await far(tenant, server_url)
    told = await eventually(tenant)
    assert told["tool.far_add(a, b=None)"] == "Adds."
    assert "tool.far_odd_name_v2()" in told
    assert await tenant.call("far_add", 1) == "2"
    assert await other.told() == {}


async def test_what_is_not_permitted_is_not_told(tenants: Any, tmp_path: Path) -> None:
    """A server none of whose tools is granted is not even started."""
    tenant = await tenants(mcp_servers=[stdio("it", env={"PID_FILE": str(tmp_path / "pid")})])
    for allow in (["web_*", "agent:*"], []):
        await grant(tenant, UserChange(allow=allow))
        assert await tenant.told() == {}
    await grant(tenant, UserChange(allow=["*"], deny=["it_*"]))
    assert await tenant.told() == {}
    assert not (tmp_path / "pid").exists()
    await grant(tenant, UserChange(allow=["it_add", "it_big", "other"], deny=["*_big"]))
    assert await eventually(tenant) == {"tool.it_add(a, b=None)": "Adds."}


async def test_a_description_is_cleaned_of_secrets(tenants: Any) -> None:
    """A server that tells the secret which it was given tells models its name."""
    tenant = await tenants(mcp_servers=[stdio("it", env={"TOKEN": "{secret:TOKEN}"})])
    told = await eventually(tenant)
    assert told["tool.it_big(a, b=None)"] == "[secret TOKEN]"
    assert SECRET not in str(told)


async def test_servers_that_are_away_or_silent_cost_a_second(tenants: Any, server_url: str) -> None:
    """They are left out, the others are told; nobody is asked again for each task."""
    with silence() as url:
        servers = [
            {"name": "far", "url": server_url},
            {"name": "away", "url": "http://127.0.0.1:9/mcp"},
            {"name": "silent", "url": url},
            stdio("missing") | {"command": ["/nowhere/at/all"]},
            stdio("lacking", env={"X": "{secret:NEVER_SET}"}),
        ]
        tenant = await tenants(networks=LOOPBACK, mcp_servers=servers)
        await tenant.told()  # the library is loaded
        began = time.monotonic()
        told = await eventually(tenant)
        first = time.monotonic()
        assert {call.split("_")[0] for call in told} == {"tool.far"}
        assert first - began < 5
        for _ in range(5):
            assert await tenant.told() == told
        assert time.monotonic() - first < 1.5


async def test_a_slow_server_is_told_of_later(tenants: Any) -> None:
    """The first task does not wait for it; those after it have its tools."""
    run = f"sys.argv[:] = ['', 'stdio']; runpy.run_path({str(SERVER)!r}, run_name='__main__')"
    slow = f"import runpy, sys, time; time.sleep(2.5); {run}"
    tenant = await tenants(mcp_servers=[stdio("it") | {"command": [sys.executable, "-c", slow]}])
    assert await tenant.told() == {}
    assert "tool.it_add(a, b=None)" in await eventually(tenant)


async def eventually(tenant: Any) -> dict[str, str]:
    """What is told as soon as there is something, within twenty seconds."""
    for _ in range(100):
        if told := await tenant.told():
            return dict(told)
        await asyncio.sleep(0.2)
    raise AssertionError("nothing was told")


async def grant(tenant: Any, change: UserChange) -> None:
    """Change what the user may do."""
    async with tenant.database.org(tenant.org_id) as conn:
        await users.update(conn, tenant.user_id, change)
