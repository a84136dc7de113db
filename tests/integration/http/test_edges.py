"""What every route has in common: keys, errors, limits of size, headers, health."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from greatwheel.channels.http.app import create_app
from greatwheel.channels.http.authentication import is_public
from greatwheel.channels.http.body_limit import MOST_BODY
from greatwheel.channels.http.throttle import TRIES
from greatwheel.core.errors import DatabaseError, ModelUnavailable
from greatwheel.database.database import Database

from .conftest import Caller, House, parts_of


def shape(answer: httpx.Response) -> dict[str, Any]:
    """The error of an answer, in the one shape."""
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "retryable"}
    assert body["error"]["message"]
    return dict(body["error"])


async def test_a_missing_and_a_wrong_key_are_refused(house: House, admin: Caller) -> None:
    """Without a key, with another scheme and with a wrong key the answer is 401 and says how to do it."""
    for headers in ({}, {"authorization": "Basic YTpi"}, {"authorization": "Bearer gwk_x"}):
        answer = await house.client().get("/api/tasks", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert shape(answer)["code"] == "access.key_refused"


async def test_a_revoked_key_and_a_disabled_user_are_refused(admin: Caller, member: Caller) -> None:
    """Both count from the next request on."""
    await member("GET", "/api/me")
    await admin("PATCH", f"/api/users/{member.user_id}", json={"disabled": True})
    await member("GET", "/api/me", 401)
    await admin("PATCH", f"/api/users/{member.user_id}", json={"disabled": False})
    await member("GET", "/api/me")
    key = (await admin("GET", "/api/keys"))["items"][-1]
    await admin("DELETE", f"/api/keys/{key['prefix']}", 204)
    await member("GET", "/api/me", 401)


async def test_who_tries_keys_must_wait(house: House, admin: Caller) -> None:
    """After many wrong keys an address is told to wait; others, and a key that was good before, are served."""
    await admin("GET", "/api/me")
    for _ in range(TRIES):
        assert (await house.client("gwk_wrong").get("/api/me")).status_code == 401
    answer = await house.client("gwk_wrong").get("/api/me")
    assert (answer.status_code, shape(answer)["code"]) == (429, "access.too_many_tries")
    assert int(answer.headers["retry-after"]) > 0
    assert (await house.client("gwk_wrong", address="10.0.0.2").get("/api/me")).status_code == 401
    await admin("GET", "/api/me")


async def test_every_refusal_has_one_shape(admin: Caller) -> None:
    """Unknown paths, wrong methods, broken bodies, unknown keys, wrong values: one shape, each with its status."""
    call = admin.client.request
    assert shape(await call("GET", "/nowhere"))["code"] == "http.no_such_route"
    wrong = await call("DELETE", "/api/tasks")
    assert (wrong.status_code, shape(wrong)["code"]) == (405, "http.method_not_allowed")
    for body in (b"{", b"[" * 200_000, b"\xff", b'{"input": 1}', b'{"input": "x", "inptu": 1}', b"[]", b""):
        answer = await call("POST", "/api/tasks", content=body, headers={"content-type": "application/json"})
        assert answer.status_code in (400, 422), body
        shape(answer)
    named = shape(await call("POST", "/api/tasks", json={"input": "x", "inptu": 1}))
    assert (named["code"], "body.inptu" in named["message"]) == ("request.invalid", True)
    assert shape(await call("GET", "/api/tasks/tsk_none"))["code"] == "thing.not_found"
    assert shape(await call("GET", "/api/tasks/%00"))["code"] == "input.bad"
    for cursor in ("x", "e30", "WzFd", "WyIyMDI2IiwxXQ", "é"):
        assert shape(await call("GET", "/api/tasks", params={"cursor": cursor}))["code"] == "input.bad"
        assert shape(await call("GET", "/api/sessions", params={"cursor": cursor}))["code"] == "input.bad"


async def test_a_refused_value_is_not_said_again(admin: Caller) -> None:
    """The message of a refused secret does not have its value."""
    for value in ("hidden1", ["hidden1 value"], {"hidden1": 1}):
        answer = await admin.client.put("/api/secrets/MAIL_KEY", json={"value": value})
        assert answer.status_code in (400, 422)
        assert "hidden1" not in answer.text


async def test_our_own_faults_are_told_without_details(
    house: House, admin: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An unforeseen exception and a refusal of the database are 500 in the one shape; the log has the cause."""
    for error, code in ((RuntimeError("inner thing"), "internal"), (DatabaseError("inner thing"), "database.failed")):

        async def fail(*_: Any, error: Exception = error, **named: Any) -> None:
            raise error

        monkeypatch.setattr(house.parts.registry, "list", fail)
        answer = await admin.client.get("/api/agents")
        assert (answer.status_code, shape(answer)["code"]) == (500, code)
        assert "inner thing" not in answer.text
        assert "Traceback" not in answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert "inner thing" in caplog.text


