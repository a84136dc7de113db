"""So many requests at a time, and no longer than so many seconds each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

from greatwheel.core.context import CallContext
from greatwheel.core.errors import ModelTimeout
from greatwheel.llm.port import ChatChunk, ChatModel, ChatReply, ChatRequest
from greatwheel.llm.streams import opened
from greatwheel.llm.wrapper import WrapperModel


class ConcurrencyLimitedModel(WrapperModel):
    """At most `limit` requests run; the others wait their turn, first come first served."""

    def __init__(self, inner: ChatModel, limit: int) -> None:
        super().__init__(inner)
        self._slots = asyncio.Semaphore(limit)

    async def chat(self, context: CallContext, request: ChatRequest) -> ChatReply:
        """The reply, after waiting for a slot."""
        async with self._slots:
            return await self._inner.chat(context, request)

    async def stream(self, context: CallContext, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        """The reply as it comes; the slot is held until the stream ends or is closed."""
        async with self._slots, aclosing(opened(self._inner.stream(context, request))) as chunks:
            async for chunk in chunks:
                yield chunk

    async def embed(self, context: CallContext, texts: Sequence[str]) -> list[list[float]]:
        """The vectors, after waiting for a slot."""
        async with self._slots:
            return await self._inner.embed(context, texts)


class TimeLimitedModel(WrapperModel):
    """A request that takes longer than `seconds` is given up with `ModelTimeout`."""

    def __init__(self, inner: ChatModel, seconds: float) -> None:
        super().__init__(inner)
        self._seconds = seconds

    async def chat(self, context: CallContext, request: ChatRequest) -> ChatReply:
        """The reply, if it comes in time."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._inner.chat(context, request)
        except TimeoutError as error:
            raise self._too_slow() from error

    async def stream(self, context: CallContext, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        """The reply as it comes; the time counts from the start of the stream to its end."""
        deadline = asyncio.get_running_loop().time() + self._seconds
        async with aclosing(opened(self._inner.stream(context, request))) as chunks:
            while (chunk := await self._next(chunks, deadline)) is not None:
                yield chunk

    async def embed(self, context: CallContext, texts: Sequence[str]) -> list[list[float]]:
        """The vectors, if they come in time."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._inner.embed(context, texts)
        except TimeoutError as error:
            raise self._too_slow() from error

    async def _next(self, chunks: AsyncIterator[ChatChunk], deadline: float) -> ChatChunk | None:
        try:
            # Around one chunk only: a deadline must not strike while the consumer's own code runs.
            async with asyncio.timeout_at(deadline):
                return await anext(chunks, None)
        except TimeoutError as error:
            raise self._too_slow() from error

    def _too_slow(self) -> ModelTimeout:
        return ModelTimeout(f"{self.name} did not answer within {self._seconds:g} seconds.")
