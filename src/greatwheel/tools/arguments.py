"""Binds and checks the arguments of a tool's call."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError, best_match
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from greatwheel.core.errors import BadInput
from greatwheel.tools.checking import TooCostly, is_quick, validator_of
from greatwheel.tools.port import ToolSpec

MAX_ARGUMENT_CHARS = 200_000
"""Longest arguments of a call, as JSON."""
_MOST_CHECKS = 200_000
_MOST_CHECKED_CHARS = 50_000_000
_QUOTED_CHARS = 200
_Told = TypeVar("_Told")
_NO_REMOTE_SCHEMAS: Registry[Any] = Registry()


def bind(spec: ToolSpec, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments by name as plain JSON, checked by the tool's schema and size. None stands for one left out.

    Raises:
        TypeError: they don't fit the parameters, or are no values of JSON.
        ValueError: one is outside of what the schema allows, or all together are too long.
    """
    names = list(spec.parameters.get("properties", {}))
    if len(args) > len(names):
        raise TypeError(f"tool.{spec.name} takes {len(names)} arguments, not {len(args)}: {_signature(spec)}")
    arguments = dict(zip(names, args, strict=False))
    if twice := sorted(set(arguments) & set(kwargs)):
        raise TypeError(f"tool.{spec.name} got {twice[0]} twice: {_signature(spec)}")
    arguments |= kwargs
    arguments = {name: value for name, value in arguments.items() if value is not None or _takes_null(spec, name)}
    _check_names(spec, arguments)
    text = _as_json(spec, arguments)
    plain: dict[str, Any] = json.loads(text)
    _check_cost(spec, plain, text)
    _check_values(spec, plain)
    return plain


def check_schema(name: str, schema: Mapping[str, Any]) -> None:
    """The schema of a tool's parameters can be one.

    Raises:
        BadInput: it is no JSON schema of an object.
    """
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise BadInput(f"The parameters of tool {name} are no JSON schema: {error.message}") from None
    if schema.get("type") != "object" or not isinstance(schema.get("properties", {}), Mapping):
        raise BadInput(f"The parameters of tool {name} must be a schema of an object with properties.")
    resolver = _NO_REMOTE_SCHEMAS.with_resource("", DRAFT202012.create_resource(schema)).resolver()
    for reference in _told(schema, "$ref", str):
        try:
            resolver.lookup(reference)
        except Unresolvable:
            raise BadInput(f"The parameters of tool {name} refer to {reference!r}, which is not there.") from None
    for pattern in _told(schema, "pattern", str):
        if not is_quick(pattern):
            raise BadInput(f"The parameters of tool {name} have a pattern that may take for ever: {pattern[:100]!r}.")
    if any(_told(schema, "patternProperties", Mapping)):
        raise BadInput(f"The parameters of tool {name} have patternProperties, which are not checked here.")


def _told(schema: Any, keyword: str, kind: type[_Told]) -> Iterator[_Told]:
    """The values of that kind that a keyword has, at any depth."""
    match schema:
        case Mapping():
            if isinstance(schema.get(keyword), kind):
                yield schema[keyword]
            for part in schema.values():
                yield from _told(part, keyword, kind)
        case list():
            for part in schema:
                yield from _told(part, keyword, kind)
        case _:
            return


def _check_names(spec: ToolSpec, arguments: Mapping[str, Any]) -> None:
    known = spec.parameters.get("properties", {})
    if spec.parameters.get("additionalProperties", False) is False:
        for name in arguments:
            if name not in known:
                raise TypeError(f"tool.{spec.name} has no parameter {name!r}: {_signature(spec)}")
    if missing := [name for name in spec.parameters.get("required", ()) if name not in arguments]:
        raise TypeError(f"tool.{spec.name} needs {', '.join(missing)}: {_signature(spec)}")


def _as_json(spec: ToolSpec, arguments: Mapping[str, Any]) -> str:
    try:
        text = json.dumps(arguments, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"tool.{spec.name} takes texts, numbers, lists and dicts: {error}") from None
    if len(text) > MAX_ARGUMENT_CHARS:
        raise ValueError(f"tool.{spec.name} got {len(text):,} characters; at most {MAX_ARGUMENT_CHARS:,} are taken")
    return text


def _check_cost(spec: ToolSpec, arguments: Mapping[str, Any], text: str) -> None:
    """Checking takes as long as the schema's parts times the arguments': it must not hold the process up."""
    parts = _count(spec.parameters)
    if parts * _count(arguments) > _MOST_CHECKS or parts * len(text) > _MOST_CHECKED_CHARS:
        raise ValueError(f"tool.{spec.name} got arguments that are too long for a schema of {parts:,} parts")


def _count(value: Any) -> int:
    match value:
        case Mapping():
            return 1 + sum(map(_count, value.values()))
        case list():
            return 1 + sum(map(_count, value))
        case _:
            return 1


def _check_values(spec: ToolSpec, arguments: Mapping[str, Any]) -> None:
    try:
        wrong: ValidationError | None = best_match(validator_of(spec.parameters).iter_errors(arguments))
    except (TooCostly, RecursionError):
        raise ValueError(f"tool.{spec.name} got arguments with too many levels") from None
    if wrong is not None:
        raise ValueError(f"tool.{spec.name}: {_place(wrong)}{wrong.message[:_QUOTED_CHARS]}")


def _place(error: ValidationError) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f"{part}: " for part in error.absolute_path)


def _takes_null(spec: ToolSpec, name: str) -> bool:
    schema = spec.parameters.get("properties", {}).get(name)
    if not isinstance(schema, Mapping):
        return True
    return "$ref" not in str(schema) and validator_of(schema).is_valid(None)


def _signature(spec: ToolSpec) -> str:
    required = set(spec.parameters.get("required", ()))
    names = [name if name in required else f"{name}=…" for name in spec.parameters.get("properties", {})]
    return f"tool.{spec.name}({', '.join(names)})"
