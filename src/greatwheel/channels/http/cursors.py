"""Pages: where the next one begins, as a text that callers pass back unread."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from greatwheel.core.errors import BadInput

ItemT = TypeVar("ItemT")
LimitQuery = Annotated[int, Query(ge=1, le=500, description="How many at most.")]
CursorQuery = Annotated[str | None, Query(max_length=300, description="`next` of the page before.")]


class Page(BaseModel, Generic[ItemT]):
    """Some of many."""

    items: Sequence[ItemT]
    next: str | None = None
    """Pass it as `cursor` to get the following page; null: there is none."""


def cursor_of(at: datetime, key: str) -> str:
    """The cursor behind a row that has this time and id."""
    return _encoded([at.isoformat(), key])


def read_cursor(cursor: str | None) -> tuple[datetime | None, str | None]:
    """The time and id behind which a page begins; None for the first page.

    Raises:
        BadInput: it is no cursor.
    """
    if cursor is None:
        return None, None
    try:
        at, key = _decoded(cursor)
        return datetime.fromisoformat(at), str(key)
    except (ValueError, TypeError) as error:
        raise _no_cursor() from error


def place_cursor(*place: int) -> str:
    """The cursor behind a row that has these numbers."""
    return _encoded(place)


def read_place(cursor: str | None, start: Sequence[int]) -> Sequence[int]:
    """The numbers behind which a page begins: `start` for the first page. Raises as `read_cursor`."""
    if cursor is None:
        return start
    try:
        place = [int(part) for part in _decoded(cursor)]
    except (ValueError, TypeError) as error:
        raise _no_cursor() from error
    if len(place) != len(start) or any(abs(part) > 2**62 for part in place):
        raise _no_cursor()
    return place


def _encoded(parts: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")


def _decoded(cursor: str) -> Any:
    try:
        return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, UnicodeError, RecursionError) as error:
        raise ValueError("no cursor") from error


def _no_cursor() -> BadInput:
    return BadInput("The cursor is none of ours; pass `next` of the page before as it was.")
