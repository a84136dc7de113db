"""The SDK as agents see it: the names, their signatures, and the guest source that offers them.

Plain names (`llm_query`, `FINAL`) are host functions of the engine. Dotted ones (`llm.complete`) are methods of small
guest objects that call a host function with a name of ours. On the wire, that is in `HostCall.name` as `LoweredSession`
gives it, every call has its dotted name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from greatwheel.sandbox.lowering import guest
from greatwheel.sandbox.lowering.bindings import module_names

SDK_ERRORS: Mapping[str, str] = MappingProxyType(
    {
        "NotAvailable": "RuntimeError",
        "BudgetExceeded": "RuntimeError",
        "InDoubt": "RuntimeError",
        "PermissionDenied": "PermissionError",
        "AgentFailed": "RuntimeError",
        "LimitReached": "RuntimeError",
        "ToolFailed": "RuntimeError",
    }
)
"""Errors that are no Python built-ins, with the built-in base by which a guest can catch them too."""

_DECLARATIONS = {
    "llm.complete": (
        "(prompt=None, *, system=None, messages=None, model=None, temperature=None, max_tokens=None, choices=None)"
    ),
    "llm.embed": "(text, *, model=None)",
    "memory.store": "(key, value, *, scope=None, metadata=None)",
    "memory.recall": "(query, top_k=5, mode='hybrid', scope=None)",
    "memory.forget": "(key, *, scope=None)",
    "agent.call": "(name, task, *, context=None, timeout=None)",
    "agent.notify": "(name, message)",
    "channel.send": "(text, *, channel=None)",
    "channel.ask": "(question, *, choices=None, timeout=None)",
    "tool.authorized_action": "(*, action, params=None)",
    "state.checkpoint": "(label=None)",
    "llm_query": "(prompt, model=None, *, max_tokens=None, temperature=None, choices=None)",
    "batch_llm_query": "(prompts, model=None, *, max_tokens=None, temperature=None, choices=None)",
    "rlm_query": "(question, context=None, *, model=None)",
    "batch_rlm_query": "(questions, contexts=None, *, model=None)",
    "FINAL": "(answer)",
    "SHOW_VARS": "()",
    "budget": "()",
}


def _binder(name: str, declaration: str) -> Callable[..., dict[str, Any]]:
    scope: dict[str, Any] = {}
    # The declarations above are constants of this module; nothing of a guest gets here.
    exec(f"def declared{declaration}: return locals()", scope)  # noqa: S102
    binder: Callable[..., dict[str, Any]] = scope["declared"]
    binder.__qualname__ = name  # by which Python's error names the function
    return binder


BINDERS: Mapping[str, Callable[..., dict[str, Any]]] = MappingProxyType(
    {name: _binder(name, declaration) for name, declaration in _DECLARATIONS.items()}
)
"""By wire name: takes a call's arguments and gives them by name, defaults included; Python's TypeError if they don't
fit. A tool other than `tool.authorized_action` has none: it takes what its definition says."""

SIGNATURES: Mapping[str, inspect.Signature] = MappingProxyType(
    {name: inspect.signature(binder) for name, binder in BINDERS.items()}
)
"""Those of the binders."""

ALIASES: Mapping[str, str] = MappingProxyType({"llm_query_batched": "batch_llm_query"})
"""Guest names that are another's."""

HOST_FUNCTIONS: frozenset[str] = frozenset(SIGNATURES) | {"tool"}
"""Every name that a guest may call, by wire name; `tool` stands for `tool.<any name>`."""

ANY_TOOL = "_gw_h_tool"
"""The engine's host function behind `tool.<name>`: the tool's name comes first."""


def engine_name(wire: str) -> str:
    """The name of the engine's host function behind a wire name."""
    return f"_gw_h_{wire.replace('.', '_')}" if "." in wire else wire


ENGINE_FUNCTIONS: Mapping[str, str] = MappingProxyType(
    {**{engine_name(name): name for name in SIGNATURES}, **ALIASES, ANY_TOOL: "tool"}
)
"""The engine's host functions, with their wire names."""

SOURCE: str = guest.source("sdk")
"""Guest source that every session runs first."""

NAMES: frozenset[str] = (
    frozenset(module_names(SOURCE)) | {name for name in ENGINE_FUNCTIONS if "_gw_" not in name} | frozenset(SDK_ERRORS)
)
"""The SDK's names in a guest; `describe` leaves them out until the guest binds them."""
