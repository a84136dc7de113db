"""Asking model servers what they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from greatwheel.core.errors import ModelTimeout
from greatwheel.llm import probing
from greatwheel.llm.specs import OpenAISpec


@pytest.fixture
async def trickling() -> AsyncIterator[str]:
    """The address of a server that sends a byte of its answer now and then, and never the last."""

    answering: set[asyncio.Task[None] | None] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering.add(asyncio.current_task())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n")
        try:
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.02)
        except (ConnectionError, asyncio.CancelledError):
            writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"
        for task in filter(None, answering):
            task.cancel()
        await asyncio.gather(*filter(None, answering))


async def test_a_server_that_deals_out_its_answer_is_given_up(trickling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole answer has a deadline, not each of its bytes alone."""
    monkeypatch.setattr(probing, "PROBE_SECONDS", 0.3)
    async with asyncio.timeout(10):
        with pytest.raises(ModelTimeout, match=r"127\.0\.0\.1.* did not answer in time"):
            await probing.list_ollama(trickling)
        with pytest.raises(ModelTimeout, match=r"127\.0\.0\.1.* did not answer in time"):
            await probing.describe_openai(OpenAISpec(base_url=f"{trickling}/v1", name="x"))
