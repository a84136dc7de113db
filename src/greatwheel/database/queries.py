"""Named SQL statements, kept in a `queries.sql` beside the adapter that uses them.

-- name: submit_task
-- Queues a task.
insert into tasks …
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

_NAME = "-- name:"


def load(module_file: str, name: str = "queries.sql") -> Mapping[str, str]:
    """The statements of the file beside `module_file` (pass `__file__`), by name.

    Raises:
        ValueError: a statement has no name, no description or no text, or two have one name.
    """
    return parse(Path(module_file).with_name(name).read_text(encoding="utf-8"))


def parse(text: str) -> Mapping[str, str]:
    """The statements of a file's text, by name. Raises as `load`."""
    head, *parts = ("\n" + text).split(f"\n{_NAME}")
    if any(line.strip() and not line.startswith("--") for line in head.splitlines()):
        raise ValueError(f"SQL before the first `{_NAME}` line")
    statements: dict[str, str] = {}
    for part in parts:
        name, statement = _named(part)
        if name in statements:
            raise ValueError(f"two statements are named {name}")
        statements[name] = statement
    return MappingProxyType(statements)


def _named(part: str) -> tuple[str, str]:
    title, _, body = part.partition("\n")
    name, lines = title.strip(), body.strip().splitlines()
    if not name.isidentifier():
        raise ValueError(f"{name!r} is no name for a statement")
    if not lines or not lines[0].startswith("--"):
        raise ValueError(f"statement {name} has no description")
    statement = "\n".join(line for line in lines if not line.startswith("--")).strip().rstrip(";")
    if not statement:
        raise ValueError(f"statement {name} is empty")
    return name, statement
