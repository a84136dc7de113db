"""What adapters are given to work with: a connection inside a transaction that sees one organisation."""

from __future__ import annotations

from typing import TypeAlias

from psycopg import AsyncConnection
from psycopg.rows import DictRow

OrgConnection: TypeAlias = AsyncConnection[DictRow]
"""A connection in a transaction with `greatwheel.org` set: row-level security shows it that organisation alone."""
