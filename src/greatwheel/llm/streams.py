"""Streams of chunks that can be closed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from greatwheel.llm.port import ChatChunk, ChatReply


async def _relayed(chunks: AsyncIterator[ChatChunk]) -> AsyncGenerator[ChatChunk, None]:
    async for chunk in chunks:
        yield chunk


def opened(chunks: AsyncIterator[ChatChunk]) -> AsyncGenerator[ChatChunk, None]:
    """The stream as a generator, which `aclosing` can close; the port promises an iterator only."""
    return chunks if isinstance(chunks, AsyncGenerator) else _relayed(chunks)


async def whole_reply(chunks: AsyncIterator[ChatChunk]) -> ChatReply:
    """The reply that the stream's last chunk carries; the port promises that there is one."""
    async with aclosing(opened(chunks)) as pieces:
        replies = [chunk.reply async for chunk in pieces if chunk.reply is not None]
    return replies[-1]
