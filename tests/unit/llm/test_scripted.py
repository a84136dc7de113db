"""The scripted model says what is written, in order, and remembers what it was asked."""

import pytest

from greatwheel.core.context import CallContext
from greatwheel.core.errors import ModelBusy, ModelRefused, NotAvailable
from greatwheel.core.ids import RunId, SessionId
from greatwheel.core.usage import Usage
from greatwheel.llm.port import ChatReply, ChatRequest, Message
from greatwheel.testing.models import ScriptedModel

CONTEXT = CallContext(session_id=SessionId("ses_1"), run_id=RunId("run_1"))
ASK = ChatRequest(messages=[Message(role="user", content="hello")])


async def test_replies_come_in_order_and_run_out() -> None:
    """Text, errors, functions and whole replies are given in order; one request too many fails the test clearly."""

    async def later(request: ChatRequest) -> str:
        return request.messages[0].content.upper()

    whole = ChatReply(text="whole", usage=Usage(prompt_tokens=99), model="other")
    model = ScriptedModel(["text", ModelBusy("busy"), later, whole])
    assert (await model.chat(CONTEXT, ASK)).text == "text"
    with pytest.raises(ModelBusy):
        await model.chat(CONTEXT, ASK)
    assert (await model.chat(CONTEXT, ASK)).text == "HELLO"
    assert await model.chat(CONTEXT, ASK) is whole
    with pytest.raises(ModelRefused, match="no reply for request 5"):
        await model.chat(CONTEXT, ASK)
    assert model.requests == [ASK] * 5
    assert model.contexts == [CONTEXT] * 5


async def test_it_may_lack_what_a_backend_lacks() -> None:
    """A test can play a backend without embeddings."""
    model = ScriptedModel([], capabilities=frozenset())
    with pytest.raises(NotAvailable):
        await model.embed(CONTEXT, ["a"])
