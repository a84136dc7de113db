"""Asks model servers what they are and what they have."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from greatwheel.core.errors import ModelNotFound, ModelRefused, ModelTimeout, ModelUnavailable
from greatwheel.llm.servers import Dialect, OllamaServer, OpenAIServer
from greatwheel.llm.specs import OPENAI_URL, OpenAISpec
from greatwheel.llm.wire import as_count, as_text, brief, is_loopback

PROBE_SECONDS = 10.0
"""That a question takes at most, however the server deals out its answer."""
PROBE_TIMEOUT = httpx.Timeout(PROBE_SECONDS, connect=2.0)
OPENAI_WINDOW = 128_000


async def list_ollama(host: str) -> tuple[str, ...]:
    """The models that Ollama has, the newest first.

    Raises:
        ModelUnavailable: no Ollama answers there.
    """
    async with _client(host) as client:
        with _mapped_errors(f"Ollama at {host}"):
            models = (await _json(client, "GET", f"{host}/api/tags"))["models"]
            return tuple(as_text(model["model"]) for model in models)


async def list_loaded(host: str) -> tuple[str, ...]:
    """The models that Ollama has in memory. Raises as `list_ollama`."""
    async with _client(host) as client:
        with _mapped_errors(f"Ollama at {host}"):
            models = (await _json(client, "GET", f"{host}/api/ps"))["models"]
            return tuple(as_text(model["model"]) for model in models)


async def describe_ollama(server: OllamaServer) -> OllamaServer:
    """The server with what Ollama says of the model: whether it thinks, and a window that it has."""
    async with _client(server.host) as client:
        with _mapped_errors(f"Ollama at {server.host}"):
            told = await _json(client, "POST", f"{server.host}/api/show", {"model": server.model})
            details = told.get("model_info") or {}
            lengths = [as_count(value) for name, value in details.items() if name.endswith(".context_length")]
            return OllamaServer(
                host=server.host,
                model=server.model,
                window=min([server.window, *(length for length in lengths if length)]),
                thinks="thinking" in (told.get("capabilities") or []),
                embedding_model=server.embedding_model,
            )


async def describe_openai(spec: OpenAISpec) -> OpenAIServer:
    """The server, its dialect and window, from its list of models; OpenAI's own is known without asking.

    Raises:
        ModelNotFound: no model was named and the server lists none.
        ModelUnavailable: nothing answers there.
        ModelRefused: the server does not want us.
    """
    api_key = spec.api_key or "none"
    if spec.base_url == OPENAI_URL and spec.name:
        return OpenAIServer(
            base_url=spec.base_url, model=spec.name, api_key=api_key, dialect="openai", window=OPENAI_WINDOW
        )
    listed = await _listed_models(spec)
    named = [model for model in listed if spec.name in (None, model.get("id"))]
    name = spec.name or (as_text(named[0].get("id")) if named else "")
    if not name:
        raise ModelNotFound(f"The server at {spec.base_url} lists no models; name one as in {spec.base_url}#NAME.")
    told = named[0] if named else {}
    return OpenAIServer(
        base_url=spec.base_url,
        model=name,
        api_key=api_key,
        dialect=_dialect(told),
        window=_window(told) or OpenAIServer.window,
    )


async def _listed_models(spec: OpenAISpec) -> list[dict[str, Any]]:
    headers = {"authorization": f"Bearer {spec.api_key}"} if spec.api_key else {}
    async with _client(spec.base_url, headers) as client:
        with _mapped_errors(f"The server at {spec.base_url}"):
            try:
                listed = (await _json(client, "GET", f"{spec.base_url}/models"))["data"]
            except httpx.HTTPStatusError as error:
                if error.response.status_code == httpx.codes.NOT_FOUND and spec.name:
                    return []  # it has chats, but no list of models
                raise
            return [model for model in listed if isinstance(model, dict)]


def _client(url: str, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=PROBE_TIMEOUT, headers=headers, trust_env=not is_loopback(url))


def _dialect(told: dict[str, Any]) -> Dialect:
    match told.get("owned_by"):
        case "llamacpp":
            return "llama.cpp"
        case "vllm":
            return "vllm"
        case _:
            return "generic"


def _window(told: dict[str, Any]) -> int | None:
    meta = told.get("meta")
    llama_cpp = meta.get("n_ctx") if isinstance(meta, dict) else None
    return as_count(told.get("max_model_len")) or as_count(llama_cpp)


async def _json(client: httpx.AsyncClient, method: str, url: str, body: object = None) -> dict[str, Any]:
    async with asyncio.timeout(PROBE_SECONDS):  # httpx limits each read, not all of them together
        response = await client.request(method, url, json=body)
    response.raise_for_status()
    answer = response.json()
    if not isinstance(answer, dict):
        raise ValueError("not a JSON object")
    return answer


@contextmanager
def _mapped_errors(server: str) -> Iterator[None]:
    """Turn the client's exceptions into ours; the one place where that happens."""
    try:
        yield
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        failure = ModelUnavailable if status >= 500 or status == httpx.codes.TOO_MANY_REQUESTS else ModelRefused
        raise failure(f"{server} answered with {status}: {brief(error.response.text)}") from error
    except (httpx.TimeoutException, TimeoutError) as error:
        raise ModelTimeout(f"{server} did not answer in time.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ModelUnavailable(f"{server} can't be reached: {brief(str(error))}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelRefused(f"{server} does not answer like a model server.") from error
