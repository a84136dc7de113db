"""The composition root: the one place that names concrete adapters."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import assert_never

from greatwheel.core.errors import BadInput
from greatwheel.llm.choice import resolve_model
from greatwheel.llm.gate import GatePolicy, gated
from greatwheel.llm.port import ChatModel
from greatwheel.llm.servers import Dialect, EmbeddedServer, OllamaServer, OpenAIServer, Server
from greatwheel.sandbox.lowered import LoweredEngine
from greatwheel.sandbox.port import Engine


def _monty() -> Engine:
    from greatwheel.sandbox.monty import MontyEngine  # an engine is imported only when it is chosen

    return MontyEngine()


def _ouros() -> Engine:
    from greatwheel.sandbox.ouros import OurosEngine

    return OurosEngine()


ENGINES: dict[str, Callable[[], Engine]] = {"monty": _monty, "ouros": _ouros}
"""Each engine's constructor."""

_AT_ONCE: dict[Dialect, int] = {"openai": 16, "generic": 16, "vllm": 64, "llama.cpp": 4}
_OLLAMA_AT_ONCE = 4


def open_raw_engine(name: str) -> Engine:
    """The engine of that name as it is.

    Raises:
        BadInput: no engine has that name.
    """
    if name not in ENGINES:
        raise BadInput(f"There is no engine {name!r}; choose one of {', '.join(ENGINES)}.")
    return ENGINES[name]()


def open_engine(name: str = "monty") -> Engine:
    """The engine of that name, wrapped so that it takes what models write. Raises as `open_raw_engine`."""
    return LoweredEngine(open_raw_engine(name))


async def open_model(
    spec: str | None = None,
    *,
    tell: Callable[[str], None] = lambda line: None,
    environment: Mapping[str, str] = os.environ,
    concurrency: int | None = None,
    seconds: float = GatePolicy.seconds,
) -> ChatModel:
    """The model that is asked for, or the one that is there, behind its gate.

    `tell` is given the line that says which one it is and why; `concurrency` (None: as much as the server answers
    together) and `seconds` are the gate's. Raises as `resolve_model`.
    """
    choice = await resolve_model(spec, environment=environment)
    tell(choice.line)
    policy = GatePolicy(concurrency=concurrency or _concurrency(choice.server), seconds=seconds)
    return gated(_adapter(choice.server), policy)


def _concurrency(server: Server) -> int:
    """As many requests as the server answers together; what is beyond would only wait in its queue."""
    match server:
        case EmbeddedServer():
            return server.parallel
        case OpenAIServer():
            return _AT_ONCE[server.dialect]
        case OllamaServer():
            return _OLLAMA_AT_ONCE
        case _:
            assert_never(server)


def _adapter(server: Server) -> ChatModel:
    match server:
        case OllamaServer():
            from greatwheel.llm.ollama import OllamaModel  # each adapter loads its client library

            return OllamaModel(server)
        case OpenAIServer():
            from greatwheel.llm.openai import OpenAIModel

            return OpenAIModel(server)
        case EmbeddedServer():
            from greatwheel.llm.embedded import EmbeddedModel

            return EmbeddedModel(server)
        case _:
            assert_never(server)
