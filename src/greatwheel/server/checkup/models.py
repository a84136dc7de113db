"""Checks of the model: which one answers, and whether the machine has room for it."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Mapping, Sequence

import psutil

from greatwheel.core.errors import GreatwheelError
from greatwheel.llm.catalogue import CATALOGUE, models_folder
from greatwheel.llm.choice import resolve_model
from greatwheel.llm.probing import list_ollama
from greatwheel.llm.servers import EmbeddedServer
from greatwheel.llm.specs import ollama_host
from greatwheel.server.checkup.finding import Finding, fail, ok, refused, sized, warn
from greatwheel.server.checkup.machine import nearest
from greatwheel.server.settings import Settings

_MORE_THAN_THE_FILE = 1.3
"""What a model takes in memory, by its file's size."""


async def model(settings: Settings) -> Sequence[Finding]:
    """The model that tasks get when nobody names one."""
    environment = settings.llm.environment(os.environ)
    try:
        choice = await resolve_model(settings.llm.model or None, environment=environment)
    except GreatwheelError as error:
        return [refused("model", error), *_room_to_pull(environment)]
    if not isinstance(choice.server, EmbeddedServer):
        return [ok("model", choice.line)]
    if importlib.util.find_spec("xllamacpp") is None:
        remedy = "Install the extra: pip install 'greatwheel[embedded]'; or start Ollama."
        return [fail("model", f"{choice.line}; but nothing here can run it", remedy)]
    size = choice.server.path.stat().st_size
    return [ok("model", f"{choice.line}, {sized(size)} on disk"), _memory_for(size)]


async def ollama(settings: Settings) -> Sequence[Finding]:
    """Ollama, where the settings or the environment name one."""
    environment = settings.llm.environment(os.environ)
    if not environment.get("OLLAMA_HOST") and not settings.llm.model.startswith("ollama:"):
        return []
    host = ollama_host(environment.get("OLLAMA_HOST"))
    try:
        models = await list_ollama(host)
    except GreatwheelError as error:
        return [refused("ollama", error, "Start it with `ollama serve`, or take its address from the settings.")]
    if not models:
        return [warn("ollama", f"{host} has no model", f"Run `ollama pull {CATALOGUE[0].name}`.")]
    return [ok("ollama", f"{host} has {', '.join(models)}")]


def _memory_for(size: int) -> Finding:
    free, needed = psutil.virtual_memory().available, int(size * _MORE_THAN_THE_FILE)
    told = f"the model needs about {sized(needed)}, {sized(free)} is free"
    if free < needed:
        return warn("model memory", told, "End other programs, or pull a smaller model: `greatwheel models list`.")
    return ok("model memory", told)


def _room_to_pull(environment: Mapping[str, str]) -> Sequence[Finding]:
    folder, smallest = models_folder(environment), min(CATALOGUE, key=lambda entry: entry.size)
    free = shutil.disk_usage(nearest(folder)).free
    if free > CATALOGUE[0].size:
        return []
    told = f"{sized(free)} free for {folder}, {CATALOGUE[0].name} has {sized(CATALOGUE[0].size)}"
    return [warn("model disk", told, f"Make room, or pull {smallest.name}, or set GREATWHEEL_CACHE.")]
