"""The adapter for OpenAI-compatible servers keeps the model port's contract."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest

from greatwheel.core.errors import ModelBusy, ModelRefused, ModelUnavailable
from greatwheel.llm.openai import OpenAIModel
from greatwheel.llm.port import ChatModel, ChatRequest, Message
from greatwheel.llm.probing import describe_openai
from greatwheel.llm.servers import Dialect, OpenAIServer
from greatwheel.llm.specs import OpenAISpec
from greatwheel.llm.streams import whole_reply
from greatwheel.testing.contracts.llm import CONTEXT, QUESTION, ChatModelContract, ServerContract
from greatwheel.testing.servers import BreakOff, Disconnect, FakeModelServer, Raw, Status

PREFILLED = replace(QUESTION, messages=[*QUESTION.messages, Message(role="assistant", content="one")])


@pytest.fixture
def server() -> Iterator[FakeModelServer]:
    with FakeModelServer() as fake:
        yield fake


@pytest.fixture(params=["generic", "llama.cpp"])
async def model(server: FakeModelServer, request: pytest.FixtureRequest) -> AsyncIterator[ChatModel]:
    described = OpenAIServer(
        base_url=server.openai_url, model="fake", api_key="sk-secret", dialect=request.param, embedding_model="fake"
    )
    opened = OpenAIModel(described)
    yield opened
    await opened.close()


@pytest.fixture
async def impatient_model(server: FakeModelServer) -> AsyncIterator[ChatModel]:
    opened = OpenAIModel(OpenAIServer(base_url=server.openai_url, model="fake", read_seconds=0.1))
    yield opened
    await opened.close()


class TestOpenAI(ChatModelContract, ServerContract):
    """Every clause."""

    async def test_the_key_is_sent_and_never_shown(self, server: FakeModelServer, model: ChatModel) -> None:
        """The server gets the key; names and errors don't hold it."""
        server.faults.append(Status(401))
        with pytest.raises(Exception, match="401") as caught:
            await model.chat(CONTEXT, QUESTION)
        assert server.requests[0].headers["authorization"] == "Bearer sk-secret"
        assert "sk-secret" not in str(caught.value) + model.name

    async def test_the_servers_wish_for_a_pause_is_kept(self, server: FakeModelServer, model: ChatModel) -> None:
        """The seconds of Retry-After come with the error."""
        server.faults.append(Status(429, retry_after=7))
        with pytest.raises(ModelBusy) as caught:
            await model.chat(CONTEXT, QUESTION)
        assert caught.value.retry_after == 7

    async def test_embeddings_carry_the_session(self, server: FakeModelServer, model: ChatModel) -> None:
        """Embeddings tell the server for which session they are made."""
        await model.embed(CONTEXT, ["a"])
        assert server.requests[0].headers["x-session-id"] == CONTEXT.session_id

    async def test_an_error_within_a_stream_is_the_servers(self, server: FakeModelServer, model: ChatModel) -> None:
        """An error event within a stream is a failure of the server."""
        server.faults.append(Raw(b'data: {"error": {"message": "out of cache"}}\n\n'))
        with pytest.raises(ModelUnavailable, match="out of cache"):
            await whole_reply(model.stream(CONTEXT, QUESTION))

    async def test_only_a_prefilled_reply_is_streamed(self, server: FakeModelServer, model: ChatModel) -> None:
        """A reply in one piece costs less; with a prefill some servers would repeat it."""
        reply, streamed = await model.chat(CONTEXT, QUESTION), await whole_reply(model.stream(CONTEXT, QUESTION))
        assert replace(reply, usage=streamed.usage) == streamed
        assert replace(reply.usage, model_seconds=streamed.usage.model_seconds) == streamed.usage
        await model.chat(CONTEXT, PREFILLED)
        assert [request.streams for request in server.requests] == [False, True, True]

    @pytest.mark.parametrize("fault", [Disconnect(), BreakOff(0), BreakOff(1), Raw(b"data: {}\n\n")])
    async def test_a_stream_that_ends_early_is_unavailable(
        self, server: FakeModelServer, model: ChatModel, fault: Disconnect | BreakOff | Raw
    ) -> None:
        """A stream without an end is never taken for a reply."""
        server.faults.append(fault)
        with pytest.raises(ModelUnavailable):
            await whole_reply(model.stream(CONTEXT, QUESTION))

    @pytest.mark.parametrize(
        "body", [b'{"error": "out of cache"}', b'{"choices": "out of cache"}', b'{"choices": [1]}']
    )
    async def test_json_that_is_no_reply_is_refused(
        self, server: FakeModelServer, model: ChatModel, body: bytes
    ) -> None:
        """JSON of another shape is told as what the server sent."""
        server.faults.append(Raw(body))
        with pytest.raises(ModelRefused, match="sent something that is not a reply"):
            await model.chat(CONTEXT, QUESTION)


