"""The model port: messages in, text and usage out.

Contract, held by every adapter:

1. `chat` returns the whole reply; `stream` yields its text in pieces and ends with one chunk that carries the reply.
2. Every request carries `x-session-id` (the context's session) to the server.
3. Options that the backend does not have (see `capabilities`) are left out of the request, never an error.
4. Errors are of the `ModelError` tree and name the server: `ModelUnavailable` (no connection, 5xx), `ModelTimeout`,
   `ModelNotFound` (the model is not there), `ModelRefused` (any other 4xx). 429 is `ModelBusy`. Nothing is retried
   here: the gate does that.
5. With `prefill` in `capabilities`, a last message of role `assistant` is continued: the reply's text is only what
   follows it. Without it, callers must not send such a message.
6. Usage comes from the server; where the server gives none it is estimated at four characters a token.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from greatwheel.core.context import CallContext
from greatwheel.core.usage import Usage

Role: TypeAlias = Literal["system", "user", "assistant"]
Capability: TypeAlias = Literal["prefill", "grammar", "json_schema", "think", "embed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One message of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatRequest:
    """What is asked of a model."""

    messages: Sequence[Message]
    model: str | None = None
    """None: the server's default."""
    temperature: float = 0.0
    max_tokens: int | None = None
    stop: Sequence[str] = ()
    seed: int | None = None
    think: bool | None = None
    """Ask a reasoning model to think (True) or not to (False); None leaves it to the server."""
    grammar: str | None = None
    """A GBNF grammar that the reply must match."""
    json_schema: Mapping[str, Any] | None = None
    idempotency_key: str | None = None
    """The same when the same request is sent again, be it by another process: a server or proxy that knows it answers
    it from what it answered before. Sent as the header `idempotency-key`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatReply:
    """What came back."""

    text: str
    usage: Usage
    model: str
    finish: Literal["stop", "length", "other"] = "stop"
    thinking: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatChunk:
    """A piece of a streamed reply."""

    text: str = ""
    reply: ChatReply | None = None
    """Set on the last chunk only."""


class ChatModel(Protocol):
    """A model server."""

    @property
    def name(self) -> str:
        """For people: adapter, address and default model, as in `ollama http://localhost:11434 (qwen2.5:3b)`."""
        ...

    @property
    def model(self) -> str:
        """The default model's name."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What requests may ask for."""
        ...

    @property
    def window(self) -> int:
        """The context window in tokens that a request must fit."""
        ...

    async def chat(self, context: CallContext, request: ChatRequest) -> ChatReply:
        """The whole reply."""
        ...

    def stream(self, context: CallContext, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        """The reply as it comes."""
        ...

    async def embed(self, context: CallContext, texts: Sequence[str]) -> list[list[float]]:
        """One vector per text; `NotAvailable` without the `embed` capability."""
        ...

    async def close(self) -> None:
        """Free connections and processes."""
        ...
