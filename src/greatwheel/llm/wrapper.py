"""The base of wrappers: a model that passes everything on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from greatwheel.core.context import CallContext
from greatwheel.llm.port import Capability, ChatChunk, ChatModel, ChatReply, ChatRequest


class WrapperModel:
    """A `ChatModel` around another. A wrapper overrides the methods to which it adds something."""

    def __init__(self, inner: ChatModel) -> None:
        self._inner = inner

    @property
    def name(self) -> str:
        """The wrapped model's name."""
        return self._inner.name

    @property
    def model(self) -> str:
        """The wrapped model's default model."""
        return self._inner.model

    @property
    def capabilities(self) -> frozenset[Capability]:
        """The wrapped model's capabilities."""
        return self._inner.capabilities

    @property
    def window(self) -> int:
        """The wrapped model's window."""
        return self._inner.window

    async def chat(self, context: CallContext, request: ChatRequest) -> ChatReply:
        """The wrapped model's reply."""
        return await self._inner.chat(context, request)

    def stream(self, context: CallContext, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        """The wrapped model's reply as it comes."""
        return self._inner.stream(context, request)

    async def embed(self, context: CallContext, texts: Sequence[str]) -> list[list[float]]:
        """The wrapped model's vectors."""
        return await self._inner.embed(context, texts)

    async def close(self) -> None:
        """Close the wrapped model."""
        await self._inner.close()
