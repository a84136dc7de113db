"""The world outside: a model server and a receiver of orders, which count what they are asked."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from greatwheel.testing.server_formats import FakeRequest
from greatwheel.testing.servers import FakeModelServer

MARK = " §"
"""What follows it in a text differs from run to run."""
SECONDS = 0.002
"""That a model and a receiver take: a kill from outside must have a chance to fall into it."""
MODEL, EMBEDDER = "fake", "nomic-embed-text"
_STEP = "-step-"
_CHILD_CODE = """import random
seen = llm_query(f"a child reads {context.split(' §')[0]} §{random.random()}")
memory.store("seen", seen, scope="session")
print(seen)"""


@dataclass(kw_only=True, slots=True)
class Asked:
    """What was asked of the model under one idempotency key."""

    times: list[float] = field(default_factory=list)
    """When, in seconds since 1970; more than one: it was sent again."""
    texts: set[str] = field(default_factory=set)
    """What was sent; more than one: the key was used for another request."""
    answered: int = 0
    """How often the whole answer was sent to a worker that lived; a server that knows no keys is paid for each."""

    @property
    def completed_again(self) -> int:
        """Answers that a worker got and could not make durable before it died."""
        return max(0, self.answered - 1)


class CountingModel:
    """Answers by what is asked alone; a request whose key it knows costs nothing, as at a server that honours keys.

    It speaks Ollama's protocol. Embeddings have no keys: they are known by their text, which says whose it is.
    """

    def __init__(self) -> None:
        self._asked: defaultdict[str, Asked] = defaultdict(Asked)
        self._embedded: defaultdict[str, Asked] = defaultdict(Asked)
        self._lock = threading.Lock()
        self.keyless = 0
        """Chats without a key: each of them is paid."""
        models = (MODEL, EMBEDDER)
        self._server = FakeModelServer(self._reply, delay=SECONDS, models=models, witness=self)

    @property
    def url(self) -> str:
        """Where it is."""
        return self._server.url

    @property
    def chats(self) -> dict[str, Asked]:
        """What was asked so far, by idempotency key."""
        with self._lock:
            return dict(self._asked)

    @property
    def embeddings(self) -> dict[str, Asked]:
        """What was embedded so far, by the text before its mark."""
        with self._lock:
            return dict(self._embedded)

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.__exit__(*exc)

    def asked(self, request: FakeRequest) -> None:
        """See `Witness`."""
        self._server.requests.clear()  # they are counted here
        with self._lock:
            asked = self._known(request)
            asked.times.append(time.time())
            asked.texts.add(_text_of(request))
            self.keyless += "messages" in request.body and not _key_of(request)

    def answered(self, request: FakeRequest) -> None:
        """See `Witness`."""
        with self._lock:
            self._known(request).answered += 1

    def _known(self, request: FakeRequest) -> Asked:
        if "messages" in request.body:
            return self._asked[_key_of(request)]
        return self._embedded[_text_of(request).split(MARK)[0]]

    def _reply(self, request: FakeRequest) -> str:
        key = _key_of(request)
        if _STEP not in key:
            return "said-" + hashlib.sha256(_text_of(request).split(MARK)[0].encode()).hexdigest()[:8]
        return _CHILD_CODE if key.endswith(f"{_STEP}1") else 'FINAL("found " + seen)'


def _key_of(request: FakeRequest) -> str:
    return request.headers.get("idempotency-key", "")


def _text_of(request: FakeRequest) -> str:
    if "messages" in request.body:
        return "\n".join(message["content"] for message in request.body["messages"])
    return "\n".join(request.body["input"])


@dataclass(kw_only=True, slots=True)
class Received:
    """What became of one order."""

    done: int = 0
    sent: int = 0


class CountingReceiver:
    """Takes orders by POST: `/charge` carries out each one that comes, `/note` each idempotency key once."""

    def __init__(self) -> None:
        self._orders: defaultdict[str, Received] = defaultdict(Received)
        self._keys: set[str] = set()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="receiver", daemon=True)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def orders(self) -> dict[str, Received]:
        """What came so far."""
        with self._lock:
            return dict(self._orders)

    def take(self, order: str, key: str | None) -> None:
        """An order has come; a key that is known does nothing."""
        with self._lock:
            received = self._orders[order]
            received.sent += 1
            if key is None or key not in self._keys:
                received.done += 1
            if key is not None:
                self._keys.add(key)
        time.sleep(SECONDS)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                raw = self.rfile.read(length)
                if len(raw) < length:
                    return  # the worker died while it sent this
                body = json.loads(raw)
                key = self.headers["idempotency-key"] if self.path == "/note" else None
                receiver.take(body["order"], key)
                self._answer(f"{self.path[1:]} taken")

            def do_GET(self) -> None:
                self._answer({"thing": parse_qs(urlsplit(self.path).query)["thing"][0]})

            def _answer(self, value: Any) -> None:
                body = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        return Handler


def tools_toml(receiver: str) -> str:
    """The installation's tools, all at that receiver."""
    return f"""networks = ["127.0.0.1/32"]

[[tools]]
name = "charge"
description = "An order that is carried out as often as it comes."
method = "POST"
url = "{receiver}/charge"
parameters = {{ order = "string", mark = "string" }}
body = {{ order = "{{order}}", mark = "{{mark}}" }}

[[tools]]
name = "note"
description = "An order that is carried out once, told by its key."
method = "POST"
url = "{receiver}/note"
parameters = {{ order = "string", mark = "string" }}
body = {{ order = "{{order}}", mark = "{{mark}}" }}
idempotency_header = "Idempotency-Key"

[[tools]]
name = "look"
description = "Reads."
url = "{receiver}/look"
query = {{ thing = "{{thing}}" }}
parameters = {{ thing = "string" }}
"""
