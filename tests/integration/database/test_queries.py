"""Every statement of the product, against the migrated database."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest

import greatwheel
from greatwheel.database import queries
from greatwheel.database.database import Database

SOURCES = Path(greatwheel.__file__).parent
FILES = sorted(file for file in SOURCES.rglob("*.sql") if "migrations" not in file.parts)

_PARAMETER = re.compile(r"%\((\w+)\)[sbt]")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCES)))
async def test_every_statement_can_be_prepared(database: Database, file: Path) -> None:
    """Postgres accepts each statement as the application's role: its names, its types, its rights."""
    statements = queries.parse(file.read_text())
    refused = {name: said for name, text in statements.items() if (said := await _refusal(database.url, text))}
    assert statements
    assert refused == {}


async def _refusal(url: str, text: str) -> str | None:
    """What Postgres says against a statement."""
    names: dict[str, str] = {}
    numbered = _PARAMETER.sub(lambda found: names.setdefault(found[1], f"${len(names) + 1}"), text)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        try:
            await conn.execute(f"prepare wanted as {numbered.replace('%%', '%')}")
        except psycopg.Error as error:
            return str(error).splitlines()[0]
    return None
