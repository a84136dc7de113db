"""A model whose replies are written down beforehand. Use it to test what you build on the loop, without a server.

    model = ScriptedModel(["print(len(context))", "FINAL('42')"])
    ...
    assert "42" in model.requests[0].messages[-1].content

Replies are given in order; one may be an error to raise, or a function of the request. A single function answers
every request.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import TypeAlias

from greatwheel.core.context import CallContext
from greatwheel.core.errors import ModelRefused, NotAvailable
from greatwheel.core.usage import Usage
from greatwheel.llm.port import Capability, ChatChunk, ChatReply, ChatRequest
from greatwheel.llm.wire import estimated_tokens

Author: TypeAlias = Callable[[ChatRequest], "str | ChatReply | Awaitable[str | ChatReply]"]
Reply: TypeAlias = str | ChatReply | Exception | Author

ALL_CAPABILITIES: frozenset[Capability] = frozenset({"prefill", "grammar", "json_schema", "think", "embed"})


class ScriptedModel:
    """A `ChatModel` in this process. It takes every option and ignores it; tokens are counted as four characters."""

    def __init__(
        self,
        replies: Iterable[Reply] | Author,
        *,
        model: str = "scripted",
        capabilities: frozenset[Capability] = ALL_CAPABILITIES,
        window: int = 8_192,
    ) -> None:
        self._author = replies if callable(replies) else None
        self._replies = [] if callable(replies) else list(replies)
        self._model = model
        self._capabilities = capabilities
        self._window = window
        self.requests: list[ChatRequest] = []
        """Every request, in order."""
        self.contexts: list[CallContext] = []
        """For whom each request was made."""
        self.closed = False

    @property
    def name(self) -> str:
        """`scripted` and the model's name."""
        return f"scripted ({self._model})"

    @property
    def model(self) -> str:
        """The model's name."""
        return self._model

    @property
    def capabilities(self) -> frozenset[Capability]:
        """As given."""
        return self._capabilities

    @property
    def window(self) -> int:
        """As given."""
        return self._window

    async def chat(self, context: CallContext, request: ChatRequest) -> ChatReply:
        """The next reply.

        Raises:
            ModelRefused: there is none left; the test expected fewer requests.
        """
        self.requests.append(request)
        self.contexts.append(context)
        written = self._next()
        if isinstance(written, Exception):
            raise written
        said = written(request) if callable(written) else written
        said = await said if inspect.isawaitable(said) else said
        return said if isinstance(said, ChatReply) else self._reply(request, said)

    async def stream(self, context: CallContext, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        """The next reply, word by word."""
        reply = await self.chat(context, request)
        for piece in re.findall(r"\s*\S+|\s+$", reply.text):
            yield ChatChunk(text=piece)
        yield ChatChunk(reply=reply)

    async def embed(self, context: CallContext, texts: Sequence[str]) -> list[list[float]]:
        """For each text its length and how often each vowel occurs: equal texts have equal vectors."""
        if "embed" not in self._capabilities:
            raise NotAvailable(f"{self.name} makes no embeddings.")
        return [[float(len(text)), *(float(text.lower().count(vowel)) for vowel in "aeiou")] for text in texts]

    async def close(self) -> None:
        """Remember that it was called."""
        self.closed = True

    def _next(self) -> Reply:
        if self._author is not None:
            return self._author
        if not self._replies:
            raise ModelRefused(f"{self.name} has no reply for request {len(self.requests)}; write one more.")
        return self._replies.pop(0)

    def _reply(self, request: ChatRequest, text: str) -> ChatReply:
        usage = Usage(
            prompt_tokens=estimated_tokens(sum(len(message.content) for message in request.messages)),
            completion_tokens=estimated_tokens(len(text)),
            model_calls=1,
        )
        return ChatReply(text=text, usage=usage, model=request.model or self._model)
