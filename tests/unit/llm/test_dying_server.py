"""A model server that fails or dies in the middle of work, seen through the whole stack."""

from collections.abc import AsyncIterator, Iterator

import pytest

from greatwheel.core.context import CallContext
from greatwheel.core.errors import ModelUnavailable
from greatwheel.core.ids import RunId, SessionId
from greatwheel.llm.gate import GatePolicy, gated
from greatwheel.llm.ollama import OllamaModel
from greatwheel.llm.openai import OpenAIModel
from greatwheel.llm.port import ChatModel, ChatRequest, Message
from greatwheel.llm.retried import RetryPolicy
from greatwheel.llm.servers import OllamaServer, OpenAIServer
from greatwheel.testing.servers import BreakOff, Die, Disconnect, FakeModelServer, Status

CONTEXT = CallContext(session_id=SessionId("ses_1"), run_id=RunId("run_1"))
ASK = ChatRequest(messages=[Message(role="user", content="hello")])
IMPATIENT = GatePolicy(retries=RetryPolicy(attempts=5, first_wait=0.0, jitter=0.0))


@pytest.fixture
def server() -> Iterator[FakeModelServer]:
    with FakeModelServer("fine again") as fake:
        yield fake


@pytest.fixture(params=["ollama", "openai"])
async def model(server: FakeModelServer, request: pytest.FixtureRequest) -> AsyncIterator[ChatModel]:
    adapter: ChatModel
    if request.param == "ollama":
        adapter = OllamaModel(OllamaServer(host=server.url, model="fake"))
    else:
        adapter = OpenAIModel(OpenAIServer(base_url=server.openai_url, model="fake"))
    opened = gated(adapter, IMPATIENT)
    yield opened
    await opened.close()


async def test_a_server_that_recovers_is_not_noticed(server: FakeModelServer, model: ChatModel) -> None:
    """Overload, a crash page, a hang-up and half a reply in a row cost attempts, not the answer."""
    server.faults.extend([Status(429, retry_after=0), Status(503), Disconnect(), BreakOff(1)])
    assert (await model.chat(CONTEXT, ASK)).text == "fine again"
    assert server.calls == 5


async def test_a_server_that_dies_is_named(server: FakeModelServer, model: ChatModel) -> None:
    """A server that ends and stays away is tried again, then named in one line."""
    assert (await model.chat(CONTEXT, ASK)).text == "fine again"
    server.faults.append(Die())
    with pytest.raises(ModelUnavailable) as caught:
        await model.chat(CONTEXT, ASK)
    message = str(caught.value)
    assert server.url in message
    assert "fake" in message
    assert message.endswith("; given up after 5 attempts.")
    assert "\n" not in message
