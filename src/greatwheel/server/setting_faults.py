"""What is wrong with settings, in lines for people: where it stands, and the nearest key that exists."""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from greatwheel.core.errors import BadInput


def known_keys(model: type[BaseModel]) -> Mapping[str, list[str]]:
    """The keys of each section."""
    return {
        section: sorted(field.annotation.model_fields)
        for section, field in model.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    }


def check_variables(environment: Mapping[str, str], model: type[BaseModel], prefix: str) -> None:
    """Refuse variables that name no setting.

    Raises:
        BadInput: one line for each, with the nearest setting's variable.
    """
    known = {f"{prefix}{section}__{key}".upper() for section, keys in known_keys(model).items() for key in keys}
    unknown = sorted(
        name for name in environment if name.upper().startswith(prefix) and "__" in name and name.upper() not in known
    )
    if unknown:
        raise BadInput("\n".join(f"There is no setting {name}; {_nearest(name.upper(), known)}" for name in unknown))


def faults(error: ValidationError, model: type[BaseModel], *, source: str, prefix: str) -> str:
    """A line for each fault; never with the value, which may be a secret."""
    return "\n".join(_fault(fault, model, source, prefix) for fault in error.errors(include_input=False))


def _fault(fault: ErrorDetails, model: type[BaseModel], source: str, prefix: str) -> str:
    section, *rest = map(str, fault["loc"])
    key = ".".join([section, *rest])
    variable = f"{prefix}{'__'.join([section, *rest])}".upper()
    if fault["type"] == "extra_forbidden":
        return f"{source}: there is no setting {key}; {_nearest(key, _candidates(section, rest, model))}"
    if variable in os.environ:
        return f"{variable}: {fault['msg']}."
    return f"{source}: {key}: {fault['msg']}."


def _candidates(section: str, rest: Sequence[str], model: type[BaseModel]) -> Collection[str]:
    """What the writer may have meant: the same key of another section, else one of this section, else a section.

    Within a table of a section (such as `llm.prices.NAME`): a key of that table.
    """
    if len(rest) > 1:
        above = [section, *rest[:-1]]
        return [".".join([*above, key]) for key in _keys_of_table(above, model)]
    keys = known_keys(model)
    last = rest[-1] if rest else section
    elsewhere = [f"{name}.{last}" for name, inside in keys.items() if last in inside]
    here = [f"{section}.{key}" for key in keys[section]] if rest else list(keys)
    return elsewhere or here


def _keys_of_table(path: Sequence[str], model: type[BaseModel]) -> list[str]:
    """What the table at that path may have; the path goes through sections and through mappings of tables."""
    kind: Any = model
    for name in path:
        kind = kind.model_fields[name].annotation if hasattr(kind, "model_fields") else get_args(kind)[-1]
    return list(kind.model_fields)


def _nearest(wrong: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(wrong, known, n=1, cutoff=0.0)
    return f"the nearest is {near[0]}."
