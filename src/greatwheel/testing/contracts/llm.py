"""The model port's conformance suite: one test per clause of `greatwheel.llm.port`.

An adapter binds to `ChatModelContract` by a fixture `model`. One that speaks to a server binds to `ServerContract`
too, by fixtures `server` (a `FakeModelServer` that serves the model `fake`) and `model` (which speaks to it).
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from greatwheel.core.context import CallContext
from greatwheel.core.errors import (
    ModelBusy,
    ModelError,
    ModelNotFound,
    ModelRefused,
    ModelTimeout,
    ModelUnavailable,
    NotAvailable,
)
from greatwheel.core.ids import RunId, SessionId
from greatwheel.llm.port import ChatModel, ChatRequest, Message
from greatwheel.testing.servers import BreakOff, Die, Disconnect, FakeModelServer, Raw, Slow, Status

CONTEXT = CallContext(session_id=SessionId("ses_contract"), run_id=RunId("run_contract"))
QUESTION = ChatRequest(messages=[Message(role="user", content="Count from one to ten.")], max_tokens=24)
EVERY_OPTION = replace(
    QUESTION, temperature=0.5, stop=["ten"], seed=7, think=False, json_schema={"type": "object"}, grammar=None
)
PREFILL = "one, two,"


class ChatModelContract:
    """What every model does, with real replies or written ones."""

    async def test_1_chat_returns_text_and_a_reason_for_ending(self, model: ChatModel) -> None:
        """A chat gives the whole reply at once."""
        reply = await model.chat(CONTEXT, QUESTION)
        assert reply.text
        assert reply.finish in ("stop", "length")
        assert reply.model

    async def test_1_stream_pieces_make_up_the_reply(self, model: ChatModel) -> None:
        """The pieces of a stream, joined, are the reply that its last chunk carries, and only the last has one."""
        chunks = [chunk async for chunk in model.stream(CONTEXT, QUESTION)]
        assert chunks[-1].reply is not None
        assert all(chunk.reply is None for chunk in chunks[:-1])
        assert "".join(chunk.text for chunk in chunks) == chunks[-1].reply.text
        assert len(chunks) > 2

    async def test_1_a_stream_may_be_left_early(self, model: ChatModel) -> None:
        """After a stream was abandoned, the next chat works."""
        async for _ in model.stream(CONTEXT, QUESTION):
            break
        assert (await model.chat(CONTEXT, QUESTION)).text

    async def test_1_chats_run_side_by_side(self, model: ChatModel) -> None:
        """Several chats at once each get their reply."""
        replies = await asyncio.gather(*(model.chat(CONTEXT, QUESTION) for _ in range(6)))
        assert all(reply.text for reply in replies)

    async def test_3_options_that_the_backend_lacks_are_no_error(self, model: ChatModel) -> None:
        """A request with every option is answered by every backend."""
        assert (await model.chat(CONTEXT, EVERY_OPTION)).usage.model_calls == 1

    async def test_4_errors_name_the_server(self, model: ChatModel) -> None:
        """The model has a name for people that holds its default model."""
        assert model.model in model.name

    async def test_5_a_prefilled_reply_holds_only_what_follows(self, model: ChatModel) -> None:
        """The reply to a request whose last message is the assistant's does not repeat that message."""
        if "prefill" not in model.capabilities:
            pytest.skip("this backend does not continue replies, and callers must not ask it to")
        messages = [*QUESTION.messages, Message(role="assistant", content=PREFILL)]
        request = replace(QUESTION, messages=messages)
        reply = await model.chat(CONTEXT, request)
        streamed = "".join([chunk.text async for chunk in model.stream(CONTEXT, request)])
        assert reply.text
        assert not reply.text.startswith(PREFILL)
        assert not streamed.startswith(PREFILL)

    async def test_6_usage_counts_both_sides(self, model: ChatModel) -> None:
        """Usage has the prompt's tokens, the reply's tokens and one model call; a longer prompt has more tokens."""
        short = (await model.chat(CONTEXT, QUESTION)).usage
        longer = replace(QUESTION, messages=[Message(role="user", content="Count from one to ten. " * 9)])
        long = (await model.chat(CONTEXT, longer)).usage
        assert short.model_calls == 1
        assert short.completion_tokens > 0
        assert long.prompt_tokens > short.prompt_tokens > 0

    async def test_embed_gives_one_vector_per_text_or_is_not_available(self, model: ChatModel) -> None:
        """Embeddings are there exactly when the capability says so."""
        if "embed" in model.capabilities:
            vectors = await model.embed(CONTEXT, ["a", "b", "a"])
            assert len(vectors) == 3
            assert vectors[0] == vectors[2]
        else:
            with pytest.raises(NotAvailable):
                await model.embed(CONTEXT, ["a"])

    async def test_window_is_a_number_of_tokens(self, model: ChatModel) -> None:
        """The window can hold a prompt."""
        assert model.window >= 1_024


