"""A relay in front of the model server that counts what a foreign system uses, however that system ends."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from greatwheel.core.usage import Usage


class Meter:
    """Counts the answered chat requests that went through the relay."""

    def __init__(self, upstream: str, api_key: str) -> None:
        self._client = httpx.Client(
            base_url=upstream, headers={"authorization": f"Bearer {api_key}", "connection": "close"}, timeout=None
        )
        self._lock = threading.Lock()
        self._usage = Usage()
        self.base_url = ""
        """Where the relay listens, set while it runs."""

    @property
    def usage(self) -> Usage:
        """What was counted so far."""
        with self._lock:
            return self._usage

    def relay(self, path: str, body: bytes) -> tuple[int, bytes]:
        """The server's answer to a request, counted; 502 when the relay was stopped meanwhile."""
        try:
            reply = self._client.post(path, content=body, headers={"content-type": "application/json"})
        except (httpx.HTTPError, RuntimeError) as error:
            return 502, json.dumps({"error": {"message": f"the relay got no answer: {error}"}}).encode()
        if reply.status_code == 200:
            self._count(reply.json().get("usage") or {})
        return reply.status_code, reply.content

    def _count(self, usage: dict[str, Any]) -> None:
        one = Usage(
            prompt_tokens=int(usage.get("prompt_tokens", 0)),
            completion_tokens=int(usage.get("completion_tokens", 0)),
            model_calls=1,
        )
        with self._lock:
            self._usage += one

    def close(self) -> None:
        """Drop the requests in flight, so that the server stops working on them."""
        self._client.close()


@contextmanager
def metered(upstream: str, api_key: str) -> Iterator[Meter]:
    """A relay on a free loopback port to `upstream` (up to `/v1`), until the block ends."""
    meter = Meter(upstream, api_key)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name is the base class's
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, answer = meter.relay(self.path.removeprefix("/v1"), body)
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    meter.base_url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield meter
    finally:
        meter.close()
        server.shutdown()
        server.server_close()
