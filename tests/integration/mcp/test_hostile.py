"""Servers that are none, or that mean harm: each costs its own callers an error, and nobody anything else."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from greatwheel.core.errors import InDoubt, ToolFailed
from greatwheel.core.ids import OrgId
from greatwheel.tools import mcp_store
from greatwheel.tools.mcp_connection import Link
from greatwheel.tools.mcp_declarations import McpServer
from greatwheel.tools.mcp_pool import McpPool, Place
from greatwheel.tools.mcp_stdio import over_stdio

from .conftest import SECRET, SERVER

HEADERS = {"Authorization": "Bearer {secret:TOKEN}"}


class _Hostile(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        getattr(self, f"_{self.path.strip('/')}")(self.headers.get("authorization", ""))

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _say(self, text: str, kind: str = "application/json", status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("content-length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def _garbage(self, secret: str) -> None:
        self._say('{"jsonrpc": "2.0", "' + secret)

    def _other(self, secret: str) -> None:
        self._say('{"jsonrpc": "2.0", "id": 1, "result": {"capabilities": "' + secret + '"}}')

    def _html(self, secret: str) -> None:
        self._say(f"<p>{secret}</p>", "text/html")

    def _broken(self, secret: str) -> None:
        self._say(secret, status=500)

    def _away(self, secret: str) -> None:
        self._say("", status=307, location="http://169.254.169.254/latest/meta-data")

    def _packed(self, secret: str) -> None:
        self._say("{}", content_encoding="gzip")

    def _silent(self, secret: str) -> None:
        self.close_connection = True
        time.sleep(4)

    def _endless(self, secret: str) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.close_connection = True
        message = f'{{"jsonrpc": "2.0", "method": "notifications/x", "params": {{"a": "{secret}"}}}}'
        note = f"event: message\ndata: {message}\n\n"
        try:
            for _ in range(100_000):
                self.wfile.write(note.encode())
        except OSError:
            pass  # it was cut off


@pytest.fixture(scope="module")
def hostile() -> Iterator[str]:
    """Its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hostile) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("how", ["garbage", "other", "html", "broken", "away", "packed", "endless", "silent"])
async def test_what_is_no_mcp_is_one_error(
    tenants: Any, hostile: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It comes soon, in one line; neither it nor a log has the secret that the server echoes."""
    caplog.set_level(logging.DEBUG, logger="greatwheel")
    server = {"name": "bad", "url": f"{hostile}/{how}", "headers": HEADERS, "seconds": 2}
    tenant = await tenants(networks=["127.0.0.1/32"], mcp_servers=[server])
    async with asyncio.timeout(15):
        with pytest.raises(ToolFailed, match="MCP server bad can't be used: ") as raised:
            await tenant.call("bad_x")
    assert "\n" not in str(raised.value)
    assert SECRET not in str(raised.value) + caplog.text


class _Careless(BaseHTTPRequestHandler):
    """Speaks MCP until a tool is called; each tool has a way of its own to answer badly."""

    protocol_version = "HTTP/1.1"
    pages = 0

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        match asked["method"]:
            case "initialize":
                info = {"name": "careless", "version": "1"}
                self._result(
                    asked, {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": info}
                )
            case "server/discover" if self.path == "/telling":
                capabilities = {"tools": {"listChanged": True}}
                self._result(asked, {"supportedVersions": ["2026-07-28"], "capabilities": capabilities})
            case "subscriptions/listen":
                self._error(asked, -32000, f"not for {self.headers['authorization']}")
            case "tools/list" if self.path == "/endless":
                tool = {"name": "t", "description": "x" * 150_000, "inputSchema": {"type": "object"}}
                _Careless.pages += 1
                self._result(asked, {"tools": [tool], "nextCursor": "on"})
            case "tools/list":
                described = {"description": "a\x00b", "inputSchema": {"type": "object"}}
                listed = {"tools": [{"name": name, **described} for name in _CARELESS]}
                self._result(asked, {**listed, "resultType": "complete", "ttlMs": 0, "cacheScope": "private"})
            case "tools/call":
                getattr(self, f"_{asked['params']['name']}")(asked)
            case method if method.startswith("notifications/"):
                self._say(b"", 202)
            case _:
                self._error(asked, -32601)

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _say(self, raw: bytes, status: int = 200, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status, f"For {self.headers['authorization']}")
        headers["x-for"] = str(self.headers["authorization"])
        for key, value in {"content-type": kind, "content-length": str(len(raw)), **headers}.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(raw)

    def _result(self, asked: Any, result: Any, **headers: str) -> None:
        raw = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}).encode()
        self._say(gzip.compress(raw) if headers else raw, **headers)

    def _error(self, asked: Any, code: int, message: str = "not so") -> None:
        error = {"code": code, "message": message}
        self._say(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "error": error}).encode())

    def _packed(self, asked: Any) -> None:
        done = {"content": [{"type": "text", "text": "done"}], "resultType": "complete"}
        self._result(asked, done, content_encoding="gzip")

    def _bomb(self, asked: Any) -> None:
        self._result(asked, {"content": [{"type": "text", "text": "0" * 20_000_000}]}, content_encoding="gzip")

    def _own(self, asked: Any) -> None:
        self._say(b"?", content_encoding="own")

    def _accepted(self, asked: Any) -> None:
        self._say(b"", 202)

    def _elsewhere(self, asked: Any) -> None:
        self._say(b"", 303, location="http://localhost:9/done")

    def _html(self, asked: Any) -> None:
        self._say(b"<p>done</p>", kind="text/html")

    def _broken(self, asked: Any) -> None:
        self._say(b"oh no", 500, "text/plain")

    def _shapeless(self, asked: Any) -> None:
        self._result(asked, {"content": 3})

    def _internal(self, asked: Any) -> None:
        self._error(asked, -32603)

    def _dropped(self, asked: Any) -> None:
        self.close_connection = True

    def _cut(self, asked: Any) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "100")
        self.end_headers()
        self.wfile.write(b'{"jsonrpc": ')
        self.close_connection = True

    def _params(self, asked: Any) -> None:
        self._error(asked, -32602)

    def _unknown(self, asked: Any) -> None:
        self._error(asked, -32601)


_IN_DOUBT = (
    *("bomb", "own", "accepted", "elsewhere", "html", "broken"),
    *("shapeless", "internal", "dropped", "cut"),
)
_CARELESS = (*_IN_DOUBT, "packed", "params", "unknown")


@pytest.fixture(scope="module")
def careless() -> Iterator[str]:
    """Its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Careless) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


