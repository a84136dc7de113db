"""A real HTTP server to call tools against."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest


@dataclass
class EchoServer:
    """Answers with what it was sent; some paths misbehave."""

    port: int = 0
    received: list[dict[str, Any]] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    echo: EchoServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        request = {
            "method": self.command,
            "path": parts.path,
            "query": dict(parse_qsl(parts.query, keep_blank_values=True)),
            "headers": {key.lower(): value for key, value in self.headers.items()},
            "body": body,
        }
        self.echo.received.append(request)
        getattr(self, f"_{parts.path.strip('/').split('/')[0]}", self._echo)(request)

    do_POST = do_DELETE = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _say(self, text: str | bytes, status: int = 200, **headers: str) -> None:
        raw = text.encode() if isinstance(text, str) else text
        given = str(self.headers["authorization"])
        self.send_response(status, f"For {given}")
        self.send_header("x-for", given)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _echo(self, request: dict[str, Any]) -> None:
        self._say(json.dumps(request))

    def _near(self, request: dict[str, Any]) -> None:
        self._say("", 302, location="/echo?from=near")

    def _away(self, request: dict[str, Any]) -> None:
        self._say("", 302, location=f"http://localhost:{self.echo.port}/echo")

    def _round(self, request: dict[str, Any]) -> None:
        self._say("", 302, location="/round")

    def _big(self, request: dict[str, Any]) -> None:
        self._say(request["query"].get("fill", "x") * int(request["query"]["n"]))

    def _broken(self, request: dict[str, Any]) -> None:
        self._say(f"no good: {request['headers'].get('authorization')}", 500)

    def _packed(self, request: dict[str, Any]) -> None:
        """As `how` says: the value as JSON, much longer than it looks, cut off, or in a coding of its own."""
        how = request["query"]["how"]
        plain = b"0" * 20_000_000 if how == "bomb" else json.dumps(request["query"]).encode()
        packed = gzip.compress(plain, 1)
        self._say(packed[:-12] if how == "cut" else packed, content_encoding="own" if how == "own" else "gzip")

    def _status(self, request: dict[str, Any]) -> None:
        self._say("so it is", int(request["query"]["code"]), location="http://[")

    def _hang(self, request: dict[str, Any]) -> None:
        self.echo.release.wait(20)
        self.close_connection = True

    def _drop(self, request: dict[str, Any]) -> None:
        self.close_connection = True

    def _search(self, request: dict[str, Any]) -> None:
        found = [
            {
                "title": f"Page {n} on {request['query']['q']}",
                "url": f"https://e.example/{n}",
                "content": "words " * 200,
            }
            for n in range(1, 9)
        ]
        self._say(json.dumps({"query": request["query"]["q"], "results": found}))


@pytest.fixture
def echo() -> Iterator[EchoServer]:
    """A server of the test's own."""
    state = EchoServer()
    handler = type("Handler", (_Handler,), {"echo": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        state.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield state
        state.release.set()
        server.shutdown()
        thread.join()
