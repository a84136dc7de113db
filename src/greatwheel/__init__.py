"""A durable runtime for agents that think by writing Python."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from greatwheel.core.budgets import Budget
    from greatwheel.core.errors import GreatwheelError
    from greatwheel.core.usage import Usage
    from greatwheel.rlm import RLM, Completion
    from greatwheel.sandbox.port import Limits

__all__ = ["RLM", "Budget", "Completion", "GreatwheelError", "Limits", "Usage"]

_PLACES = {
    "RLM": "greatwheel.rlm",
    "Budget": "greatwheel.core.budgets",
    "Completion": "greatwheel.rlm",
    "GreatwheelError": "greatwheel.core.errors",
    "Limits": "greatwheel.sandbox.port",
    "Usage": "greatwheel.core.usage",
}


def __getattr__(name: str) -> Any:
    """A name of the library, imported when it is first used: most who import a part of us need none of them."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
