"""Rows of the table `tasks` as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from greatwheel.core.tasks import Task

_NAMES = tuple(field.name for field in fields(Task))


def task_of(row: Mapping[str, Any]) -> Task:
    """The task of a row that has all columns."""
    return Task(**{name: row[name] for name in _NAMES})
