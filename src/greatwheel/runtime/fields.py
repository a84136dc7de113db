"""The fields of a table's records, nested ones included, and the code that reads them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from greatwheel.runtime.tables import Record, Table

Kind: TypeAlias = Literal["text", "category", "number", "time", "list", "flag", "other"]

SAMPLE = 300
MAX_FIELDS = 24
_IDENTIFIERS = re.compile(r"^(id|no|nr|line|seq|index|number)$|_id$|_no$", re.IGNORECASE)
_TIME = re.compile(r"^(\d{4}-\d\d-\d\d|\d\d:\d\d)")
_PERSON = re.compile(r"^[A-Z][\w'.-]+(?: [A-Z][\w'.-]*){0,2}$")
_PERSON_NAMES = re.compile(
    r"\b(?:name|user|author|person|owner|sender|customer|client|buyer|employee|member|player|speaker|driver|who)",
    re.IGNORECASE,
)
_OTHER_WORDS = {"bases": r"\b(?:inherit\w*|(?:direct )?subclass\w*|deriv\w+|extend\w*|base class\w*)\b"}
"""What questions call a field of that name, beside the name itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One field of the records."""

    name: str
    """`city`, or `user.name` for a nested one."""
    code: str
    """How guest code reads it from a record `r`."""
    read: Callable[[Record], Any]
    """How the host reads it; None where a record lacks it."""
    kind: Kind
    optional: bool
    """Some records lack it, or hold None."""
    example: Any


def fields_of(table: Table) -> list[Field]:
    """The table's fields in order, those of nested dicts in their dict's place (two levels)."""
    step = max(1, len(table.records) // SAMPLE)
    sample = table.records[::step][:SAMPLE]
    found: list[Field] = []
    for column in table.columns:
        values = [record.get(column) for record in sample]
        dicts = [value for value in values if isinstance(value, dict)]
        if dicts:
            for key in list(dict.fromkeys(key for value in dicts for key in value))[:8]:
                found.append(_nested(column, key, sample))
        else:
            found.append(_plain(column, values))
    return found[:MAX_FIELDS]


def _plain(column: str, values: Sequence[Any]) -> Field:
    absent = any(value is None for value in values)
    code = f"r.get({column!r})" if absent else f"r[{column!r}]"
    return _field(column, code, lambda record: record.get(column), values)


def _nested(column: str, key: str, sample: Sequence[Record]) -> Field:
    def read(record: Record) -> Any:
        inner = record.get(column)
        return inner.get(key) if isinstance(inner, dict) else None

    values = [read(record) for record in sample]
    whole = all(isinstance(record.get(column), dict) and key in record[column] for record in sample)
    code = f"r[{column!r}][{key!r}]" if whole else f"(r.get({column!r}) or {{}}).get({key!r})"
    return _field(f"{column}.{key}", code, read, values)


def _field(name: str, code: str, read: Callable[[Record], Any], values: Sequence[Any]) -> Field:
    filled = [value for value in values if value is not None]
    return Field(
        name=name,
        code=code,
        read=read,
        kind=_kind(name, filled),
        optional=len(filled) < len(values),
        example=next((value for value in filled if value != ""), ""),
    )


def _kind(name: str, filled: Sequence[Any]) -> Kind:
    if not filled:
        return "other"
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in filled):
        return "other" if _IDENTIFIERS.search(name) else "number"
    if all(isinstance(value, bool) for value in filled):
        return "flag"
    if all(isinstance(value, list) and all(isinstance(item, (str, int)) for item in value) for value in filled):
        return "list"
    if not all(isinstance(value, str) for value in filled):
        return "other"
    if all(_TIME.match(value) for value in filled[:50]):
        return "time"
    return "category" if len(set(filled)) < 0.7 * len(filled) else "text"


def mentioned(field: Field, question: str) -> int:
    """Where the question names the field, -1 when it does not; underscores, plurals and case aside."""
    low = question.lower().replace("_", " ")
    plain = field.name.rsplit(".", 1)[-1].lower().replace("_", " ")
    names = [plain, *([plain.removesuffix(" id"), plain.split()[0]] if " " in plain else [])]
    for name in names:
        stem = re.escape(name.removesuffix("y") if len(name) > 2 else name)
        found = re.search(rf"\b{stem}(?:s|es|ies|y)?\b", low) if len(name) > 1 else None
        if found:
            return found.start()
    other = re.search(_OTHER_WORDS[plain], low) if plain in _OTHER_WORDS else None
    return other.start() if other else -1


def tells_who(field: Field, records: Sequence[Record]) -> bool:
    """Whether the field names people: by what it is called, else by names of two words in it."""
    if field.kind not in ("text", "category"):
        return False
    values = [value for record in records[:50] if isinstance(value := field.read(record), str)]
    named = bool(values) and all(len(value) <= 40 and value.count(" ") <= 2 for value in values)
    if named and _PERSON_NAMES.search(field.name.replace("_", " ").replace(".", " ")):
        return True
    return named and all(_PERSON.match(value) and " " in value for value in values)
