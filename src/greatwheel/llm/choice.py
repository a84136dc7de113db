"""Which model server is used, and why."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from greatwheel.core.errors import ModelError, ModelNotFound, ModelUnavailable
from greatwheel.llm.catalogue import CATALOGUE, CatalogueEntry, find_entry, get_entry, models_folder
from greatwheel.llm.probing import describe_ollama, describe_openai, list_ollama
from greatwheel.llm.servers import EmbeddedServer, OllamaServer, OpenAIServer, Server
from greatwheel.llm.specs import AnySpec, BareSpec, EmbeddedSpec, FileSpec, OllamaSpec, OpenAISpec, parse_spec
from greatwheel.llm.verification import verify

PREFERRED = ("qwen2.5-coder", "qwen3-coder", "qwen3", "qwen2.5", "devstral", "codestral", "gemma", "llama")
"""Families of Ollama's models, the one that suits best first."""
EMBEDDERS = (
    "nomic-embed",
    "embeddinggemma",
    "qwen3-embedding",
    "bge-",
    "mxbai-embed",
    "snowflake-arctic-embed",
    "all-minilm",
    "granite-embedding",
    "paraphrase-",
)
"""Beginnings of the names of models that embed and don't chat, the one that suits best first."""
ASKED = "it was asked for"


@dataclass(frozen=True, kw_only=True)
class ModelChoice:
    """The server to open, and what to tell people about it."""

    server: Server
    reason: str

    @property
    def line(self) -> str:
        """One line for people."""
        match self.server:
            case OllamaServer(host=host, model=model):
                where = f"{model} on Ollama at {host}"
            case OpenAIServer(base_url=base_url, model=model):
                where = f"{model} on the server at {base_url}"
            case EmbeddedServer(name=name, path=path):
                where = f"{name} in this process ({path})"
            case _:
                assert_never(self.server)
        return f"using {where}, because {self.reason}"


async def resolve_model(
    text: str | None = None, *, environment: Mapping[str, str] = os.environ, folder: Path | None = None
) -> ModelChoice:
    """The server for what `text` asks for (see `specs`), or one that is there when it is None.

    Raises:
        BadInput: `text` can't be read.
        ModelNotFound: there is no such model or file.
        ModelUnavailable: no server answers, and nothing is pulled.
        ModelFileCorrupt: the pulled file is not the catalogue's.
    """
    folder = folder or models_folder(environment)
    spec = parse_spec(text, environment)
    match spec:
        case OllamaSpec(host=host, name=name):
            return await _described(choose_ollama(host, await list_ollama(host), name, ASKED))
        case OpenAISpec():
            return ModelChoice(server=await describe_openai(spec), reason=ASKED)
        case EmbeddedSpec(name=name):
            return _choose_pulled(get_entry(name), folder, ASKED)
        case FileSpec(path=path):
            return choose_file(path)
        case BareSpec():
            return await _choose_bare(spec, folder)
        case AnySpec(host=host):
            return await _choose_any(host, folder)
        case _:
            assert_never(spec)


def choose_ollama(host: str, models: Sequence[str], name: str | None, reason: str) -> ModelChoice:
    """The named one of Ollama's models, or the one that suits best when no name is given.

    Raises:
        ModelNotFound: Ollama does not have it.
    """
    chosen = best_chat_model(models) if name is None else ollama_match(models, name)
    if chosen is None:
        wanted = "no chat model" if name is None else f"no model {name!r}"
        advice = f"run `ollama pull {name or 'qwen2.5-coder:1.5b'}`"
        has = f" It has {', '.join(models)}." if models else ""
        raise ModelNotFound(f"Ollama at {host} has {wanted}; {advice}.{has}")
    server = OllamaServer(host=host, model=chosen, embedding_model=best_embedder(models))
    return ModelChoice(server=server, reason=reason)


def ollama_match(models: Sequence[str], name: str) -> str | None:
    """The model of that name; without a tag it is the latest."""
    wanted = (name.lower(), f"{name.lower()}:latest")
    return next((model for model in models if model.lower() in wanted), None)


