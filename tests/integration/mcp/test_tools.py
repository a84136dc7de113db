"""Tools of real MCP server processes, over HTTP and stdio, called as agents' tools."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from greatwheel.core.errors import InDoubt, NotAvailable, PermissionDenied, ToolFailed
from greatwheel.runtime.services import Effect, Read
from greatwheel.tenancy import users
from greatwheel.tenancy.users import UserChange
from greatwheel.tools import mcp_store
from greatwheel.tools.mcp_declarations import McpServer

from .conftest import SECRET, http_server, stdio

LOOPBACK = ["127.0.0.1/32"]


def remote(url: str, name: str = "far", **more: Any) -> dict[str, Any]:
    """The declaration of a server at an address."""
    return {"name": name, "url": url, **more}


@pytest.mark.parametrize("transport", ["http", "stdio"])
async def test_a_servers_tools_are_called_by_its_name_and_theirs(tenants: Any, server_url: str, transport: str) -> None:
    """Results are texts, data, or what is left of mixed content; odd names are written with `_`."""
    server = remote(server_url, "it") if transport == "http" else stdio("it")
    tenant = await tenants(networks=LOOPBACK, mcp_servers=[server])
    assert await tenant.call("it_add", 2, b=3) == "5"
    assert await tenant.call("it_add", 2) == "3"
    assert await tenant.call("authorized_action", action="it_add", params={"a": 1, "b": 1}) == "2"
    assert await tenant.call("it_data") == {"deep": [1, {"x": None}]}
    assert await tenant.call("it_mixed") == "one\n[image was left out]"
    assert await tenant.call("it_odd_name_v2") == "called odd-name.v2 with []"
    assert await tenant.call("it_itself", x={"x": {}}, y={}) == "called itself with ['x', 'y']"


async def test_what_a_server_says_wrongly_of_itself_costs_that_tool_alone(tenants: Any, server_url: str) -> None:
    """Tools with impossible schemas or names are not there, and the others are."""
    tenant = await tenants(networks=LOOPBACK, mcp_servers=[remote(server_url)])
    for name in ("far_nowhere", "far_remote", "far_untyped", "far__"):
        with pytest.raises(NotAvailable, match="has no tool"):
            await tenant.call(name)
    with pytest.raises(NotAvailable, match="there is far_add"):
        await tenant.call("far_ad")
    with pytest.raises(NotAvailable, match="no tool 'away_add'"):
        await tenant.call("away_add")


async def test_arguments_are_checked_before_the_server_is_asked(tenants: Any, server_url: str) -> None:
    """Python's errors tell a call that does not fit; a hostile pattern is not tried."""
    tenant = await tenants(networks=LOOPBACK, mcp_servers=[remote(server_url)])
    with pytest.raises(TypeError, match="needs a"):
        await tenant.call("far_add")
    with pytest.raises(ValueError, match="'x' is not of type 'integer'"):
        await tenant.call("far_add", "x")
    with pytest.raises(TypeError, match="no parameter 'c'"):
        await tenant.call("far_add", 1, c=2)
    began = time.monotonic()
    with pytest.raises(InDoubt):  # the server fails in the middle: it has no file
        await tenant.call("far_note", "a" * 40 + "!")  # minutes, if its pattern were tried
    assert time.monotonic() - began < 5


async def test_permissions_are_as_for_other_tools(tenants: Any) -> None:
    """Without a grant of the name nothing is asked of the server, not even its tools."""
    tenant = await tenants(networks=LOOPBACK, mcp_servers=[remote("http://127.0.0.1:9/mcp")])
    async with tenant.database.org(tenant.org_id) as conn:
        await users.update(conn, tenant.user_id, UserChange(deny=["far_*"]))
    for name, kwargs in (("far_add", {}), ("authorized_action", {"action": "far_add"})):
        with pytest.raises(PermissionDenied, match="far_add is denied to the user"):
            await tenant.call(name, **kwargs)


async def test_a_tool_is_an_effect_unless_a_trusted_server_says_that_it_reads(tenants: Any, server_url: str) -> None:
    """The hint counts only where the declaration trusts the server."""
    servers = [remote(server_url, "far"), remote(server_url, "near", trust_hints=True)]
    tenant = await tenants(networks=LOOPBACK, mcp_servers=servers)
    kinds = {name: await tenant.kind(name) for name in ("far_add", "near_add", "near_note")}
    assert {name: type(kind) for name, kind in kinds.items()} == {
        "far_add": Effect,
        "near_add": Read,
        "near_note": Effect,
    }
    assert [kind.repeatable for kind in kinds.values() if isinstance(kind, Effect)] == [False, False]


