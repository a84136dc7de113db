"""What the model is told of the data: never the data, always enough to write code against it.

`prepare` turns a context into the variables of a session (the context itself and, where it has structure, parsed
records) and a description of them: sizes, two whole records, columns with their values, first and last lines.
Example lines are made from the data's own names, since small models copy examples literally.
"""

from __future__ import annotations

import builtins
import json
import keyword
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from greatwheel.runtime.code_index import definitions
from greatwheel.runtime.contexts import split_files, titled_texts
from greatwheel.runtime.guest_source import PUBLIC_TOOLS
from greatwheel.runtime.linking import Named
from greatwheel.runtime.nested import nested_tables
from greatwheel.runtime.tables import Table, find_tables
from greatwheel.sandbox import prelude

MAX_SAMPLE_CHARS = 420
MAX_VALUES = 10
MAX_COLUMNS = 14
MAX_NAMED_TABLES = 6
MAX_CELLS = 700_000
"""Values of all tables together, counting each record as one more: a guest takes up to half a kilobyte for each, and
has its context beside them. With the default limit on memory 800,000 still fit, and a million don't."""
EDGE_CHARS = 150


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """What a session is given, and what its model is told."""

    values: Mapping[str, Any]
    tables: tuple[Named, ...] = ()
    text: str = ""
    """The description."""
    derived: frozenset[str] = field(default_factory=frozenset)
    """Names in `values` that were parsed from the context."""


def prepare(context: Any) -> Prepared:
    """The variables for a context, and their description."""
    files = split_files(context) if isinstance(context, str) else {}
    if isinstance(context, list):
        files = titled_texts(context)
    tables = _bounded(_tables_of(files or context))
    values: dict[str, Any] = {"context": context, **({"files": files} if files else {})}
    values.update({named.name: named.table.records for named in tables})
    lines = [_describe_context(context, bool(tables))]
    if files:
        whole = f"str, {len(context):,} characters" if isinstance(context, str) else f"list of {len(context):,} texts"
        lines = [f"context: {whole}.", _describe_dict(files, "files")]
    lines += [_describe_table(named) for named in tables]
    return Prepared(
        values=values,
        tables=tuple(tables),
        text="\n".join(line for line in lines if line),
        derived=frozenset(values) - {"context"},
    )


def _bounded(tables: Sequence[Named]) -> list[Named]:
    """The tables that the session has room for; what the context holds beyond them stays as it is."""
    kept, room = [], MAX_CELLS
    for named in tables:
        cells = len(named.table.records) * (len(named.table.columns) + 1)
        if cells <= room:
            kept.append(named)
            room -= cells
    return kept


def _tables_of(context: Any) -> list[Named]:
    if isinstance(context, str) and context.count("\n") > MAX_CELLS // 3:
        return []  # with two columns there would be no room for them already, and to look takes a minute
    if isinstance(context, str):
        data = _json_or_none(context)
        if data is not None:
            return _tables_in_data(data)
        return _name(find_tables(context)[:MAX_NAMED_TABLES])
    if isinstance(context, dict) and context and all(isinstance(value, str) for value in context.values()):
        return _tables_in_texts(context)
    if isinstance(context, (dict, list)):
        return _tables_in_data(context)
    return []


def _json_or_none(text: str) -> Any:
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _tables_in_texts(texts: Mapping[str, str]) -> list[Named]:
    if sum(name.endswith(".py") for name in texts) > 0.5 * len(texts):
        table = definitions(texts)
        return [Named(name="defs", table=table)] if table else []
    found = {name: tables[0] for name, text in texts.items() if (tables := find_tables(text))}
    if len(found) < max(1, 0.5 * len(texts)):
        return []
    same = Counter(table.columns for table in found.values())
    columns, count = same.most_common(1)[0]
    if count == len(found) > 1:
        records = [{"file": name, **record} for name, table in found.items() for record in table.records]
        form = next(iter(found.values())).form
        return [Named(name="records", table=Table(form=form, columns=("file", *columns), records=records))]
    if len(found) <= MAX_NAMED_TABLES:
        return [Named(name=_identifier(name.rsplit("/", 1)[-1].rsplit(".", 1)[0]), table=found[name]) for name in found]
    return []


def _tables_in_data(data: Any) -> list[Named]:
    """The largest tables in parsed JSON, by the name that the data gives them."""
    found = sorted(nested_tables(data), key=lambda item: -len(item[1].records))[:MAX_NAMED_TABLES]
    names: dict[str, Named] = {}
    for path, table in found:
        name = _identifier(path[-1]) if path else "records"
        if name in names:
            name = _identifier("_".join(path[-2:]))
        names.setdefault(name, Named(name=name, table=table))
    return list(names.values())


