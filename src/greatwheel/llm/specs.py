"""How people name models, read without I/O.

ollama:NAME                 a model of the Ollama server at OLLAMA_HOST
openai:NAME                 a model of the server at OPENAI_BASE_URL, with OPENAI_API_KEY
embedded:NAME or :PATH      a pulled model of the catalogue, or a .gguf file, served in this process
http://host:port/v1#NAME    a model of any OpenAI-compatible server
some/file.gguf              the same as embedded:some/file.gguf
NAME                        a pulled model, else one that Ollama has
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urldefrag, urlsplit

from greatwheel.core.errors import BadInput

OPENAI_URL = "https://api.openai.com/v1"
OLLAMA_URL = "http://127.0.0.1:11434"
OLLAMA_PORT = 11434


@dataclass(frozen=True, kw_only=True)
class OllamaSpec:
    """A model of an Ollama server; None: whichever suits."""

    host: str
    name: str | None = None


@dataclass(frozen=True, kw_only=True)
class OpenAISpec:
    """A model of an OpenAI-compatible server; None: the first that it lists."""

    base_url: str
    name: str | None = None
    api_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class EmbeddedSpec:
    """A model of the catalogue."""

    name: str


@dataclass(frozen=True, kw_only=True)
class FileSpec:
    """A model file."""

    path: Path


@dataclass(frozen=True, kw_only=True)
class BareSpec:
    """A name that several servers may know."""

    name: str
    host: str


@dataclass(frozen=True, kw_only=True)
class AnySpec:
    """Nothing was asked for."""

    host: str


Spec: TypeAlias = OllamaSpec | OpenAISpec | EmbeddedSpec | FileSpec | BareSpec | AnySpec


def parse_spec(text: str | None, environment: Mapping[str, str]) -> Spec:
    """What `text` asks for.

    Raises:
        BadInput: it is not one of the forms above.
    """
    host = ollama_host(environment.get("OLLAMA_HOST"))
    if text is None:
        return AnySpec(host=host)
    if not (text := text.strip()):
        raise BadInput("The model's name is empty; leave it out to let Greatwheel choose.")
    scheme, _, rest = text.partition(":")
    match scheme:
        case "http" | "https":
            return _url_spec(text, environment)
        case "ollama" | "openai" | "embedded" if not rest:
            raise BadInput(f"The model's name is missing after {scheme}:, as in {scheme}:qwen2.5-coder:1.5b.")
        case "ollama":
            return OllamaSpec(host=host, name=rest)
        case "openai":
            return _openai_spec(rest, environment)
        case "embedded":
            return FileSpec(path=Path(rest).expanduser()) if _is_file_name(rest) else EmbeddedSpec(name=rest)
        case _:
            return FileSpec(path=Path(text).expanduser()) if _is_file_name(text) else BareSpec(name=text, host=host)


def ollama_host(value: str | None) -> str:
    """OLLAMA_HOST as a URL, read as Ollama reads it; a server that listens everywhere is spoken to on loopback."""
    value = (value or "").strip()
    if not value:
        return OLLAMA_URL
    try:
        parts = urlsplit(value if "://" in value else f"//{value}")
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, OLLAMA_PORT)
    except ValueError as error:
        raise BadInput(f"OLLAMA_HOST is {value!r}, which is not a host and port.") from error
    name = parts.hostname or "127.0.0.1"
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)
    name = f"[{name}]" if ":" in name else name
    return f"{parts.scheme or 'http'}://{name}:{port}{parts.path.rstrip('/')}"


def _openai_spec(name: str, environment: Mapping[str, str]) -> OpenAISpec:
    base_url = (environment.get("OPENAI_BASE_URL") or OPENAI_URL).rstrip("/")
    api_key = environment.get("OPENAI_API_KEY") or None
    if base_url == OPENAI_URL and api_key is None:
        raise BadInput("OpenAI needs a key; set OPENAI_API_KEY, or OPENAI_BASE_URL for another server.")
    return OpenAISpec(base_url=base_url, name=name, api_key=api_key)


def _url_spec(text: str, environment: Mapping[str, str]) -> OpenAISpec:
    url, name, path = _address(text)
    base_url = url.rstrip("/") if path.strip("/") else f"{url.rstrip('/')}/v1"
    # The key goes only where its owner said that it belongs, never to any address that is named.
    own = (environment.get("OPENAI_BASE_URL") or OPENAI_URL).rstrip("/")
    api_key = environment.get("OPENAI_API_KEY") or None
    return OpenAISpec(base_url=base_url, name=name or None, api_key=api_key if base_url == own else None)


def _address(text: str) -> tuple[str, str, str]:
    """The URL without its fragment, the fragment, and the URL's path."""
    try:
        url, name = urldefrag(text)
        parts = urlsplit(url)
        known = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        known = False
    if not known:
        raise BadInput(f"{text!r} is not the address of a model server, as in http://localhost:8080/v1#model.")
    return url, name, parts.path


def _is_file_name(text: str) -> bool:
    return text.endswith(".gguf") or text.startswith(("/", "./", "../", "~"))
