"""llama.cpp inside this process: a model file is served on loopback and spoken to as any OpenAI-compatible server."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greatwheel.core.context import CallContext
from greatwheel.core.errors import ModelNotFound, ModelUnavailable, NotAvailable
from greatwheel.llm.cores import usable_cores
from greatwheel.llm.openai import CAPABILITIES, OpenAIModel, OpenAIServer
from greatwheel.llm.port import Capability, ChatChunk, ChatReply, ChatRequest

SILENT = -1
"""llama.cpp's verbosity at which it writes nothing."""


@dataclass(frozen=True, kw_only=True)
class EmbeddedSettings:
    """How the model is served."""

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


class EmbeddedModel:
    """A `ChatModel` over a server that starts with the first request and ends with `close`.

    The server listens on 127.0.0.1 at a port that was free and takes only this process's random key.
    """

    def __init__(self, settings: EmbeddedSettings) -> None:
        self._settings = settings
        self._starting = asyncio.Lock()
        self._server: list[Any] = []
        """The running server, if any: its only reference, because it ends when it is collected."""
        self._client: OpenAIModel | None = None
        self._closed = False

    @property
    def name(self) -> str:
        """Adapter, file and model."""
        return f"embedded {self._settings.path} ({self._settings.name})"

    @property
    def model(self) -> str:
        """The model's name."""
        return self._settings.name

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What llama.cpp offers for chats."""
        return CAPABILITIES["llama.cpp"]

    @property
    def window(self) -> int:
        """The context window in tokens."""
        return self._settings.window

    async def chat(self, context: CallContext, request: ChatRequest) -> ChatReply:
        """The whole reply."""
        client = await self.start()
        return await client.chat(context, request)

    async def stream(self, context: CallContext, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        """The reply as it comes."""
        client = await self.start()
        async for chunk in client.stream(context, request):
            yield chunk

    async def embed(self, context: CallContext, texts: Sequence[str]) -> list[list[float]]:
        """Not offered: a chat model's vectors are of no use for search."""
        raise NotAvailable(f"{self.name} makes no embeddings.")

    async def start(self) -> OpenAIModel:
        """Load the model unless it is loaded; seconds for a large file."""
        async with self._starting:
            if self._closed:
                raise ModelUnavailable(f"{self.name} is closed.")
            if self._client is None:
                key = secrets.token_urlsafe(32)
                await asyncio.to_thread(self._load, key)
                self._client = OpenAIModel(self._address(key))
            return self._client

    async def close(self) -> None:
        """End the server and free the model's memory."""
        async with self._starting:
            self._closed = True
            client, self._client = self._client, None
            if client is not None:
                await client.close()
            await asyncio.to_thread(self._server.clear)

    def _load(self, key: str) -> None:
        settings = self._settings
        if not settings.path.is_file():
            raise ModelNotFound(
                f"There is no model file {settings.path}; `greatwheel models list` shows what there is."
            )
        xllamacpp = _xllamacpp()
        try:
            self._server.append(xllamacpp.Server(_params(xllamacpp, settings, key)))
        except RuntimeError as error:
            raise ModelUnavailable(f"llama.cpp can't load {settings.path}: is it a whole GGUF chat model?") from error

    def _address(self, key: str) -> OpenAIServer:
        return OpenAIServer(
            base_url=f"{self._server[0].listening_address}/v1",
            model=self._settings.name,
            api_key=key,
            dialect="llama.cpp",
            window=self._settings.window,
            label="embedded",
        )


def _xllamacpp() -> Any:
    try:
        import xllamacpp  # an optional dependency
    except ImportError as error:
        message = "The embedded model server is not installed; run `pip install 'greatwheel[embedded]'`."
        raise ModelUnavailable(message) from error
    return xllamacpp


def _params(xllamacpp: Any, settings: EmbeddedSettings, key: str) -> Any:
    threads = settings.threads or usable_cores()
    params = xllamacpp.CommonParams()
    params.model.path = str(settings.path)
    params.model_alias = {settings.name}
    params.n_ctx = max(settings.pool, settings.window)
    params.n_parallel = settings.parallel
    params.kv_unified = True
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_AUTO
    params.cache_prompt = True
    params.cache_ram_mib = settings.prompt_cache_mib
    params.warmup = True
    params.verbosity = SILENT
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.ui = False
    params.endpoint_slots = False
    params.cors_origins = "http://127.0.0.1"
    return params
