"""llama.cpp inside this process: a model file is served on loopback and spoken to as any OpenAI-compatible server."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from greatwheel.core.context import CallContext
from greatwheel.core.errors import ModelNotFound, ModelRefused, NotAvailable
from greatwheel.llm.cores import usable_cores
from greatwheel.llm.openai import CAPABILITIES, OpenAIModel
from greatwheel.llm.port import Capability, ChatChunk, ChatReply, ChatRequest
from greatwheel.llm.servers import EmbeddedServer, OpenAIServer

SILENT = -1
"""llama.cpp's verbosity at which it writes nothing."""


class EmbeddedModel:
    """A `ChatModel` over a server that starts with the first request and ends with `close`.

    The server listens on 127.0.0.1 at a port that was free and takes only this process's random key.
    """

    def __init__(self, server: EmbeddedServer) -> None:
        self._server = server
        self._starting = asyncio.Lock()
        self._running: list[Any] = []
        """The running server, if any: its only reference, because it ends when it is collected."""
        self._client: OpenAIModel | None = None
        self._closed = False

    @property
    def name(self) -> str:
        """Adapter, file and model."""
        return f"embedded {self._server.path} ({self._server.name})"

    @property
    def model(self) -> str:
        """The model's name."""
        return self._server.name

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What llama.cpp offers for chats."""
        return CAPABILITIES["llama.cpp"]

    @property
    def window(self) -> int:
        """The context window in tokens."""
        return self._server.window

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
                raise ModelRefused(f"{self.name} is closed.")
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
            await asyncio.to_thread(self._running.clear)

    def _load(self, key: str) -> None:
        server = self._server
        if not server.path.is_file():
            raise ModelNotFound(f"There is no model file {server.path}; `greatwheel models list` shows what there is.")
        xllamacpp = _xllamacpp()
        try:
            self._running.append(xllamacpp.Server(_params(xllamacpp, server, key)))
        except RuntimeError as error:
            raise ModelRefused(f"llama.cpp can't load {server.path}: is it a whole GGUF chat model?") from error

    def _address(self, key: str) -> OpenAIServer:
        return OpenAIServer(
            base_url=f"{self._running[0].listening_address}/v1",
            model=self._server.name,
            api_key=key,
            dialect="llama.cpp",
            window=self._server.window,
            label="embedded",
        )


def _xllamacpp() -> Any:
    with _threads_that_sleep():
        try:
            import xllamacpp  # an optional dependency
        except ImportError as error:
            message = "The embedded model server is not installed; run `pip install 'greatwheel[embedded]'`."
            raise NotAvailable(message) from error
    return xllamacpp


@contextmanager
def _threads_that_sleep() -> Iterator[None]:
    """Load OpenMP so that a thread that waits for another sleeps, unless the environment says how it should wait.

    By default it spins: a third faster decoding on an idle machine, but up to ten times slower on a busy one, and a
    runtime that runs sandboxes beside its model is busy. OpenMP reads the variable once, when it is loaded.
    """
    if any(name in os.environ for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")):
        yield
        return
    os.environ["OMP_WAIT_POLICY"] = "passive"
    try:
        yield
    finally:
        del os.environ["OMP_WAIT_POLICY"]


def _params(xllamacpp: Any, server: EmbeddedServer, key: str) -> Any:
    threads = server.threads or usable_cores()
    params = xllamacpp.CommonParams()
    params.model.path = str(server.path)
    params.model_alias = {server.name}
    params.n_ctx = max(server.pool, server.window)
    params.n_parallel = server.parallel
    params.kv_unified = True
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_AUTO
    params.cache_prompt = True
    params.cache_ram_mib = server.prompt_cache_mib
    params.warmup = True
    params.verbosity = SILENT
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.ui = False
    params.endpoint_slots = False
    params.cors_origins = "http://127.0.0.1"
    return params
