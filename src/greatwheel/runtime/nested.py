"""Tables in nested data: every list of dicts, at any depth, as records that carry what stands above them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from greatwheel.runtime.tables import MIN_ROWS, Record, Table

MAX_DEPTH = 8
MAX_KEYS = 2000
"""Keys of one dict that are looked at; a dict of more entries is a table of its own."""


def nested_tables(data: Any) -> list[tuple[tuple[str, ...], Table]]:
    """(path, table) for each list of dicts in parsed JSON, outermost first.

    The same list inside many parents (`rooms` in each of `sites`) is one table; its records carry the plain values
    of the parents, so that a question over two levels needs one comprehension. A dict whose values are dicts of one
    shape is a table too, with its keys as the column `key`.
    """
    found: dict[tuple[str, ...], list[Record]] = {}
    _walk(data, (), {}, found)
    return [(path, _as_table(path, records)) for path, records in found.items() if len(records) >= 2]


def _walk(value: Any, path: tuple[str, ...], above: Record, found: dict[tuple[str, ...], list[Record]]) -> None:
    if len(path) > MAX_DEPTH:
        return
    if isinstance(value, list):
        if value and all(isinstance(item, dict) for item in value):
            _add(value, path, above, found)
    elif isinstance(value, dict):
        entries = _entries(value)
        if entries is not None:
            _add(entries, path, above, found)
            return
        plain = {**above, **_plain(value)} if path else dict(above)
        for key, item in list(value.items())[:MAX_KEYS]:
            if isinstance(item, (list, dict)):
                _walk(item, (*path, str(key)), plain, found)


def _add(
    items: Sequence[Record], path: tuple[str, ...], above: Record, found: dict[tuple[str, ...], list[Record]]
) -> None:
    rows = found.setdefault(path, [])
    for item in items:
        own = {**{key: value for key, value in above.items() if key not in item}, **item}
        rows.append(own)
        inherited = {**above, **_plain(item)}
        for key, inner in item.items():
            if isinstance(inner, (list, dict)):
                _walk(inner, (*path, str(key)), inherited, found)


def _entries(value: dict[str, Any]) -> list[Record] | None:
    """The entries of a dict that is used as a table, or None."""
    items = list(value.values())
    if len(items) < MIN_ROWS or not all(isinstance(item, dict) and item for item in items):
        return None
    first = set(items[0])
    if any(len(first ^ set(item)) > len(first) // 2 for item in items[:50]):
        return None
    return [{"key": key, **item} for key, item in value.items()]


def _plain(value: Record) -> Record:
    return {key: item for key, item in value.items() if not isinstance(item, (list, dict))}


def _as_table(path: tuple[str, ...], records: list[Record]) -> Table:
    columns = tuple(dict.fromkeys(key for record in records[:200] for key in record))
    place = f" at {'/'.join(path)}" if path else ""
    return Table(form=f"the JSON{place}", columns=columns, records=records, title=path[-1] if path else "")