async def test_a_body_that_is_too_large_is_refused(admin: Caller) -> None:
    """Whether its length is said before or not; what may have a context may be far larger."""

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * MOST_BODY

    large = "x" * (MOST_BODY + 1)
    for request in ({"json": {"name": "big", "source": large}}, {"content": pieces()}):
        answer = await admin.client.post("/api/agents", **request)  # type: ignore[arg-type]
        assert (answer.status_code, shape(answer)["code"]) == (413, "request.too_large")
    made = await admin.submit(context=large)
    assert made["task_id"]
    too_long = await admin.client.post("/api/tasks", json={"input": "x" * 1_000_001, "agent": "worker"})
    assert too_long.status_code == 422


async def test_nobody_uploads_without_a_key(house: House) -> None:
    """A request without a key is refused before its body is read."""
    read = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal read
        read += 1
        yield b"{}"

    answer = await house.client().post("/api/tasks", content=pieces())
    assert (answer.status_code, read) == (401, 0)


async def test_hostile_texts_are_stored_or_refused(admin: Caller) -> None:
    """NUL, halves of characters, numbers without end and endless nesting never are a fault of the server."""
    for body in (
        b'{"input": "a\\u0000b", "agent": "worker"}',
        b'{"input": "\\ud800", "agent": "worker"}',
        b'{"input": "x", "agent": "\\u0000"}',
        b'{"input": "x", "agent": "worker", "context": "\\ud800 \\u0000"}',
        b'{"input": "x", "agent": "worker", "context": [NaN, Infinity, 1e999]}',
        b'{"input": "x", "agent": "worker", "context": ' + b"9" * 5000 + b"}",
        b'{"input": "x", "agent": "worker", "context": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"input": "x", "agent": "worker", "context": 5}',
        b'{"input": "x", "agent": "worker", "budget": {"seconds": NaN}}',
        b'{"input": "x", "agent": "worker", "budget": {"tokens": 99999999999999999999999}}',
        b'{"input": "x", "agent": "worker", "session_id": "\\u0000"}',
    ):
        answer = await admin.client.post("/api/tasks", content=body, headers={"content-type": "application/json"})
        assert answer.status_code < 500, (body[:80], answer.text)
        if answer.status_code >= 400:
            shape(answer)
    for key in ("\x7f", "a" * 201, "é"):
        headers = {"idempotency-key": key.encode("latin-1")}
        order = {"input": "x", "agent": "worker"}
        assert (await admin.client.post("/api/tasks", json=order, headers=headers)).status_code < 500


async def test_other_sites_get_nothing(house: House, admin: Caller) -> None:
    """No answer allows another origin; a preflight request is refused; every answer has the security headers."""
    asked = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    for answer in (
        await house.client().options("/api/tasks", headers=asked),
        await admin.client.get("/api/me", headers=asked),
        await house.client().get("/health", headers=asked),
        await house.client().get("/docs", headers=asked),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert answer.headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_the_consoles_pages_run_their_own_scripts_alone(house: House, admin: Caller) -> None:
    """The page and its files may load scripts of the server's own, nothing inline; no other answer may load any."""
    for path in ("/", "/console/static/main.js", "/console/static/none"):
        policy = (await house.client().get(path)).headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:" in policy
        assert "unsafe" not in policy
    for path in ("/docs", "/api/me", "/console", "/api/console/static"):
        assert "script-src" not in (await admin.client.get(path)).headers["content-security-policy"]


async def test_health_tells_each_dependency(database: Database, tmp_path: Path) -> None:
    """It needs no key; without a worker or a model it is degraded, with both ok; the fault is told by its kind."""
    async with database.system() as conn:
        assert await conn.execute("select 1")
    faults: list[Exception] = [ModelUnavailable("at secret.example")]

    async def model() -> str:
        if faults:
            raise faults[0]
        return "qwen"

    async def ask(app: FastAPI) -> tuple[int, Any]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://wheel") as client:
            answer = await client.get("/health")
            assert "secret.example" not in answer.text
            return answer.status_code, answer.json()

    parts = parts_of(database, tmp_path)
    status, told = await ask(create_app(parts, model=model))
    states = {name: each["state"] for name, each in told["dependencies"].items()}
    assert (status, told["status"]) == (200, "degraded")
    assert states == {"database": "ok", "worker": "failing", "model": "failing"}
    faults.clear()
    async with database.system() as conn:
        await conn.execute("insert into procrastinate_workers default values")
    status, told = await ask(create_app(parts, model=model))
    assert (status, told["status"], told["dependencies"]["model"]["detail"]) == (200, "ok", "qwen")
    await database.close()
    status, told = await ask(create_app(parts))
    assert (status, told["status"], told["dependencies"]["database"]["detail"]) == (
        503, "failing", "database.unavailable",
    )  # fmt: skip


async def test_the_api_describes_itself(house: House) -> None:
    """The page names every route and asks nothing of other machines; the description is there for programs."""
    client = house.client()
    description = (await client.get("/openapi.json")).json()
    page = await client.get("/docs")
    for path, methods in description["paths"].items():
        assert f"<code>{path}</code>" in page.text
        if not is_public(path):
            assert all(route["security"] for route in methods.values()), path
    assert "//" not in page.text.replace("<!doctype", "")
    assert "<script" not in page.text
    assert "422" in json.dumps(description["paths"]["/api/tasks"])
    assert "HTTPValidationError" not in json.dumps(description)
    assert (await client.get("/docs.css")).headers["content-type"].startswith("text/css")
