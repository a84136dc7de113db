"""The one model that all systems use, served in this process on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from greatwheel.llm.catalogue import get_entry, models_folder
from greatwheel.llm.embedded import EmbeddedModel
from greatwheel.llm.port import ChatModel
from greatwheel.llm.servers import EmbeddedServer


@dataclass(frozen=True, kw_only=True)
class Served:
    """A running model server."""

    chat: ChatModel
    base_url: str
    """OpenAI-compatible, up to and including `/v1`."""
    api_key: str = field(repr=False)
    model: str
    window: int


def model_path(name: str) -> Path:
    """A model file of the catalogue, or the path itself when it is one."""
    return Path(name).expanduser() if name.endswith(".gguf") else get_entry(name).path(models_folder())


@asynccontextmanager
async def serve(name: str, window: int = 8_192) -> AsyncIterator[Served]:
    """Serve the model until the block ends."""
    embedded = EmbeddedModel(EmbeddedServer(path=model_path(name), name=name, window=window))
    try:
        server = (await embedded.start()).server
        yield Served(chat=embedded, base_url=server.base_url, api_key=server.api_key, model=server.model, window=window)
    finally:
        await embedded.close()