async def test_a_proxy_does_not_stand_before_this_machine(
    server: FakeModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy in the environment is not asked for a server on loopback."""
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    model = OpenAIModel(await describe_openai(OpenAISpec(base_url=server.openai_url)))
    assert (await model.chat(CONTEXT, QUESTION)).text
    await model.close()


async def test_a_server_that_does_not_stop_is_stopped(server: FakeModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply without end does not fill the memory."""
    monkeypatch.setattr("greatwheel.llm.wire.MAX_REPLY_CHARS", 20)
    model = OpenAIModel(OpenAIServer(base_url=server.openai_url, model="fake"))
    with pytest.raises(ModelRefused, match="more than 20 characters"):
        await whole_reply(model.stream(CONTEXT, QUESTION))
    monkeypatch.setattr("greatwheel.llm.openai.MAX_REPLY_BYTES", 20)
    with pytest.raises(ModelRefused, match="more than 20 bytes"):
        await model.chat(CONTEXT, QUESTION)
    await model.close()


SCHEMA = {"type": "object"}
NO_THINKING = {"chat_template_kwargs": {"enable_thinking": False}}


@pytest.mark.parametrize(
    ("dialect", "request_", "expected"),
    [
        ("openai", QUESTION, {"max_completion_tokens": 24}),
        ("generic", QUESTION, {"max_tokens": 24}),
        ("generic", replace(QUESTION, grammar="g", think=True), {}),
        (
            "generic",
            replace(QUESTION, json_schema=SCHEMA),
            {"response_format": {"type": "json_schema", "json_schema": {"name": "reply", "schema": SCHEMA}}},
        ),
        ("llama.cpp", QUESTION, {"cache_prompt": True}),
        ("llama.cpp", replace(QUESTION, grammar="g", json_schema=SCHEMA), {"grammar": "g"}),
        ("llama.cpp", replace(QUESTION, json_schema=SCHEMA), {"json_schema": SCHEMA}),
        ("llama.cpp", replace(PREFILLED, think=True), NO_THINKING),
        ("vllm", replace(QUESTION, grammar="g"), {"structured_outputs": {"grammar": "g"}}),
        ("vllm", replace(QUESTION, json_schema=SCHEMA), {"structured_outputs": {"json": SCHEMA}}),
        ("vllm", PREFILLED, {"continue_final_message": True, "add_generation_prompt": False, **NO_THINKING}),
    ],
)
async def test_each_dialect_has_its_own_options(
    server: FakeModelServer, dialect: Dialect, request_: ChatRequest, expected: dict[str, Any]
) -> None:
    """Options go out in the words of the server's dialect, and those that it lacks don't go out."""
    model = OpenAIModel(OpenAIServer(base_url=server.openai_url, model="fake", dialect=dialect))
    await model.chat(CONTEXT, request_)
    await model.close()
    body = server.requests[0].body
    common = {"model", "messages", "stream", "stream_options", "temperature", "max_tokens", "cache_prompt"}
    assert {name: body[name] for name in expected} == expected
    assert set(body) <= common | set(expected)