class ServerContract:
    """What every adapter does with a server that behaves well, badly, or not at all."""

    async def test_2_every_request_carries_the_session(self, server: FakeModelServer, model: ChatModel) -> None:
        """Chats and streams tell the server for which session they are made."""
        await model.chat(CONTEXT, QUESTION)
        async for _ in model.stream(replace(CONTEXT, session_id=SessionId("ses_other")), QUESTION):
            pass
        assert [request.headers["x-session-id"] for request in server.requests] == ["ses_contract", "ses_other"]

    async def test_3_options_reach_the_server(self, server: FakeModelServer, model: ChatModel) -> None:
        """Stop sequences and the token limit cut the reply."""
        server.reply = "one two three four five"
        stopped = await model.chat(CONTEXT, replace(QUESTION, stop=["four"]))
        limited = await model.chat(CONTEXT, replace(QUESTION, max_tokens=2))
        assert (stopped.text, stopped.finish) == ("one two three ", "stop")
        assert (limited.text, limited.finish) == ("one two", "length")

    async def test_5_an_empty_prefill_is_none(self, server: FakeModelServer, model: ChatModel) -> None:
        """An empty last message of the assistant is not sent: servers would answer after a wrong header."""
        await model.chat(
            CONTEXT, replace(QUESTION, messages=[*QUESTION.messages, Message(role="assistant", content="")])
        )
        assert [message["role"] for message in server.requests[0].body["messages"]] == ["user"]

    @pytest.mark.parametrize(
        ("status", "error"),
        [
            (400, ModelRefused),
            (401, ModelRefused),
            (403, ModelRefused),
            (404, ModelNotFound),
            (408, ModelTimeout),
            (413, ModelRefused),
            (422, ModelRefused),
            (429, ModelBusy),
            (500, ModelUnavailable),
            (502, ModelUnavailable),
            (503, ModelUnavailable),
            (504, ModelUnavailable),
        ],
    )
    async def test_4_each_status_has_its_error(
        self, server: FakeModelServer, model: ChatModel, status: int, error: type[ModelError]
    ) -> None:
        """A refusal becomes the error of its kind, names the server, and is not tried again."""
        server.faults.append(Status(status))
        with pytest.raises(ModelError) as caught:
            await model.chat(CONTEXT, QUESTION)
        assert type(caught.value) is error
        assert server.url in str(caught.value)
        assert server.calls == 1

    async def test_4_an_unknown_model_is_not_found(self, server: FakeModelServer, model: ChatModel) -> None:
        """Asking for a model that the server does not have names that model."""
        with pytest.raises(ModelNotFound, match="no-such-model"):
            await model.chat(CONTEXT, replace(QUESTION, model="no-such-model"))

    @pytest.mark.parametrize("fault", [Disconnect(), BreakOff(0), BreakOff(1), Die()])
    async def test_4_a_lost_connection_is_unavailable(
        self, server: FakeModelServer, model: ChatModel, fault: Disconnect | BreakOff | Die
    ) -> None:
        """A server that hangs up, before or within its reply, is unavailable, and half a reply is never taken."""
        server.faults.append(fault)
        with pytest.raises(ModelUnavailable) as caught:
            await model.chat(CONTEXT, QUESTION)
        assert server.url in str(caught.value)

    async def test_4_a_dead_server_is_unavailable(self, server: FakeModelServer, model: ChatModel) -> None:
        """After the server has ended, every call says that it can't be reached."""
        server.faults.append(Die())
        for _ in range(2):
            with pytest.raises(ModelUnavailable):
                await model.chat(CONTEXT, QUESTION)

    async def test_4_silence_is_a_timeout(self, server: FakeModelServer, impatient_model: ChatModel) -> None:
        """A server that says nothing for longer than the adapter waits is a timeout."""
        server.faults.append(Slow(5.0))
        with pytest.raises(ModelTimeout) as caught:
            await impatient_model.chat(CONTEXT, QUESTION)
        assert server.url in str(caught.value)

    @pytest.mark.parametrize(
        "body", [b"<html>", b"[]", b"null", b"{}", b'"text"', b"\xff\xfe", b'{"choices": 1, "message": 1}', b""]
    )
    async def test_4_nonsense_is_an_error_of_the_model(
        self, server: FakeModelServer, model: ChatModel, body: bytes
    ) -> None:
        """Whatever a server sends, nothing but an error of the model's tree comes out."""
        server.faults.append(Raw(body))
        with pytest.raises(ModelError) as caught:
            await model.chat(CONTEXT, QUESTION)
        assert server.url in str(caught.value)

    async def test_4_a_failure_leaves_the_model_usable(self, server: FakeModelServer, model: ChatModel) -> None:
        """After each kind of failure, the next chat works."""
        for fault in (Status(500), Disconnect(), BreakOff(1), Raw(b"<html>")):
            server.faults.append(fault)
            with pytest.raises(ModelError):
                await model.chat(CONTEXT, QUESTION)
            assert (await model.chat(CONTEXT, QUESTION)).text
