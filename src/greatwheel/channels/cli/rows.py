"""What commands print: rows as a table, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from greatwheel.channels.cli.terminal import safe

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Row: TypeAlias = Mapping[str, Any]


def show(rows: Sequence[Row], *, as_json: bool) -> None:
    """Print rows, as JSON or as a table."""
    if as_json:
        print_json(rows)
        return
    if not rows:
        print("none")
        return
    first, *others = [name.replace("_", " ") for name in rows[0]]
    table = Table(Column(first, no_wrap=True), *[Column(name, overflow="fold") for name in others])
    for row in rows:
        table.add_row(*[Text(safe(_cell(name, value))) for name, value in row.items()])
    Console().print(table)


def show_one(thing: Row, *, as_json: bool) -> None:
    """Print one thing: as a JSON object, or as a table of its fields."""
    if as_json:
        print_json(thing)
    else:
        show(fields(thing), as_json=False)


def tell(line: str, facts: Row, *, as_json: bool) -> None:
    """Print what was done, as a line or as JSON."""
    if as_json:
        print_json(facts)
    else:
        print(safe(line))


def print_json(facts: Any) -> None:
    """Print JSON."""
    print(json.dumps(facts, indent=2, default=_plain))


def print_line(facts: Row) -> None:
    """Print something that happened as a line of JSON, at once."""
    print(json.dumps(facts, default=_plain), flush=True)


def facts(thing: DataclassInstance, *leave_out: str) -> Row:
    """A thing's fields as a row."""
    return {name: value for name, value in asdict(thing).items() if name not in leave_out}


def fields(thing: Row) -> list[Row]:
    """One thing as a table of its fields; those without a value are left out."""
    return [{"field": name, "value": _cell(name, value)} for name, value in thing.items() if value is not None]


def cut(text: str, limit: int) -> str:
    """The text in one line of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def moment(text: str | None) -> datetime | None:
    """A time as the API tells it."""
    return None if text is None else datetime.fromisoformat(text)


def _cell(name: str, value: Any) -> str:
    match moment(value) if name.endswith("_at") and isinstance(value, str) else value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime() as time:
            return time.strftime("%Y-%m-%d %H:%M")
        case list() | tuple() if all(isinstance(each, str) for each in value):
            return " ".join(value)
        case list() | tuple() | dict():
            return json.dumps(value, ensure_ascii=False, default=str)
        case _:
            return str(value)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
