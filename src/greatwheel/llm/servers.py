"""Descriptions of model servers: what an adapter needs to know to speak to one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

Dialect: TypeAlias = Literal["openai", "generic", "llama.cpp", "vllm"]
"""What an OpenAI-compatible server has beyond the common ground; `openai` is OpenAI itself."""

CONNECT_SECONDS = 5.0
READ_SECONDS = 600.0
"""The longest silence of a server; the gate limits the whole call."""


@dataclass(frozen=True, kw_only=True)
class OllamaServer:
    """Where Ollama is and what is asked of it."""

    host: str
    model: str
    window: int = 8_192
    """Sent as `num_ctx`: left alone, Ollama cuts long prompts without a word."""
    thinks: bool = False
    """Whether the model can think; Ollama refuses `think` for one that can't."""
    embedding_model: str | None = None
    connect_seconds: float = CONNECT_SECONDS
    read_seconds: float = READ_SECONDS


@dataclass(frozen=True, kw_only=True)
class OpenAIServer:
    """Where an OpenAI-compatible server is and what it speaks."""

    base_url: str
    """Up to and including `/v1`."""
    model: str
    api_key: str = field(default="none", repr=False)
    dialect: Dialect = "generic"
    window: int = 32_768
    embedding_model: str | None = None
    label: str = "openai"
    """The adapter's name in `ChatModel.name`."""
    connect_seconds: float = CONNECT_SECONDS
    read_seconds: float = READ_SECONDS


@dataclass(frozen=True, kw_only=True)
class EmbeddedServer:
    """A model file and how it is served in this process."""

    path: Path
    name: str
    window: int = 8_192
    """Tokens that one request may fill."""
    parallel: int = 4
    """Requests that run together; they share `pool` tokens of cache."""
    pool: int = 16_384
    threads: int | None = None
    """None: every core that may be used."""
    prompt_cache_mib: int = 512
    """Memory for prefixes of earlier prompts, so that they are not read again."""


Server: TypeAlias = OllamaServer | OpenAIServer | EmbeddedServer