def best_chat_model(models: Sequence[str]) -> str | None:
    """The one of the most preferred family; the first among equals; None when all are embedders."""
    chat = [model for model in models if not is_embedder(model)]
    return min(chat, key=lambda model: _rank(_base(model), PREFERRED), default=None)


def best_embedder(models: Sequence[str]) -> str | None:
    """The embedder that suits best, or None."""
    embedders = [model for model in models if is_embedder(model)]
    return min(embedders, key=lambda model: _rank(_base(model), EMBEDDERS), default=None)


def is_embedder(model: str) -> bool:
    """Whether that model of Ollama's embeds and does not chat."""
    return _base(model).startswith(EMBEDDERS)


def largest_pulled(folder: Path) -> CatalogueEntry | None:
    """The largest model of the catalogue whose file is there."""
    return max((entry for entry in CATALOGUE if entry.pulled(folder)), key=lambda entry: entry.size, default=None)


def choose_file(path: Path) -> ModelChoice:
    """A model file by its path.

    Raises:
        ModelNotFound: it is not there, or not a GGUF file.
    """
    try:
        with path.open("rb") as file:
            is_gguf = file.read(4) == b"GGUF"
    except OSError as error:
        raise ModelNotFound(f"The model file {path} can't be read: {error.strerror}.") from error
    if not is_gguf:
        raise ModelNotFound(f"{path} is not a model file in GGUF format.")
    return ModelChoice(server=EmbeddedServer(path=path, name=path.stem), reason=ASKED)


def _choose_pulled(entry: CatalogueEntry, folder: Path, reason: str) -> ModelChoice:
    if not entry.pulled(folder):
        raise ModelNotFound(f"{entry.name} is not on this machine; run `greatwheel models pull {entry.name}`.")
    verify(entry, folder)
    return ModelChoice(server=EmbeddedServer(path=entry.path(folder), name=entry.name), reason=reason)


async def _choose_bare(spec: BareSpec, folder: Path) -> ModelChoice:
    entry = find_entry(spec.name)
    if entry is not None and entry.pulled(folder):
        return _choose_pulled(entry, folder, ASKED)
    models = await _ollama_if_there(spec.host)
    if models is not None and ollama_match(models, spec.name):
        return await _described(choose_ollama(spec.host, models, spec.name, ASKED))
    if entry is not None:
        return _choose_pulled(entry, folder, ASKED)
    raise ModelNotFound(
        f"There is no model {spec.name!r}: the catalogue does not have it (see `greatwheel models list`) and "
        f"Ollama at {spec.host} {'does not answer' if models is None else 'does not have it'}."
    )


async def _choose_any(host: str, folder: Path) -> ModelChoice:
    models = await _ollama_if_there(host)
    if models is not None and best_chat_model(models):
        return await _described(choose_ollama(host, models, None, "Ollama answers and it suits best of its models"))
    silent = f"Ollama {'does not answer' if models is None else 'has no chat model'} at {host}"
    entry = largest_pulled(folder)
    if entry is None:
        raise ModelUnavailable(
            f"{silent} and no model is pulled; start Ollama, or run `greatwheel models pull {CATALOGUE[0].name}`."
        )
    return _choose_pulled(entry, folder, f"{silent} and this model is pulled")


async def _ollama_if_there(host: str) -> tuple[str, ...] | None:
    try:
        return await list_ollama(host)
    except ModelError:
        return None


async def _described(choice: ModelChoice) -> ModelChoice:
    assert isinstance(choice.server, OllamaServer)
    return ModelChoice(server=await describe_ollama(choice.server), reason=choice.reason)


def _base(model: str) -> str:
    """The name without a namespace: `library/qwen3:8b` is `qwen3:8b`."""
    return model.lower().rsplit("/", 1)[-1]


def _rank(name: str, families: Sequence[str]) -> int:
    return next((rank for rank, family in enumerate(families) if name.startswith(family)), len(families))
