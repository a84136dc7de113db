"""Ollama by its official client and native API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import ollama
from ollama import AsyncClient, ChatResponse

from greatwheel.core.clock import Clock, SystemClock
from greatwheel.core.context import CallContext
from greatwheel.core.errors import (
    ModelBusy,
    ModelError,
    ModelNotFound,
    ModelRefused,
    ModelTimeout,
    ModelUnavailable,
    NotAvailable,
)
from greatwheel.llm.port import Capability, ChatChunk, ChatReply, ChatRequest
from greatwheel.llm.servers import OllamaServer
from greatwheel.llm.streams import whole_reply
from greatwheel.llm.wire import Collected, brief, prefill_of, session_headers, wire_messages

IN_STREAM = -1
"""The status that the client gives to an error that came inside a stream."""


class OllamaModel:
    """A `ChatModel` over Ollama, bound to the event loop of its first call."""

    def __init__(self, server: OllamaServer, clock: Clock | None = None) -> None:
        self._server = server
        self._clock = clock or SystemClock()
        self._transport = httpx.AsyncHTTPTransport()

    @property
    def name(self) -> str:
        """Adapter, address and default model."""
        return f"ollama {self._server.host} ({self._server.model})"

    @property
    def model(self) -> str:
        """The default model's name."""
        return self._server.model

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Prefill and JSON schemas always; thinking and embeddings as the models have them."""
        capabilities: set[Capability] = {"prefill", "json_schema"}
        if self._server.thinks:
            capabilities.add("think")
        if self._server.embedding_model:
            capabilities.add("embed")
        return frozenset(capabilities)

    @property
    def window(self) -> int:
        """The context window in tokens."""
        return self._server.window

    async def chat(self, context: CallContext, request: ChatRequest) -> ChatReply:
        """The whole reply."""
        return await whole_reply(self.stream(context, request))

    async def stream(self, context: CallContext, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        """The reply as it comes; the last chunk carries the whole."""
        started = self._clock.monotonic()
        model = request.model or self._server.model
        collected = Collected(prompt_chars=sum(len(message.content) for message in request.messages))
        with mapped_errors(self.name, model):
            parts = await self._client(context, request.idempotency_key).chat(
                model=model,
                messages=wire_messages(request.messages),
                stream=True,
                think=self._think(request),
                format=dict(request.json_schema) if request.json_schema is not None else None,
                options=self._options(request),
            )
            async for part in parts:
                if text := _take(collected, part):
                    yield ChatChunk(text=text)
        if collected.finish is None:
            raise ModelUnavailable(f"{self.name} ended its reply too early.")
        yield ChatChunk(reply=collected.reply(model, self._clock.monotonic() - started))

    async def embed(self, context: CallContext, texts: Sequence[str]) -> list[list[float]]:
        """One vector per text, from the server's embedding model."""
        if self._server.embedding_model is None:
            raise NotAvailable(f"{self.name} has no embedding model; run `ollama pull nomic-embed-text`.")
        with mapped_errors(self.name, self._server.embedding_model):
            reply = await self._client(context).embed(model=self._server.embedding_model, input=list(texts))
            return [list(vector) for vector in reply.embeddings]

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    def _client(self, context: CallContext, idempotency_key: str | None = None) -> AsyncClient:
        # The client takes headers only when it is made, so each call has its own over the shared connections.
        return AsyncClient(
            host=self._server.host,
            headers=session_headers(context, idempotency_key),
            timeout=httpx.Timeout(self._server.read_seconds, connect=self._server.connect_seconds),
            transport=self._transport,
        )

    def _think(self, request: ChatRequest) -> bool | None:
        if not self._server.thinks:
            return None
        return False if prefill_of(request.messages) else request.think

    def _options(self, request: ChatRequest) -> dict[str, Any]:
        options = {
            "num_ctx": self._server.window,
            "temperature": request.temperature,
            "num_predict": request.max_tokens,
            "stop": list(request.stop) or None,
            "seed": request.seed,
        }
        return {name: value for name, value in options.items() if value is not None}


def _take(collected: Collected, part: ChatResponse) -> str:
    """Take in one part of a stream; the text that it adds."""
    if part.done:
        collected.finish = part.done_reason or "stop"
        collected.prompt_tokens, collected.completion_tokens = part.prompt_eval_count, part.eval_count
    collected.model = part.model or collected.model
    return collected.add(part.message.content or "", part.message.thinking or "")


@contextmanager
def mapped_errors(server: str, model: str) -> Iterator[None]:
    """Turn the client's exceptions into ours; the one place where that happens."""
    try:
        yield
    except Exception as error:
        raise model_error(error, server, model) from error


def model_error(error: Exception, server: str, model: str) -> ModelError:
    """Our error for one of the client's."""
    said = brief(str(error) or type(error).__name__)
    match error:
        case httpx.TimeoutException():
            return ModelTimeout(f"{server} did not answer in time.")
        case httpx.TransportError() | ConnectionError():
            return ModelUnavailable(f"{server} can't be reached: {said}")
        case ollama.ResponseError():
            return _response_error(error, server, model)
        case _:
            # What the server sent made the client stumble: not JSON, or JSON of another shape.
            return ModelRefused(f"{server} sent something that is not a reply: {said}")


def _response_error(error: ollama.ResponseError, server: str, model: str) -> ModelError:
    said = brief(str(error.error))
    match error.status_code:
        case 404:
            return ModelNotFound(f"{server} has no model {model!r}; run `ollama pull {model}`.")
        case 408:
            return ModelTimeout(f"{server} did not answer in time: {said}")
        case 429:
            return ModelBusy(f"{server} has too many requests: {said}")
        case status if status >= 500 or status == IN_STREAM:
            return ModelUnavailable(f"{server} failed: {said}")
        case status:
            return ModelRefused(f"{server} refused the request ({status}): {said}")
