"""Pages: where the next one begins, as a text that callers pass back unread."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from greatwheel.core.errors import BadInput
from greatwheel.database.storable import storable_text

ItemT = TypeVar("ItemT")
LimitQuery = Annotated[int, Query(ge=1, le=500, description="How many at most.")]
CursorQuery = Annotated[str | None, Query(max_length=4_000, description="`next` of the page before.")]


class Page(BaseModel, Generic[ItemT]):
    """Some of many."""

    items: Sequence[ItemT]
    next: str | None = None
    """Pass it as `cursor` to get the following page; null: there is none."""


def page_of(found: Sequence[ItemT], limit: int, cursor: Callable[[ItemT], str]) -> Page[ItemT]:
    """The page of things of which one more than its limit was asked for; `cursor`: that behind one of them."""
    items = found[:limit]
    return Page(items=items, next=cursor(items[-1]) if len(found) > limit else None)


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
        return datetime.fromisoformat(at), storable_text(str(key))
    except (ValueError, TypeError) as error:
        raise _no_cursor() from error


def text_cursor(*texts: str) -> str:
    """The cursor behind a row that has these texts."""
    return _encoded(texts)


def read_texts(cursor: str | None, count: int) -> Sequence[str] | None:
    """The texts behind which a page begins; None for the first page. Raises as `read_cursor`."""
    if cursor is None:
        return None
    try:
        texts = [storable_text(text) for text in _decoded(cursor) if isinstance(text, str)]
    except (ValueError, TypeError) as error:
        raise _no_cursor() from error
    if len(texts) != count:
        raise _no_cursor()
    return texts


def read_name(cursor: str | None) -> str | None:
    """The name behind which a page begins; None for the first page. Raises as `read_cursor`."""
    texts = read_texts(cursor, 1)
    return None if texts is None else texts[0]


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
    return (
        base64.urlsafe_b64encode(json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode())
        .decode()
        .rstrip("=")
    )


def _decoded(cursor: str) -> Any:
    try:
        return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, UnicodeError, RecursionError) as error:
        raise ValueError("no cursor") from error


def _no_cursor() -> BadInput:
    return BadInput("The cursor is none of ours; pass `next` of the page before as it was.")
