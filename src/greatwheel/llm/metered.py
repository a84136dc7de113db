"""What a model has used."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

from greatwheel.core.context import CallContext
from greatwheel.core.usage import Tally, Usage
from greatwheel.llm.port import ChatChunk, ChatModel, ChatReply, ChatRequest
from greatwheel.llm.streams import opened
from greatwheel.llm.wrapper import WrapperModel


class MeteredModel(WrapperModel):
    """Adds up the usage of every reply."""

    def __init__(self, inner: ChatModel) -> None:
        super().__init__(inner)
        self._used = Tally()

    @property
    def usage(self) -> Usage:
        """The total so far; requests that failed are not in it."""
        return self._used.total

    async def chat(self, context: CallContext, request: ChatRequest) -> ChatReply:
        """The reply, counted."""
        reply = await self._inner.chat(context, request)
        self._used.add(reply.usage)
        return reply

    async def stream(self, context: CallContext, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        """The reply as it comes, counted at its end."""
        async with aclosing(opened(self._inner.stream(context, request))) as chunks:
            async for chunk in chunks:
                if chunk.reply is not None:
                    self._used.add(chunk.reply.usage)
                yield chunk
