"""The client that commands use, and `greatwheel submit`, against a server that is played."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from greatwheel.channels.cli import client as module
from greatwheel.channels.cli import reach
from greatwheel.channels.cli.app import app
from greatwheel.channels.cli.client import ApiClient, ServerUnavailable
from greatwheel.channels.cli.terminal import UNANSWERED
from greatwheel.channels.http.streaming import sse
from greatwheel.core.errors import BadInput, Conflict, GreatwheelError, LimitReached, NotFound

ENDED = {"status": "done", "outcome": "answered", "answer": "42", "error": None, "usage": None, "session_id": "ses_1"}

REACH = {"GREATWHEEL_URL": "http://wheel", "GREATWHEEL_API_KEY": "gwk_x"}


def client_of(answer: Callable[[httpx.Request], httpx.Response]) -> ApiClient:
    """A client of a server that answers so."""
    return ApiClient("http://wheel", "gwk_x", transport=httpx.MockTransport(answer))


def test_an_error_of_the_server_is_raised_as_ours() -> None:
    """An error comes back as the class that has its code; one without a class keeps its message."""
    for code, kind in (("thing.conflict", Conflict), ("limit.reached", LimitReached), ("new.thing", GreatwheelError)):
        body = {"error": {"code": code, "message": "what it said", "retryable": False}}
        with pytest.raises(kind, match="what it said"):
            client_of(lambda request, body=body: httpx.Response(409, json=body)).call("GET", "/api/me")  # type: ignore[misc]


def test_something_else_that_answers_is_no_server() -> None:
    """A page of another program, and nobody at all, are told as no server."""
    with pytest.raises(ServerUnavailable, match="status 502"):
        client_of(lambda request: httpx.Response(502, text="<html>")).call("GET", "/api/me")
    with pytest.raises(ServerUnavailable, match="greatwheel serve"):
        ApiClient("http://127.0.0.1:1", "gwk_x").call("GET", "/api/me")


def test_events_go_on_over_a_broken_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a connection broke the client asks for what follows the last event, and has each once."""
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["last-event-id"])
        match len(asked):
            case 1:
                return httpx.Response(200, content=sse("noted", {"n": 1}, 7) + b": ping\n\n")
            case 2:
                raise httpx.ConnectError("gone")
            case _:
                return httpx.Response(200, content=sse("noted", {"n": 2}, 9) + sse("task.ended", ENDED))

    told = list(client_of(answer).events("tsk_1"))
    assert told == [("noted", {"n": 1}), ("noted", {"n": 2}), ("task.ended", ENDED)]
    assert asked == ["0", "7", "7"]


def test_submit_prints_the_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The answer is on stdout, what happens on the way on stderr; --json prints events, --no-wait the task's id."""
    orders = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            orders.append(json.loads(request.content))
            return httpx.Response(202, json={"task_id": "tsk_1", "session_id": "ses_1"})
        said = sse("message.sent", {"text": "\x1b[31mhi"}, 1)
        return httpx.Response(200, content=said + sse("task.ended", ENDED))

    monkeypatch.setattr(reach, "ApiClient", lambda server, key: client_of(answer))
    run = CliRunner(env=REACH).invoke
    shown = run(app, ["submit", "do it", "--agent", "worker"])
    assert (shown.exit_code, shown.stdout) == (0, "42\n")
    assert "says: " in shown.stderr
    assert "\x1b" not in shown.stderr
    assert orders[0] == {"input": "do it", "agent": "worker", "priority": 0}
    own = tmp_path / "words.txt"
    own.write_text("Be brief.")
    run(app, ["submit", "do it", "--model", "small", "--instructions", str(own)])
    assert (orders[1]["model"], orders[1]["instructions"]) == ("small", "Be brief.")
    lines = run(app, ["submit", "do it", "--json"]).stdout.splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["message.sent", "task.ended"]
    assert run(app, ["submit", "do it", "--no-wait"]).stdout == "tsk_1\n"


def test_submit_fails_with_its_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that failed is told with its error and an exit code that is not zero; without a key nothing is asked."""
    failed = {**ENDED, "status": "failed", "outcome": None, "answer": None, "error": "ValueError: no"}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(202, json={"task_id": "tsk_1", "session_id": "ses_1"})
        return httpx.Response(200, content=sse("task.ended", failed))

    monkeypatch.setattr(reach, "ApiClient", lambda server, key: client_of(answer))
    shown = CliRunner(env=REACH).invoke(app, ["submit", "do it"])
    assert (shown.exit_code, shown.stdout) == (UNANSWERED, "")
    assert "failed: ValueError: no" in shown.stderr
    keyless = CliRunner(env={**REACH, "GREATWHEEL_API_KEY": ""}).invoke(app, ["submit", "do it"])
    assert isinstance(keyless.exception, BadInput)


def test_an_order_is_repeated_while_the_server_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order whose server is away is sent again with the same key until it is taken; what is refused is not."""
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    keys, told = [], []

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        match len(keys):
            case 1:
                raise httpx.ConnectError("gone")
            case 2:
                return httpx.Response(502, text="<html>")
            case 3:
                return httpx.Response(202, json={"task_id": "tsk_1"})
            case _:
                error = {"code": "thing.conflict", "message": "no", "retryable": False}
                return httpx.Response(409, json={"error": error})

    client = client_of(answer)
    made = client.patiently("POST", "/api/tasks", {}, headers={"idempotency-key": "k"}, tell=told.append)
    assert (made, keys, len(told)) == ({"task_id": "tsk_1"}, ["k"] * 3, 1)
    with pytest.raises(Conflict, match="no"):
        client.patiently("POST", "/api/tasks", {}, headers={"idempotency-key": "k"})
    assert len(keys) == 4


def test_an_error_ends_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in a stream is raised as ours, unless it may be tried again: then the stream goes on."""
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    streams = iter(
        [
            sse("noted", {"n": 1}, 1) + sse("error", {"error": {"code": "database.unavailable", "message": "wait"}}),
            sse("noted", {"n": 2}, 2) + sse("error", {"error": {"code": "thing.not_found", "message": "gone"}}),
        ]
    )
    events = client_of(lambda request: httpx.Response(200, content=next(streams))).events("tsk_1")
    assert [next(events), next(events)] == [("noted", {"n": 1}), ("noted", {"n": 2})]
    with pytest.raises(NotFound, match="gone"):
        next(events)


def test_a_list_is_read_page_by_page() -> None:
    """Pages are asked for until there is no next one, or enough."""
    pages = {None: {"items": [1, 2], "next": "b"}, "b": {"items": [3], "next": None}}

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=pages[request.url.params.get("cursor")])

    assert client_of(answer).pages("/api/tasks", {"status": None}) == [1, 2, 3]
    assert client_of(answer).pages("/api/tasks", most=1) == [1]
