"""Which models an installation offers to whoever gives it tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from greatwheel.core.clock import Clock, SystemClock
from greatwheel.core.errors import BadInput, GreatwheelError
from greatwheel.llm.catalogue import CATALOGUE, models_folder
from greatwheel.llm.choice import is_embedder, resolve_model
from greatwheel.llm.probing import list_loaded, list_ollama
from greatwheel.llm.servers import EmbeddedServer, OllamaServer, OpenAIServer, Server
from greatwheel.llm.specs import ollama_host

LONGEST_LOOK = 3.0
"""Seconds that model servers get to say what they have."""
REMEMBERED_SECONDS = 15.0
"""For so long a list counts: whoever asks for it can't keep a model server busy."""

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferedModel:
    """A model that a task may name."""

    name: str
    default: bool = False
    """Does the tasks that name none."""
    loaded: bool = False
    """Answers without being loaded first."""


class OfferedModels:
    """The installation's default model; where it is a local one, also the pulled models and those of Ollama."""

    def __init__(
        self,
        spec: str | None,
        environment: Mapping[str, str],
        *,
        folder: Path | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._spec = spec
        self._environment = environment
        self._folder = folder or models_folder(environment)
        self._clock = clock or SystemClock()
        self._known: Sequence[OfferedModel] = ()
        self._until = float("-inf")
        self._looking = asyncio.Lock()

    async def list(self) -> Sequence[OfferedModel]:
        """The models, the default first, the others by name; what does not answer in time is left out."""
        async with self._looking:
            if self._clock.monotonic() >= self._until:
                self._known = await self._look()
                self._until = self._clock.monotonic() + REMEMBERED_SECONDS
            return self._known

    async def _look(self) -> Sequence[OfferedModel]:
        default, (present, loaded) = await asyncio.gather(self._default(), self._on_ollama())
        if isinstance(default, OpenAIServer):
            return (OfferedModel(name=default.model, default=True, loaded=True),)
        first = [] if default is None else [_default(default, loaded)]
        pulled = [entry.name for entry in CATALOGUE if entry.pulled(self._folder)]
        others = {*pulled, *(name for name in present if not is_embedder(name))} - {each.name for each in first}
        return (*first, *(OfferedModel(name=name, loaded=name in loaded) for name in sorted(others)))

    async def _default(self) -> Server | None:
        choice = await _told(resolve_model(self._spec, environment=self._environment, folder=self._folder))
        return None if choice is None else choice.server

    async def _on_ollama(self) -> tuple[Sequence[str], Sequence[str]]:
        """What Ollama has, and what of it is loaded."""
        try:
            host = ollama_host(self._environment.get("OLLAMA_HOST"))
        except BadInput:
            return (), ()
        present, loaded = await asyncio.gather(_told(list_ollama(host)), _told(list_loaded(host)))
        return present or (), loaded or ()


async def _told(answer: Awaitable[_T]) -> _T | None:
    """What a server says; None when it has no answer, or none in time."""
    try:
        async with asyncio.timeout(LONGEST_LOOK):
            return await answer
    except (GreatwheelError, TimeoutError):
        return None


def _default(server: OllamaServer | EmbeddedServer, loaded: Sequence[str]) -> OfferedModel:
    if isinstance(server, EmbeddedServer):
        return OfferedModel(name=server.name, default=True, loaded=True)  # workers load it when they start
    return OfferedModel(name=server.model, default=True, loaded=server.model in loaded)
