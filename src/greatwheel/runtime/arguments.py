"""What guests give to host calls: bound to names, and checked."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from greatwheel.sandbox.port import HostCall
from greatwheel.sandbox.prelude import BINDERS, SIGNATURES


def bind(call: HostCall) -> dict[str, Any]:
    """The call's arguments by name; Python's TypeError when they do not fit."""
    binder = BINDERS.get(call.name)
    if binder is None:
        return dict(call.kwargs)
    try:
        return binder(*call.args, **call.kwargs)
    except TypeError as error:
        raise TypeError(f"{error}{_hint(call.name, str(error))}") from None


def asks_only(name: str, bound: Mapping[str, Any]) -> bool:
    """Whether a child would have no data of its own: then it is one model call, not a task."""
    return (name == "rlm_query" and bound.get("context") is None) or (
        name == "batch_rlm_query" and bound.get("contexts") is None
    )


def _hint(name: str, said: str) -> str:
    """The parameter that an unexpected keyword argument was meant to be, if one is near."""
    words = said.split("'")
    near = difflib.get_close_matches(words[1], SIGNATURES[name].parameters) if "unexpected" in words[0] else []
    # Later Pythons give a hint of their own: a second quoted word.
    return f"; did you mean {near[0]}?" if near and len(words) == 3 else ""


def as_text(value: Any) -> str:
    """Words, whatever was given for them."""
    return value if isinstance(value, str) else str(value)


def model_name(bound: Mapping[str, Any]) -> str | None:
    """The model that the call names. Raises TypeError when it is no name."""
    name = bound.get("model")
    if name is None or isinstance(name, str):
        return name
    raise TypeError(f"model is the name of a model, not {type(name).__name__}")


def as_list(value: Any) -> list[Any]:
    """A list. Raises TypeError for anything else."""
    if isinstance(value, (list, tuple)):
        return list(value)
    raise TypeError(f"expected a list, got {type(value).__name__}")


def choice_grammar(choices: Sequence[Any]) -> str:
    """GBNF: the reply is one of the choices."""
    quoted = [
        '"' + str(choice).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"' for choice in choices
    ]
    return "root ::= " + " | ".join(quoted)
