"""Streams of chunks that can be closed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from greatwheel.llm.port import ChatChunk


async def _relayed(chunks: AsyncIterator[ChatChunk]) -> AsyncGenerator[ChatChunk, None]:
    async for chunk in chunks:
        yield chunk


def opened(chunks: AsyncIterator[ChatChunk]) -> AsyncGenerator[ChatChunk, None]:
    """The stream as a generator, which `aclosing` can close; the port promises an iterator only."""
    return chunks if isinstance(chunks, AsyncGenerator) else _relayed(chunks)