def _name(tables: Sequence[Table]) -> list[Named]:
    names: dict[str, Table] = {}
    for index, table in enumerate(tables):
        name = _identifier(table.title) if table.title and len(tables) > 1 else "records"
        names[name if name not in names else f"{name}{index + 1}"] = table
    return [Named(name=name, table=table) for name, table in names.items()]


_TAKEN = frozenset(
    {"context", "search", "grep", "chunks", "tally", "classify", "llm", "memory", "agent", "channel", "tool"}
)
_TAKEN |= {"state", "budget", *dir(builtins)} | PUBLIC_TOOLS | prelude.NAMES


def _identifier(title: str) -> str:
    words = re.findall(r"[a-z0-9]+", title.lower())[:3]
    name = "_".join(words) or "records"
    if name[0].isdigit() or keyword.iskeyword(name) or name in _TAKEN:
        name = f"{name}_records" if not name[0].isdigit() else f"table_{name}"
    return name


def _describe_context(context: Any, has_tables: bool) -> str:
    if isinstance(context, str):
        lines = context.count("\n") + 1
        text = f"context: str, {len(context):,} characters, {lines:,} lines."
        if has_tables:
            first = [line for line in context[:4000].splitlines() if line.strip()][:3]
            return text + "\nIts first lines:\n" + "\n".join(_clip(line, 160) for line in first)
        return (
            text + f"\nIt begins:\n{_clip(context, EDGE_CHARS)}\nIt ends:\n{_clip(context[-EDGE_CHARS:], EDGE_CHARS)}"
        )
    if isinstance(context, dict):
        return _describe_dict(context)
    if isinstance(context, list):
        total = f"context: list of {len(context):,} items."
        return total if has_tables else total + f"\ncontext[0] = {_clip(repr(context[0]), EDGE_CHARS)}"
    return f"context: {type(context).__name__} = {_clip(repr(context), EDGE_CHARS)}"


def _describe_dict(context: Mapping[str, Any], name: str = "context") -> str:
    keys = list(context)
    shown = ", ".join(repr(key) for key in keys[:8]) + (", …" if len(keys) > 8 else "")
    if all(isinstance(value, str) for value in context.values()):
        total = sum(len(value) for value in context.values())
        text = f"{name}: dict of {len(keys):,} texts by name ({total:,} characters in all). Names: {shown}"
        first = keys[0]
        return text + f"\n{name}[{first!r}] begins: {_clip(context[first], 160)}"
    text = f"{name}: dict with {len(keys):,} keys: {shown}"
    return text + "\n" + "\n".join(_paths(context))


def _paths(value: Any, place: str = "context", depth: int = 0) -> list[str]:
    """One line per leaf of nested data, each with an example."""
    if depth > 4:
        return []
    if isinstance(value, dict):
        lines: list[str] = []
        for key, item in list(value.items())[:6]:
            lines += _paths(item, f"{place}[{key!r}]", depth + 1)
        return lines[:MAX_COLUMNS]
    if isinstance(value, list) and value and isinstance(value[0], (dict, list)):
        return [f"{place}: list of {len(value):,}", *_paths(value[0], f"{place}[0]", depth + 1)][:MAX_COLUMNS]
    return [f"{place} = {_clip(repr(value), 60)}"]


def _describe_table(named: Named) -> str:
    table = named.table
    records = table.records
    title = f"{named.name}: list of {len(records):,} dicts, from {table.form}."
    lines = [title, f"{named.name}[0] = {_clip(repr(records[0]), MAX_SAMPLE_CHARS)}"]
    if len(repr(records[0])) < MAX_SAMPLE_CHARS / 2:
        lines.append(f"{named.name}[-1] = {_clip(repr(records[-1]), MAX_SAMPLE_CHARS)}")
    lines += _describe_columns(table)
    return "\n".join(lines)


def _describe_columns(table: Table) -> list[str]:
    lines = []
    for column in table.columns[:MAX_COLUMNS]:
        note = _describe_values([record.get(column) for record in table.records])
        if note:
            lines.append(f"  {column}: {note}")
    return lines


def _describe_values(values: Sequence[Any]) -> str:
    filled = [value for value in values if value is not None]
    gap = f"; None or absent in {len(values) - len(filled)}" if len(filled) < len(values) else ""
    if not filled or isinstance(filled[0], (dict, list)):
        return gap[2:]
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in filled):
        return f"{min(filled)} to {max(filled)}{gap}"
    distinct = Counter(filled)
    if len(distinct) <= MAX_VALUES and len(distinct) < 0.5 * len(filled) + 1:
        shown = ", ".join(_clip(repr(value), 30) for value, _ in distinct.most_common())
        return f"{shown}{gap}"
    if all(isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d", value) for value in filled[:50]):
        return f"{min(map(str, filled))!r} to {max(map(str, filled))!r}{gap}"
    return f"{len(distinct):,} different values{gap}" if len(distinct) < len(filled) or gap else ""


def _clip(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
