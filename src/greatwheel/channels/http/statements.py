"""The API's own statements."""

from __future__ import annotations

from greatwheel.database import queries

SQL = queries.load(__file__)
