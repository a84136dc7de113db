"""Any OpenAI-compatible server: vLLM, SGLang, llama.cpp, OpenAI itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.request import getproxies

import httpx2
import openai
from openai import DEFAULT_CONNECTION_LIMITS, AsyncOpenAI, AsyncStream, DefaultAsyncHttpxClient

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
from greatwheel.llm.servers import Dialect, OpenAIServer
from greatwheel.llm.spread import SpreadTransport
from greatwheel.llm.streams import whole_reply
from greatwheel.llm.wire import (
    MAX_REPLY_BYTES,
    Collected,
    as_count,
    as_text,
    brief,
    is_loopback,
    prefill_of,
    retry_after_of,
    session_headers,
    wire_messages,
)

CAPABILITIES: dict[Dialect, frozenset[Capability]] = {
    "openai": frozenset({"json_schema"}),
    "generic": frozenset({"json_schema"}),
    "llama.cpp": frozenset({"prefill", "grammar", "json_schema", "think"}),
    "vllm": frozenset({"prefill", "grammar", "json_schema", "think"}),
}


class OpenAIModel:
    """A `ChatModel` over the `openai` client, bound to the event loop of its first call."""

    def __init__(self, server: OpenAIServer, clock: Clock | None = None) -> None:
        self._server = server
        self._clock = clock or SystemClock()
        timeout = openai.Timeout(server.read_seconds, connect=server.connect_seconds)
        local = is_loopback(server.base_url)
        self._client = AsyncOpenAI(
            base_url=server.base_url,
            api_key=server.api_key,
            max_retries=0,
            http_client=DefaultAsyncHttpxClient(
                timeout=timeout, trust_env=not local, transport=_transport(trust_env=not local)
            ),
        )

    @property
    def server(self) -> OpenAIServer:
        """Where it is, for whoever must speak to it with a client of their own."""
        return self._server

    @property
    def name(self) -> str:
        """Adapter, address and default model."""
        return f"{self._server.label} {self._server.base_url} ({self._server.model})"

    @property
    def model(self) -> str:
        """The default model's name."""
        return self._server.model

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the server's dialect allows, and `embed` when an embedding model is named."""
        capabilities = CAPABILITIES[self._server.dialect]
        return capabilities | {"embed"} if self._server.embedding_model else capabilities

    @property
    def window(self) -> int:
        """The context window in tokens."""
        return self._server.window

    async def chat(self, context: CallContext, request: ChatRequest) -> ChatReply:
        """The whole reply. One that begins with a prefill is streamed inside: some servers repeat the prefill else."""
        if prefill_of(request.messages):
            return await whole_reply(self.stream(context, request))
        started, model = self._clock.monotonic(), request.model or self._server.model
        collected = _collected(request)
        with mapped_errors(self.name, model):
            answer = await self._post(context, request.idempotency_key, self._body(model, request))
            async with answer:
                _take_whole(collected, json.loads(await _read(answer.response)))
        return collected.reply(model, self._clock.monotonic() - started)

    async def stream(self, context: CallContext, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        """The reply as it comes; the last chunk carries the whole."""
        started, model = self._clock.monotonic(), request.model or self._server.model
        collected = _collected(request)
        with mapped_errors(self.name, model):
            body = self._body(model, request) | {"stream": True, "stream_options": {"include_usage": True}}
            events = await self._post(context, request.idempotency_key, body)
            async with events:
                async for event in events:
                    if text := _take(collected, event):
                        yield ChatChunk(text=text)
        if collected.finish is None:
            raise ModelUnavailable(f"{self.name} ended its reply too early.")
        yield ChatChunk(reply=collected.reply(model, self._clock.monotonic() - started))

    async def embed(self, context: CallContext, texts: Sequence[str]) -> list[list[float]]:
        """One vector per text, from the server's embedding model."""
        if self._server.embedding_model is None:
            raise NotAvailable(f"{self.name} has no embedding model.")
        with mapped_errors(self.name, self._server.embedding_model):
            reply = await self._client.embeddings.create(
                model=self._server.embedding_model,
                input=list(texts),
                encoding_format="float",
                extra_headers=self._headers(context),
            )
            return [list(item.embedding) for item in sorted(reply.data, key=lambda item: item.index)]

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _post(self, context: CallContext, key: str | None, body: dict[str, Any]) -> AsyncStream[object]:
        """The answer, not yet read.

        Not by `chat.completions.create`: its checks and typed events cost half as much as all the rest.
        """
        return await self._client.post(
            "/chat/completions",
            body=body,
            options={"headers": self._headers(context, key)},
            cast_to=object,
            stream=True,
            stream_cls=AsyncStream[object],
        )

    def _headers(self, context: CallContext, idempotency_key: str | None = None) -> dict[str, str]:
        headers = session_headers(context, idempotency_key)
        if self._server.dialect == "llama.cpp":
            # It promises to keep the connection, then closes it after a stream; the next request would race with that.
            headers["connection"] = "close"
        return headers

    def _body(self, model: str, request: ChatRequest) -> dict[str, Any]:
        """The request in the server's dialect; options that it does not have are left out."""
        body: dict[str, Any] = {
            "model": model,
            "messages": wire_messages(request.messages),
            "temperature": request.temperature,
        }
        if request.max_tokens is not None:
            # OpenAI's newer models refuse the old name, and other servers don't know the new one.
            name = "max_completion_tokens" if self._server.dialect == "openai" else "max_tokens"
            body[name] = request.max_tokens
        if request.stop:
            body["stop"] = list(request.stop)
        if request.seed is not None:
            body["seed"] = request.seed
        return body | _DIALECT_OPTIONS[self._server.dialect](request)


def _schema_options(request: ChatRequest) -> dict[str, Any]:
    if request.json_schema is None:
        return {}
    schema = {"name": "reply", "schema": dict(request.json_schema)}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


def _llama_cpp_options(request: ChatRequest) -> dict[str, Any]:
    options: dict[str, Any] = {"cache_prompt": True}
    if request.grammar is not None:
        options["grammar"] = request.grammar
    elif request.json_schema is not None:
        options["json_schema"] = dict(request.json_schema)
    return options | _thinking_options(request)


def _vllm_options(request: ChatRequest) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if prefill_of(request.messages):
        options |= {"continue_final_message": True, "add_generation_prompt": False}
    if request.grammar is not None:
        options["structured_outputs"] = {"grammar": request.grammar}
    elif request.json_schema is not None:
        options["structured_outputs"] = {"json": dict(request.json_schema)}
    return options | _thinking_options(request)


def _thinking_options(request: ChatRequest) -> dict[str, Any]:
    # A thinking template refuses a prefilled reply, so such a request never thinks.
    think = False if prefill_of(request.messages) else request.think
    return {} if think is None else {"chat_template_kwargs": {"enable_thinking": think}}


_DIALECT_OPTIONS = {
    "openai": _schema_options,
    "generic": _schema_options,
    "llama.cpp": _llama_cpp_options,
    "vllm": _vllm_options,
}


def _transport(*, trust_env: bool) -> SpreadTransport | None:
    """Pools of connections; none where a proxy is set, because the client then has a transport of its own for it."""
    if trust_env and getproxies():
        return None
    verify = httpx2.create_ssl_context(trust_env=trust_env)
    return SpreadTransport(lambda: httpx2.AsyncHTTPTransport(verify=verify, limits=DEFAULT_CONNECTION_LIMITS))


def _collected(request: ChatRequest) -> Collected:
    return Collected(prompt_chars=sum(len(message.content) for message in request.messages))


async def _read(response: httpx2.Response) -> bytes:
    """The body; ValueError when the server does not stop."""
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > MAX_REPLY_BYTES:
            raise ValueError(f"more than {MAX_REPLY_BYTES:,} bytes")
    return bytes(body)


def _take_whole(collected: Collected, reply: object) -> None:
    """Take in a reply that was not streamed; ValueError when it is none."""
    choices = _field(reply, "choices")
    if not (isinstance(choices, list) and choices and isinstance(_field(choices[0], "message"), dict)):
        raise ValueError(str(_field(reply, "error") or reply))
    _take(collected, reply, part="message")


def _take(collected: Collected, event: object, part: str = "delta") -> str:
    """Take in one event of a stream; the text that it adds.

    It is JSON of the server's, so nothing in it is trusted to be there.
    """
    collected.model = as_text(_field(event, "model")) or collected.model
    if usage := _field(event, "usage"):
        collected.prompt_tokens = as_count(_field(usage, "prompt_tokens"))
        collected.completion_tokens = as_count(_field(usage, "completion_tokens"))
    choices = _field(event, "choices")
    if not choices or not isinstance(choices, list):
        return ""
    collected.finish = as_text(_field(choices[0], "finish_reason")) or collected.finish
    delta = _field(choices[0], part)
    thought = _field(delta, "reasoning_content") or _field(delta, "reasoning")
    return collected.add(as_text(_field(delta, "content")), as_text(thought))


def _field(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None


@contextmanager
def mapped_errors(server: str, model: str) -> Iterator[None]:
    """Turn the client's exceptions into ours; the one place where that happens."""
    try:
        yield
    except Exception as error:
        raise model_error(error, server, model) from error


def model_error(error: Exception, server: str, model: str) -> ModelError:
    """Our error for one of the client's."""
    match error:
        case openai.APITimeoutError() | httpx2.TimeoutException():
            return ModelTimeout(f"{server} did not answer in time.")
        case openai.APIConnectionError() | httpx2.TransportError():
            return ModelUnavailable(f"{server} can't be reached: {_reason(error)}")
        case openai.APIStatusError():
            return _status_error(error, server, model)
        case openai.APIError():
            # The server broke off a stream that had begun and said why.
            return ModelUnavailable(f"{server} broke off its reply: {brief(error.message)}")
        case _:
            # What the server sent made the client stumble: not JSON, or JSON of another shape.
            return ModelRefused(f"{server} sent something that is not a reply: {brief(str(error))}")


def _status_error(error: openai.APIStatusError, server: str, model: str) -> ModelError:
    said, retry_after = brief(error.message), retry_after_of(error.response.headers)
    match error.status_code:
        case 404:
            return ModelNotFound(f"{server} has no model {model!r}: {said}")
        case 408:
            return ModelTimeout(f"{server} did not answer in time: {said}")
        case 429:
            return ModelBusy(f"{server} has too many requests: {said}", retry_after=retry_after)
        case status if status >= 500:
            return ModelUnavailable(f"{server} failed with {status}: {said}", retry_after=retry_after)
        case status:
            return ModelRefused(f"{server} refused the request ({status}): {said}")


def _reason(error: Exception) -> str:
    return brief(str(error.__cause__ or error) or type(error).__name__)