async def test_secrets_are_placed_by_name_and_cleaned_from_what_comes_back(tenants: Any, server_url: str) -> None:
    """The server gets the secret; results, errors of tools and errors of the protocol have its name alone."""
    headers = {"Authorization": "Bearer {secret:TOKEN}", "X-Plain": "plain"}
    local = stdio("near", env={"TOKEN": "{secret:TOKEN}"})
    tenant = await tenants(networks=LOOPBACK, mcp_servers=[remote(server_url, headers=headers), local])
    for server in ("far", "near"):
        said = await tenant.call(f"{server}_seen")
        assert "[secret TOKEN]" in said
        assert SECRET not in said
        for name in ("fail", "refuse"):
            with pytest.raises(ToolFailed) as raised:
                await tenant.call(f"{server}_{name}")
            assert "[secret TOKEN]" in str(raised.value)
            assert SECRET not in str(raised.value)
            assert "\n" not in str(raised.value)


async def test_a_command_gets_little_of_the_environment(tenants: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and addresses of the worker's environment are not handed on."""
    monkeypatch.setenv("GREATWHEEL_MASTER_KEY", "very-secret")
    monkeypatch.setenv("DATABASE_URL", "postgresql://x")
    tenant = await tenants(mcp_servers=[stdio(env={"OWN": "1"})])
    said = await tenant.call("files_seen")
    assert "'OWN': '1'" in said
    assert "MASTER" not in said
    assert "DATABASE_URL" not in said


@pytest.mark.parametrize("transport", ["http", "stdio"])
async def test_an_answer_that_is_too_long_is_not_passed_on(tenants: Any, server_url: str, transport: str) -> None:
    """It is not read to its end; the next call works."""
    server = remote(server_url, "it") if transport == "http" else stdio("it")
    tenant = await tenants(networks=LOOPBACK, mcp_servers=[{**server, "max_response_bytes": 20_000}])
    assert len(await tenant.call("it_big", 30_000)) == 30_000  # twice as many characters are passed on
    with pytest.raises(InDoubt, match="got no answer"):
        await tenant.call("it_big", 3_000_000)
    assert (await tenant.call("it_big", 60_000)).endswith("[cut: the result has 60,000 characters]")
    assert await tenant.call("it_add", 1) == "2"


@pytest.mark.parametrize("transport", ["http", "stdio"])
async def test_a_call_that_is_never_answered_ends_in_time(tenants: Any, server_url: str, transport: str) -> None:
    """An effect is in doubt then; others on the same connection are not kept up."""
    server = remote(server_url, "it") if transport == "http" else stdio("it")
    tenant = await tenants(networks=LOOPBACK, mcp_servers=[{**server, "seconds": 1.5}])
    assert await tenant.call("it_add", 1) == "2"
    began = time.monotonic()
    hanging = asyncio.create_task(tenant.call("it_hang"))
    await asyncio.sleep(0.1)
    assert await tenant.call("it_add", 5) == "6"
    assert time.monotonic() - began < 1.4
    with pytest.raises(InDoubt, match=r"longer than 1\.5 seconds; it may or may not have been done"):
        await hanging
    assert time.monotonic() - began < 4


async def test_a_process_that_dies_is_in_doubt_and_started_anew(tenants: Any) -> None:
    """Whoever asked gets no answer; the next call has another process."""
    tenant = await tenants(mcp_servers=[stdio(trust_hints=True)])
    with pytest.raises(InDoubt, match="got no answer"):
        await tenant.call("files_die")
    assert await tenant.call("files_add", 1) == "2"


async def test_a_server_that_is_down_is_told_at_once_and_used_when_it_is_back(tenants: Any) -> None:
    """Nobody waits for it: neither its own callers for a while, nor those of other servers."""
    with http_server() as (process, url):
        tenant = await tenants(networks=LOOPBACK, mcp_servers=[remote(url, "far"), stdio("near")])
        assert await tenant.call("far_add", 1) == "2"
        process.kill()
        process.wait()
    with pytest.raises(ToolFailed, match="could not connect"):
        await tenant.call("far_add", 1)
    assert await tenant.call("near_add", 1) == "2"
    with http_server(int(url.split(":")[2].split("/")[0])):
        assert await tenant.call("far_add", 2) == "3"  # the old session is forgotten, a new one is opened


async def test_a_server_that_was_never_there_is_one_typed_error(tenants: Any) -> None:
    """No connection, no such command, and no MCP behind the address are errors that the agent can catch."""
    servers = [
        remote("http://127.0.0.1:9/mcp", "a"),
        {"name": "b", "command": ["/no/such/command"]},
        {"name": "c", "command": [sys.executable, "-c", "print('hello')"]},
        remote("http://nowhere.invalid/mcp", "d"),
    ]
    tenant = await tenants(networks=LOOPBACK, mcp_servers=servers)
    for name in "abcd":
        for _ in range(2):
            with pytest.raises(ToolFailed, match=f"MCP server {name} can't be used: ") as raised:
                await tenant.call(f"{name}_x")
            assert "\n" not in str(raised.value)


async def test_private_addresses_are_refused(tenants: Any, server_url: str) -> None:
    """The operator's networks are the operator's alone: an organisation's own server must be elsewhere."""
    tenant = await tenants(networks=LOOPBACK)
    async with tenant.database.org(tenant.org_id) as conn:
        await mcp_store.add(conn, tenant.org_id, McpServer(name="mine", url=server_url))
    with pytest.raises(ToolFailed, match="not public"):
        await tenant.call("mine_add", 1)
    tenant = await tenants("open", tenant_networks=LOOPBACK)
    async with tenant.database.org(tenant.org_id) as conn:
        await mcp_store.add(conn, tenant.org_id, McpServer(name="mine", url=server_url))
    assert await tenant.call("mine_add", 1) == "2"


async def test_another_organisations_server_is_not_there(tenants: Any, server_url: str) -> None:
    """What one declared, another neither calls nor sees; and what a worker saw is told to the one."""
    acme = await tenants("acme", tenant_networks=LOOPBACK)
    other = await tenants("other", tenant_networks=LOOPBACK)
    async with acme.database.org(acme.org_id) as conn:
        await mcp_store.add(conn, acme.org_id, McpServer(name="mine", url=server_url))
    assert await acme.call("mine_add", 1) == "2"
    with pytest.raises(NotAvailable, match="no tool 'mine_add'"):
        await other.call("mine_add", 1)
    async with other.database.org(other.org_id) as conn:
        assert await mcp_store.list_all(conn) == []
    async with acme.database.org(acme.org_id) as conn:
        [kept] = await mcp_store.list_all(conn)
    assert kept.seen is not None
    assert {"name": "mine_add", "description": "Adds.", "kind": "effect"} in kept.seen["tools"]
    assert kept.seen["skipped"]["nowhere"].endswith("is not there")


async def test_each_organisation_has_its_own_process(tenants: Any, tmp_path: Path) -> None:
    """What a server keeps for one it keeps from others."""
    servers = [stdio(env={"PID_FILE": str(tmp_path / "pid")})]
    acme, other = await tenants("acme", mcp_servers=servers), await tenants("other", mcp_servers=servers)
    other.tools, other.servers = acme.tools, acme.servers  # one worker
    await acme.call("files_add", 1)
    first = (tmp_path / "pid").read_text()
    await other.call("files_add", 1)
    assert (tmp_path / "pid").read_text() != first


async def test_no_process_is_left_behind(tenants: Any, tmp_path: Path) -> None:
    """The end of the worker ends its servers, also one that does not want to, and what it has started."""
    stubborn = (
        "import os, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen(['sleep', '300'])\n"
        f"open({str(tmp_path / 'pids')!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(300)\n"
    )
    servers = [
        stdio(env={"PID_FILE": str(tmp_path / "pid")}),
        {"name": "bad", "command": [sys.executable, "-c", stubborn]},
    ]
    tenant = await tenants(mcp_servers=servers)
    await tenant.call("files_add", 1)
    hanging = asyncio.create_task(tenant.call("bad_x"))
    await until(lambda: (tmp_path / "pids").exists() and (tmp_path / "pids").read_text() != "")
    pids = [int((tmp_path / "pid").read_text()), *map(int, (tmp_path / "pids").read_text().split())]
    await tenant.servers.close()
    with pytest.raises(ToolFailed):
        await hanging
    assert [pid for pid in pids if alive(pid)] == []


async def until(holds: Callable[[], bool]) -> None:
    """Wait for it, for ten seconds at most."""
    for _ in range(200):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come to hold")


def alive(pid: int) -> bool:
    """Whether it runs; a zombie of another parent does not."""
    status = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return status.stdout.strip() not in ("", "Z", "Zs")


@pytest.mark.parametrize("env", [{"OLD": "1"}, {}], ids=["handshake", "modern"])
@pytest.mark.parametrize("transport", ["http", "stdio"])
async def test_a_list_of_tools_is_kept_until_the_server_says_that_it_changed(
    tenants: Any, transport: str, env: dict[str, str]
) -> None:
    """It is asked for once; after a change that was told, as either age of the protocol tells it, again."""
    with http_server(**env) if transport == "http" else nullcontext((None, "")) as (_, url):
        server = remote(url, "it") if transport == "http" else stdio("it", env=env)
        tenant = await tenants(networks=LOOPBACK, mcp_servers=[server])
        for _ in range(3):
            assert await tenant.call("it_lists") == "1"
        assert await tenant.call("it_grow") == "extra0"
        for _ in range(100):
            if await tenant.call("it_lists") != "1":
                break
            await asyncio.sleep(0.05)
        assert await tenant.call("it_extra0") == "called extra0 with []"


async def test_many_calls_at_once_share_one_connection(tenants: Any, tmp_path: Path) -> None:
    """They are all answered, each with its own answer."""
    tenant = await tenants(mcp_servers=[stdio(env={"NOTES": str(tmp_path / "notes")})])
    answers = await asyncio.gather(*[tenant.call("files_add", number) for number in range(50)])
    assert answers == [str(number + 1) for number in range(50)]
    assert await tenant.call("files_note", "aaa") == "noted"
    assert (tmp_path / "notes").read_text() == "aaa\n"