async def test_an_effect_has_failed_only_when_it_was_refused(tenants: Any, careless: str) -> None:
    """After any other answer than a result or a refusal of the arguments nobody knows whether it was done."""
    tenant = await tenants(networks=["127.0.0.1/32"], mcp_servers=[{"name": "it", "url": careless, "seconds": 5}])
    assert await tenant.call("it_packed") == "done"
    for name in _IN_DOUBT:
        with pytest.raises(InDoubt, match=rf"^tool\.it_{name}.*may or may not have been done"):
            await tenant.call(f"it_{name}")
    for name in ("params", "unknown"):
        with pytest.raises(ToolFailed, match="not so"):
            await tenant.call(f"it_{name}")
    assert await tenant.call("it_packed") == "done"


@pytest.mark.parametrize("path", ["", "/telling"])
async def test_what_a_server_echoes_is_in_no_log(
    tenants: Any, careless: str, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in a header or a reason that a library logs, nor in the error of a stream that nobody waits for."""
    caplog.set_level(logging.DEBUG)
    server = {"name": "it", "url": careless + path, "headers": HEADERS, "seconds": 5}
    tenant = await tenants(networks=["127.0.0.1/32"], mcp_servers=[server])
    assert await tenant.call("it_packed") == "done"
    with pytest.raises(InDoubt):
        await tenant.call("it_internal")
    await tenant.servers.close()
    assert SECRET not in caplog.text
    assert (path == "/telling") == ("are not told" in caplog.text)


async def test_a_list_without_end_is_not_read_to_its_end(tenants: Any, careless: str) -> None:
    """Neither are five hundred tools with descriptions of the greatest length."""
    server = {"name": "it", "url": f"{careless}/endless", "seconds": 30}
    tenant = await tenants(networks=["127.0.0.1/32"], mcp_servers=[server])
    with pytest.raises(ToolFailed, match="its tools can't be listed: they are longer than"):
        await tenant.call("it_t")
    assert _Careless.pages < 60


async def test_a_tool_that_no_table_can_hold_is_used(tenants: Any, careless: str) -> None:
    """What an organisation's server says of itself can't be noted, and its tools work."""
    tenant = await tenants(tenant_networks=["127.0.0.1/32"])
    async with tenant.database.org(tenant.org_id) as conn:
        await mcp_store.add(conn, tenant.org_id, McpServer(name="mine", url=careless))
    assert await tenant.call("mine_packed") == "done"


async def test_a_connection_that_nobody_uses_is_closed(tmp_path: Path) -> None:
    """Its process ends after the idle time, and the next call has another."""
    pool: McpPool[int] = McpPool(idle_seconds=0.3)
    command = [sys.executable, str(SERVER), "stdio"]
    env = {"PATH": os.environ["PATH"], "PID_FILE": str(tmp_path / "pid")}
    link = Link(open=lambda ended: over_stdio(command, env, "", 200_000, ended), accept=len)
    place = Place(org_id=OrgId("org"), fingerprint="f")
    pids = []
    try:
        for _ in range(2):
            async with pool.connection(place, link) as connection:
                assert await connection.offer() > 10
            pids.append(int((tmp_path / "pid").read_text()))
            for _ in range(200):
                if not _runs(pids[-1]):
                    break
                await asyncio.sleep(0.05)
            assert not _runs(pids[-1])
    finally:
        await pool.close()
    assert pids[0] != pids[1]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
