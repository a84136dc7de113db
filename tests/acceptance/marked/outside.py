"""The servers around an installation: what its tools ask, what its webhooks and Slack's posts are sent to, MCP."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

MCP_SERVER = Path(__file__).parents[2] / "integration" / "mcp" / "server.py"


@dataclass
class Outside:
    """A server that answers tools with what it was sent, and takes deliveries at the second attempt."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    """All of the requests of tools."""
    delivered: list[str] = field(default_factory=list)
    """The bodies of webhooks."""
    posted: list[str] = field(default_factory=list)
    """The bodies of posts to Slack."""
    tokens: set[str] = field(default_factory=set)
    """With which they came."""
    mcp: str = ""
    """The address of an MCP server."""


@contextmanager
def outside(mcp_token: str) -> Iterator[Outside]:
    """They run. The MCP server describes one of its tools with the token."""
    told = Outside()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            status, answer = _answer(told, self.path, dict(self.headers), body)
            self.send_response(status)
            self.send_header("content-type", "application/json" if self.path.startswith("/api/") else "text/plain")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, _mcp_server(mcp_token) as told.mcp:
        told.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield told
        server.shutdown()


def _answer(told: Outside, path: str, headers: dict[str, str], body: str) -> tuple[int, bytes]:
    sent = json.dumps([path, headers, body], ensure_ascii=False)
    if path == "/hook":
        told.delivered.append(body)
        return (500 if len(told.delivered) == 1 else 200), sent.encode()
    if path.startswith("/api/"):
        told.posted.append(body)
        told.tokens.add(headers["Authorization"].removeprefix("Bearer "))
        first = {"ok": False, "error": sent}
        return 200, json.dumps(first if len(told.posted) == 1 else {"ok": True, "ts": "1.1"}).encode()
    told.asked.append(sent)
    raw = "".join([sent, base64.b64encode(sent.encode()).decode(), quote(path), quote(body)]).encode()
    return (500 if "broken" in path else 200), raw


@contextmanager
def _mcp_server(token: str) -> Iterator[str]:
    given = {**os.environ, "TOKEN": f"A tool for {token}"}
    with subprocess.Popen(
        [sys.executable, str(MCP_SERVER), "http"], stdout=subprocess.PIPE, text=True, env=given
    ) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/mcp"
        finally:
            process.kill()
