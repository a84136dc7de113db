"""Cells of a table: from the text of a column to numbers, dates or text.

Models of a few billion parameters write `r["amount"] > 100` whether the cell is a number or text, so columns are
typed before the model sees them. A column keeps its text unless almost every cell converts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

Cell: TypeAlias = str | int | float | bool | None

MISSING = frozenset({"", "-", "--", "n/a", "na", "null", "none", "nan", "?"})
"""Spellings of a missing cell, in lower case."""
CONVERTIBLE = 0.9
"""The share of filled cells that must convert before a column is converted."""
MAX_DIGITS = 100
"""A longer row of digits is no number: Python refuses to read thousands of them."""
SAMPLE = 400
"""Cells looked at to choose a date format."""

_NUMBER = re.compile(r"^[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?$")
_UNIT = re.compile(r"^(?:[$€£]|USD|EUR|GBP)?\s*([+-]?[\d.,]+)\s*(?:[$€£%]|USD|EUR|GBP|ms|s|kg|km|MB|KB|GB)?$")
_LEADING_ZERO = re.compile(r"^[+-]?0\d")
_ISO_DATE = re.compile(r"^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$")
_DATE_FORMATS = (
    "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y",
    "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%b %d %Y", "%a %d %b %Y",
    "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d/%b/%Y:%H:%M:%S",
    "%d/%b/%Y:%H:%M:%S %z", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M",
)  # fmt: skip


def number(text: str) -> int | float | None:
    """The number that a cell holds, thousands separators and a unit aside; None when it is no number."""
    match = _UNIT.match(text)
    if match is None:
        return None
    digits = match[1]
    if len(digits) > MAX_DIGITS or not _NUMBER.match(digits) or _LEADING_ZERO.match(digits):
        return None
    plain = digits.replace(",", "")
    return float(plain) if "." in plain else int(plain)


def missing(text: str) -> bool:
    """Whether the cell says that there is no value."""
    return text.strip().lower() in MISSING


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column's cells, typed."""

    cells: list[Cell]
    date_format: str = ""
    """How the text wrote the dates that are ISO dates now; empty for other columns."""


def typed(column: Sequence[str]) -> Column:
    """The column's cells as numbers, ISO dates or booleans where nearly all of them are, else as they are.

    In a converted column a missing cell is None, and so is one that does not convert. Dates become
    `YYYY-MM-DD` (with ` HH:MM:SS` where a time is given), which compare as text.
    """
    cells = [cell.strip() for cell in column]
    filled = [cell for cell in cells if not missing(cell)]
    if not filled:
        return Column(cells=list(cells))
    for convert in (number, _boolean):
        converted = _converted(cells, convert)
        if _enough(converted, filled):
            return Column(cells=converted)
    date_format = _date_format(filled)
    if date_format:
        converted = _converted(cells, lambda cell: iso_date(cell, date_format))
        if _enough(converted, filled):
            return Column(cells=converted, date_format=date_format)
    return Column(cells=list(cells))


def _converted(cells: Sequence[str], convert: Callable[[str], Cell]) -> list[Cell]:
    return [None if missing(cell) else convert(cell) for cell in cells]


def _enough(converted: Sequence[Cell], filled: Sequence[str]) -> bool:
    return sum(value is not None for value in converted) >= CONVERTIBLE * len(filled)


def _boolean(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def _date_format(filled: Sequence[str]) -> str:
    """The one date format that fits, or an empty string; dates that may be read two ways fit none."""
    sample = filled[:: max(1, len(filled) // SAMPLE)]
    if not any(char.isdigit() for char in sample[0]) or all(_ISO_DATE.match(cell) for cell in sample[:20]):
        return ""
    fitting = [form for form in _DATE_FORMATS if all(iso_date(cell, form) for cell in sample)]
    readings = {tuple(iso_date(cell, form) for cell in sample) for form in fitting}
    return fitting[0] if len(readings) == 1 else ""


def iso_date(text: str, form: str) -> str | None:
    """A date in that format as an ISO date, None when it is none."""
    try:
        moment = datetime.strptime(text, form)
    except ValueError:
        return None
    return moment.strftime("%Y-%m-%d %H:%M:%S" if "%H" in form else "%Y-%m-%d")
