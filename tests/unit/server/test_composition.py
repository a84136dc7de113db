"""The composition root's choices."""

import asyncio

import pytest

from greatwheel.llm.port import ChatRequest, Message
from greatwheel.server.composition import open_model
from greatwheel.testing.contracts.llm import CONTEXT
from greatwheel.testing.servers import FakeModelServer


@pytest.mark.parametrize(("owner", "expected"), [("fake", 16), ("vllm", 20), ("llamacpp", 4)])
async def test_a_server_gets_as_many_requests_as_it_answers_together(owner: str, expected: int) -> None:
    """Twenty requests go to vLLM at once, sixteen to a server that is not known, four to llama.cpp's slots."""
    with FakeModelServer(delay=0.3, owned_by=owner) as server:
        model = await open_model(f"{server.openai_url}#fake")
        request = ChatRequest(messages=[Message(role="user", content="hello")])
        await asyncio.gather(*(model.chat(CONTEXT, request) for _ in range(20)))
        await model.close()
    assert server.busiest == expected
