"""The counting relay and the rlms worker behind it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from greatwheel.bench.longcontext.meter import metered
from greatwheel.bench.longcontext.scoring import Name
from greatwheel.bench.longcontext.serving import Served
from greatwheel.bench.longcontext.systems.rlms import Rlms
from greatwheel.bench.longcontext.task import BenchTask
from greatwheel.core.usage import Usage


class Scripted:
    """An OpenAI-compatible server that gives the same reply each time."""

    def __init__(self, text: str, status: int = 200) -> None:
        self.text = text
        self.status = status
        self.keys: list[str] = []
        self.base_url = ""

    @contextmanager
    def running(self) -> Iterator[None]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                owner.keys.append(self.headers["authorization"])
                choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": owner.text}}
                usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
                reply = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
                body = json.dumps({**reply, "choices": [choice], "usage": usage}).encode()
                self.send_response(owner.status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.base_url = f"http://127.0.0.1:{server.server_address[1]}/v1"
            yield
            server.shutdown()


def task() -> BenchTask:
    return BenchTask(family="x", seed=0, question="Which code?", context="the code is K1", expected=Name(value="K1"))


def served(server: Scripted) -> Served:
    return Served(chat=None, base_url=server.base_url, api_key="secret", model="m", window=8_192)  # type: ignore[arg-type]


def test_the_relay_counts_answered_requests_and_adds_the_key() -> None:
    """Usage is the server's own; a request that was refused is passed on and not counted."""
    server = Scripted("hello")
    with server.running(), metered(server.base_url, "secret") as meter:
        for status in (200, 200, 400):
            server.status = status
            assert httpx.post(f"{meter.base_url}/chat/completions", json={"x": 1}).status_code == status
        assert meter.usage == Usage(prompt_tokens=200, completion_tokens=20, model_calls=2)
        assert set(server.keys) == {"Bearer secret"}


async def test_rlms_answers_through_the_relay() -> None:
    """The worker runs rlms' own loop, and its tokens are counted from the outside."""
    pytest.importorskip("rlm")
    server = Scripted('```repl\nanswer["content"] = context[-2:]\nanswer["ready"] = True\n```')
    with server.running():
        outcome = await Rlms(served(server)).answer(task())
    assert (outcome.answer, outcome.error) == ("K1", "")
    assert outcome.usage == Usage(prompt_tokens=100, completion_tokens=10, model_calls=1)


async def test_an_rlms_run_that_never_ends_is_killed() -> None:
    """Code of the model that loops for ever ends with the time cap, and is an error."""
    pytest.importorskip("rlm")
    server = Scripted("```repl\nwhile True: pass\n```")
    with server.running():
        outcome = await Rlms(served(server), seconds=3).answer(task())
    assert (outcome.answer, outcome.error) == ("", "stopped after 3 seconds")
    assert outcome.usage.model_calls <= 1  # a slow machine may not come as far as the first call
