"""The statements of Slack."""

from __future__ import annotations

from greatwheel.database import queries

SQL = queries.load(__file__)
