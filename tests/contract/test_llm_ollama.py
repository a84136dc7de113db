"""The Ollama adapter keeps the model port's contract."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from greatwheel.core.errors import ModelUnavailable
from greatwheel.llm.ollama import OllamaModel
from greatwheel.llm.port import ChatModel, Message
from greatwheel.llm.servers import OllamaServer
from greatwheel.testing.contracts.llm import CONTEXT, QUESTION, ChatModelContract, ServerContract
from greatwheel.testing.servers import FakeModelServer, Raw


@pytest.fixture
def server() -> Iterator[FakeModelServer]:
    with FakeModelServer() as fake:
        yield fake


@pytest.fixture
async def model(server: FakeModelServer) -> AsyncIterator[ChatModel]:
    opened = OllamaModel(OllamaServer(host=server.url, model="fake", embedding_model="fake"))
    yield opened
    await opened.close()


@pytest.fixture
async def impatient_model(server: FakeModelServer) -> AsyncIterator[ChatModel]:
    opened = OllamaModel(OllamaServer(host=server.url, model="fake", read_seconds=0.1))
    yield opened
    await opened.close()


class TestOllama(ChatModelContract, ServerContract):
    """Every clause."""

    async def test_the_window_is_told_to_the_server(self, server: FakeModelServer, model: ChatModel) -> None:
        """Each chat asks for the window, which Ollama would otherwise make small."""
        await model.chat(CONTEXT, QUESTION)
        assert server.requests[0].body["options"]["num_ctx"] == model.window

    async def test_a_schema_becomes_the_format(self, server: FakeModelServer, model: ChatModel) -> None:
        """A JSON schema is sent as Ollama's format."""
        await model.chat(CONTEXT, replace(QUESTION, json_schema={"type": "array"}))
        assert server.requests[0].body["format"] == {"type": "array"}

    async def test_think_is_sent_only_for_a_model_that_thinks(self, server: FakeModelServer, model: ChatModel) -> None:
        """A model without thinking is never asked to think, because Ollama would refuse that."""
        await model.chat(CONTEXT, replace(QUESTION, think=True))
        thinker = OllamaModel(OllamaServer(host=server.url, model="fake", thinks=True))
        await thinker.chat(CONTEXT, replace(QUESTION, think=True))
        prefilled = [*QUESTION.messages, Message(role="assistant", content="one")]
        await thinker.chat(CONTEXT, replace(QUESTION, think=True, messages=prefilled))
        await thinker.close()
        assert [request.body.get("think") for request in server.requests] == [None, True, False]

    async def test_embeddings_carry_the_session(self, server: FakeModelServer, model: ChatModel) -> None:
        """Embeddings tell the server for which session they are made."""
        await model.embed(CONTEXT, ["a"])
        assert server.requests[0].headers["x-session-id"] == CONTEXT.session_id

    async def test_an_error_within_a_stream_is_the_servers(self, server: FakeModelServer, model: ChatModel) -> None:
        """An error line within a stream, which has no status, is a failure of the server."""
        server.faults.append(Raw(b'{"error": "the runner has ended"}'))
        with pytest.raises(ModelUnavailable, match="the runner has ended"):
            await model.chat(CONTEXT, QUESTION)
