"""Where a question touches the data: columns it names, values it names, dates it writes.

A small model copies what stands before it, so the examples that it is shown use the columns that the question is
about, and values as the data spells them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from greatwheel.runtime import guest_tools
from greatwheel.runtime.cells import iso_date
from greatwheel.runtime.fields import Field, fields_of
from greatwheel.runtime.tables import Table

MAX_LINKS = 6
LONGEST_NAME = 5
"""Words of the longest value that is looked for in a question."""
terms: Callable[[str], list[str]] = guest_tools.terms
FEW = 3
"""A value in this many records or fewer: the records themselves are shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """A table that the session has as a variable."""

    name: str
    table: Table


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A value of the data that the question names."""

    table: Named
    column: str
    value: str
    literal: str
    """The value as code."""
    records: tuple[int, ...]
    """Where in the table, all of them."""
    inside: bool = False
    """The column holds lists, and the value is an item of them."""

    def line(self) -> str:
        """For the model: how the data spells the value, and where."""
        if len(self.records) <= FEW:
            rows = [
                f"{self.table.name}[{index}] = {_clip(repr(self.table.table.records[index]), 300)}"
                for index in self.records
            ]
            return "\n".join(rows)
        stands = "is in" if self.inside else "is"
        return f"{self.value!r} {stands} the {self.column!r} of {len(self.records):,} of {self.table.name}"


_COMMON = frozenset(guest_tools.STOP_WORDS.split())


def links(question: str, tables: Sequence[Named]) -> list[Link]:
    """The values that the question names, longest first; a value inside a longer one is left out."""
    grams = _grams(question)
    found: list[Link] = []
    for named in tables:
        for field in fields_of(named.table):
            if field.kind != "time":  # the question's dates and hours are compared, not looked up
                found += _links_in(named, field, grams)
    exact = {link.value.lower() for link in found if link.value in question}
    kept = [link for link in found if link.value in question or link.value.lower() not in exact]
    longest = [
        link
        for link in kept
        if not any(link.value != other.value and _inside(link.value, other.value) for other in kept)
    ]
    return sorted(longest, key=lambda link: len(link.records))[:MAX_LINKS]


def _inside(short: str, long: str) -> bool:
    return re.search(rf"\b{re.escape(short.lower())}\b", long.lower()) is not None


def _grams(question: str) -> dict[str, None]:
    words = [word.lstrip("'") for word in re.findall(r"[\w.@'/#:&+-]*\w", question)]
    grams: dict[str, None] = {}
    for length in range(LONGEST_NAME, 0, -1):
        for start in range(len(words) - length + 1):
            gram = " ".join(words[start : start + length])
            grams[gram.lower()] = None
            grams[gram.lower().removesuffix("'s")] = None
            if length == 1:
                grams[gram.lower().removesuffix("s")] = None
                grams[gram.lower().removesuffix("es")] = None
    return {gram: None for gram in grams if gram not in _COMMON}


def _links_in(named: Named, field: Field, grams: Mapping[str, None]) -> list[Link]:
    places: dict[Any, list[int]] = {}
    for index, record in enumerate(named.table.records):
        held = field.read(record)
        for value in dict.fromkeys(held) if field.kind == "list" and isinstance(held, list) else [held]:
            if _linkable(value) and str(value).lower() in grams:
                places.setdefault(value, []).append(index)
    inside = field.kind == "list"
    return [
        Link(table=named, column=field.name, value=str(value), literal=repr(value), records=tuple(rows), inside=inside)
        for value, rows in places.items()
    ]


def _linkable(value: Any) -> bool:
    number = isinstance(value, int) and not isinstance(value, bool) and value > 999 and not 1900 <= value < 2100
    return number or (isinstance(value, str) and 1 < len(value) <= 60)


def settled(links: Sequence[Link], said: Callable[[str], bool]) -> list[Link]:
    """One column for each value: `said` tells whether the question names a column.

    A value that stands in several columns belongs to the one that the question names, else to one where it goes
    together with the other values, else to the one where it is most frequent.
    """
    by_value: dict[str, list[Link]] = {}
    for link in links:
        by_value.setdefault(link.value.lower(), []).append(link)
    sure = [group for group in by_value.values() if len({link.column for link in group}) == 1]
    common = _together([link for group in sure for link in group])
    chosen: list[Link] = []
    for group in by_value.values():
        named = [link for link in group if said(link.column)] or group
        fitting = [link for link in named if common is None or common.intersection(link.records)] or named
        column = max(fitting, key=lambda link: len(link.records)).column
        chosen += [link for link in group if link.column == column]
    return chosen


def _together(links: Sequence[Link]) -> set[int] | None:
    """The records that have a value of each linked column; None without links."""
    columns: dict[str, set[int]] = {}
    for link in links:
        columns.setdefault(link.column, set()).update(link.records)
    return set.intersection(*columns.values()) if columns else None


def question_dates(question: str, tables: Sequence[Named]) -> list[str]:
    """The question's days (`2024-03-05`), else its months (`2024-03`) or years, as the records would have them."""
    forms = {form for named in tables for form in named.table.date_formats.values()} | _SPELLED
    days = []
    for word in _DATES.findall(question):
        read = {date for form in forms if (date := iso_date(word, form))}
        if re.fullmatch(r"\d{4}-\d\d-\d\d", word):
            days.append(word)
        elif len(read) == 1:
            days.append(read.pop()[:10])
    months = re.findall(r"\b(\d{4}-\d\d)\b(?!-)", question)
    for name, year in re.findall(r"\b([A-Z][a-z]{2,8}) (\d{4})\b", question):
        month = iso_date(f"1 {name} {year}", "%d %B %Y") or iso_date(f"1 {name} {year}", "%d %b %Y")
        if month:
            months.append(month[:7])
    years = re.findall(
        r"\b(?:in|of|during|within|for|from|since|until|before|after|year|dated) (?:the )?(?:year )?((?:19|20)\d\d)\b",
        question,
        re.IGNORECASE,
    )
    return days or months or years


def date_lines(question: str, tables: Sequence[Named]) -> list[str]:
    """The question's dates as the records have them, where that is another spelling."""
    if not any(named.table.date_formats for named in tables):
        return []
    days = [day for day in question_dates(question, tables) if day not in question]
    return [f"the question's dates in the records' form: {', '.join(map(repr, days))}"] if days else []


_SPELLED = {"%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y", "%B %d %Y", "%Y/%m/%d"}
_DATES = re.compile(r"\d[\d./-]{5,9}\d|\d{1,2} [A-Z][a-z]+ \d{4}|[A-Z][a-z]+ \d{1,2},? \d{4}")


def _clip(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
