"""Models, errors and limits, as OpenAI's clients see them."""

from __future__ import annotations

from typing import Any

import httpx
import openai
import pytest

from greatwheel.channels.http.body_limit import MOST_BODY
from greatwheel.channels.openai import answers

from .conftest import Wheel, new_key, new_org
from .test_completions import LONG, complete, user

PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}


def shape(error: Any, code: str, kind: str, param: str | None = None) -> None:
    """The error has OpenAI's shape."""
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["code"], error["type"], error["param"]) == (code, kind, param), error
    assert error["message"]


async def test_each_agent_is_a_model(wheel: Wheel) -> None:
    """They are listed with `greatwheel`, the triage agent; one can be looked at; others' are not there."""
    other, key = await new_org(wheel.installation, "other")
    await wheel.installation.registry.remove(other, "talker")
    async with wheel.client() as client, wheel.client(key) as stranger:
        listed = [model async for model in client.models.list()]
        names = {model.id for model in listed}
        assert listed[0].id == "greatwheel"
        assert {"talker", "asker", "loop"} < names
        assert {model.object for model in listed} == {"model"}
        found = await client.models.retrieve("talker")
        assert (found.id, found.owned_by, found.created > 1_700_000_000) == ("talker", wheel.org_id, True)
        with pytest.raises(openai.NotFoundError) as missing:
            await stranger.models.retrieve("talker")
        shape(missing.value.body, "model_not_found", "invalid_request_error")
        for model in ("talker", "nobody", "é\u0001"):
            with pytest.raises(openai.NotFoundError) as missing:
                await complete(stranger, model, "hi")
            shape(missing.value.body, "model_not_found", "invalid_request_error")
        answer = await complete(client, "greatwheel", "hi")
        assert (answer.model, answer.choices[0].message.content) == ("greatwheel", "Looking it up.\n\nI heard: hi")


async def test_what_can_not_be_had_is_refused(wheel: Wheel) -> None:
    """The error is a 400 that names the field; no task is made."""
    wanted: list[tuple[dict[str, Any], str]] = [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"messages": [user([PICTURE])]}, "messages.0.content.0"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "king", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "messages.0"),
    ]
    async with wheel.client() as client:
        for change, field in wanted:
            order = {"model": "talker", "messages": [user("x")], **change}
            with pytest.raises(openai.BadRequestError) as refused:
                await client.chat.completions.create(**order)  # type: ignore[call-overload]
            assert refused.value.param == field
            assert refused.value.type == "invalid_request_error"
        allowed = {"n": 1, "tool_choice": "auto", "response_format": {"type": "text"}, "modalities": ["text"]}
        assert (await complete(client, "talker", "x", **allowed)).choices
    assert len(await wheel.tasks()) == 1


async def test_a_wrong_key_is_an_authentication_error(wheel: Wheel) -> None:
    """In OpenAI's shape, with the code that its clients know."""
    async with wheel.client("gwk_wrong") as client:
        with pytest.raises(openai.AuthenticationError) as refused:
            await client.models.list()
    shape(refused.value.body, "invalid_api_key", "authentication_error")


async def test_sessions_of_others_are_not_there(wheel: Wheel) -> None:
    """Neither another organisation nor another user goes on in a session, or answers what is asked in it."""
    _, stranger = await new_org(wheel.installation, "other")
    colleague = await new_key(wheel.installation.database, wheel.org_id, "bob", "admin")
    async with wheel.client() as client:
        await complete(client, "asker", "go")
    task = await wheel.until("waiting")
    for key in (stranger, colleague):
        async with wheel.client(key) as client:
            for model in ("asker", "greatwheel"):
                with pytest.raises(openai.NotFoundError):
                    await complete(client, model, "1984", metadata={"session_id": task.session_id})
    assert (await wheel.until("waiting")).task_id == task.task_id


async def test_an_agent_that_fails_is_an_error_that_is_not_repeated(wheel: Wheel) -> None:
    """The client is told not to try again; in a stream the error comes as its last event."""
    async with wheel.client() as client:
        with pytest.raises(openai.InternalServerError) as failed:
            await complete(client, "failing", "x")
        assert "no such luck" in failed.value.message
        shape(failed.value.body, "agent.failed", "server_error")
        assert len(await wheel.tasks()) == 1
        stream = await complete(client, "failing", "x", stream=True)
        with pytest.raises(openai.APIError, match="no such luck"):
            async for _ in stream:
                pass
    assert len(await wheel.tasks()) == 2


async def test_every_refusal_below_v1_has_openais_shape(wheel: Wheel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown paths, wrong methods, broken and too large bodies, and faults of ours without details."""
    path = "/v1/chat/completions"
    headers = {"authorization": f"Bearer {wheel.key}", "content-type": "application/json"}
    async with httpx.AsyncClient(base_url=wheel.url, headers=headers) as client:
        for method, where, status, code in (
            ("GET", "/v1/nothing", 404, "http.no_such_route"),
            ("GET", path, 405, "http.method_not_allowed"),
        ):
            answer = await client.request(method, where)
            assert answer.status_code == status
            shape(answer.json()["error"], code, "invalid_request_error")
        for body in (b"{", b"[" * 100_000, b"\xff", b"[]", b"", b'{"model": "talker"}', b'{"model": "\\u0000"}'):
            answer = await client.post(path, content=body)
            assert (answer.status_code, answer.headers["x-should-retry"]) == (400, "false"), body
            assert answer.json()["error"]["type"] == "invalid_request_error"
        large = await client.post("/v1/models", content=b" " * (MOST_BODY + 1))
        assert (large.status_code, large.json()["error"]["code"]) == (413, "request.too_large")

        async def fail(*_: Any, **__: Any) -> None:
            raise RuntimeError("inner thing")

        monkeypatch.setattr(wheel.installation.registry, "list", fail)
        answer = await client.get("/v1/models")
        assert (answer.status_code, "inner thing" in answer.text) == (500, False)
        shape(answer.json()["error"], "internal", "server_error")
        assert answer.headers["x-content-type-options"] == "nosniff"
        outside = await client.get("/api/nothing")
        assert set(outside.json()["error"]) == {"code", "message", "retryable"}


async def test_a_long_answer_comes_in_pieces(wheel: Wheel, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line of a stream is longer than clients read; together they are the answer."""
    monkeypatch.setattr(answers, "CHUNK_CHARS", 1_000)
    async with wheel.client() as client:
        stream = await complete(client, "reader", LONG, stream=True)
        pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
    assert max(len(piece) for piece in pieces) == 1_000
    assert "line 999 of the document" in "".join(pieces)
