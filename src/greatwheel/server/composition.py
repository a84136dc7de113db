"""The composition root: the one place that names concrete adapters."""

from __future__ import annotations

from collections.abc import Callable

from greatwheel.core.errors import BadInput
from greatwheel.sandbox.port import Engine


def _monty() -> Engine:
    from greatwheel.sandbox.monty import MontyEngine  # an engine is imported only when it is chosen

    return MontyEngine()


def _ouros() -> Engine:
    from greatwheel.sandbox.ouros import OurosEngine

    return OurosEngine()


ENGINES: dict[str, Callable[[], Engine]] = {"monty": _monty, "ouros": _ouros}
"""Each engine's constructor."""


def open_engine(name: str = "monty") -> Engine:
    """The engine of that name, wrapped so that it takes what models write.

    Raises:
        BadInput: no engine has that name.
    """
    if name not in ENGINES:
        raise BadInput(f"There is no engine {name!r}; choose one of {', '.join(ENGINES)}.")
    return ENGINES[name]()
