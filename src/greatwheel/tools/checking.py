"""Checks values by JSON schemas in a time that their sizes bound, whatever an agent gives.

As the standard library does it, a pattern such as `(a+)+$` may take for ever, and holds the whole process meanwhile;
comparing each item with each other takes hours; and alternatives that refer to themselves double with each level.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from pydantic_core import SchemaError, SchemaValidator, core_schema
from referencing import Registry

_MOST_REFERENCES = 10_000
"""Followed in one check."""
_NO_REMOTE_SCHEMAS: Registry[Any] = Registry()


class TooCostly(ValueError):
    """The value can't be checked in a reasonable time."""


def validator_of(schema: Mapping[str, Any]) -> Validator:
    """Checks one value; it raises TooCostly where that would take too long. Nothing is fetched."""
    kind = _counting() if "$ref" in str(schema) else _Quick
    found: Validator = kind(schema, registry=_NO_REMOTE_SCHEMAS)
    return found


def is_quick(pattern: str) -> bool:
    """The pattern is one that is matched in linear time: it has no look-around and no references back."""
    return _matcher(pattern) is not None


@lru_cache(maxsize=1_000)
def _matcher(pattern: str) -> SchemaValidator | None:
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern))
    except SchemaError:
        return None


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    matcher = _matcher(pattern) if isinstance(instance, str) else None
    if matcher is not None and not matcher.isinstance_python(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _unique_items(validator: Any, wanted: bool, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if wanted and isinstance(instance, list):
        written = {json.dumps(item, sort_keys=True) for item in instance}
        if len(written) < len(instance):
            yield ValidationError("it has the same item twice")


def _unchecked(validator: Any, value: Any, instance: Any, schema: Any) -> None:
    """Names of properties by patterns: only schemas of functions have them, which check their values once more."""


_Quick = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {"pattern": _pattern, "uniqueItems": _unique_items, "patternProperties": _unchecked},
)


def _counting() -> Any:
    follow = Draft202012Validator.VALIDATORS["$ref"]
    followed = 0

    def counted(validator: Any, reference: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
        nonlocal followed
        followed += 1
        if followed > _MOST_REFERENCES:
            raise TooCostly("it has too many levels for its schema")
        yield from follow(validator, reference, instance, schema)

    return extend(_Quick, {"$ref": counted})  # type: ignore[no-untyped-call]
