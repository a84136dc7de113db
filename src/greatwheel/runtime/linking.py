"""Where a question touches the data: columns it names, values it names, dates it writes.

A small model copies what stands before it, so the examples that it is shown use the columns that the question is
about, and values as the data spells them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from greatwheel.runtime.cells import iso_date
from greatwheel.runtime.tables import Table

MAX_COLUMNS = 16
MAX_LINKS = 6
LONGEST_NAME = 5
"""Words of the longest value that is looked for in a question."""
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
    records: tuple[int, ...]
    """Where in the table, all of them."""

    def line(self) -> str:
        """For the model: how the data spells the value, and where."""
        if len(self.records) <= FEW:
            rows = [
                f"{self.table.name}[{index}] = {_clip(repr(self.table.table.records[index]), 300)}"
                for index in self.records
            ]
            return "\n".join(rows)
        return f"{self.value!r} is the {self.column!r} of {len(self.records):,} of {self.table.name}"


def links(question: str, tables: Sequence[Named]) -> list[Link]:
    """The values that the question names, longest first; a value inside a longer one is left out."""
    grams = _grams(question)
    found: list[Link] = []
    for named in tables:
        for column in named.table.columns[:MAX_COLUMNS]:
            found += _links_in(named, column, grams)
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
    words = re.findall(r"[\w.@'/#:&+-]*\w", question)
    grams: dict[str, None] = {}
    for length in range(LONGEST_NAME, 0, -1):
        for start in range(len(words) - length + 1):
            gram = " ".join(words[start : start + length])
            grams[gram.lower()] = None
            grams[gram.lower().removesuffix("'s")] = None
            if length == 1:
                grams[gram.lower().removesuffix("s")] = None
    return grams


def _links_in(named: Named, column: str, grams: Mapping[str, None]) -> list[Link]:
    places: dict[str, list[int]] = {}
    for index, record in enumerate(named.table.records):
        value = record.get(column)
        if isinstance(value, dict):
            continue
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) and value > 999 else value
        if isinstance(text, str) and 1 < len(text) <= 60 and text.lower() in grams:
            places.setdefault(text, []).append(index)
    return [Link(table=named, column=column, value=value, records=tuple(rows)) for value, rows in places.items()]


def date_lines(question: str, tables: Sequence[Named]) -> list[str]:
    """The question's dates as the records have them."""
    forms = {form for named in tables for form in named.table.date_formats.values()}
    words = re.findall(r"\d[\d./-]{5,9}\d|\d{1,2} [A-Z][a-z]+ \d{4}|[A-Z][a-z]+ \d{1,2}, \d{4}", question)
    spelled = {"%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y", "%Y/%m/%d"}
    lines = []
    for word in words:
        read = {date for form in forms | spelled if (date := iso_date(word, form))}
        if len(read) == 1:
            lines.append(f"{word} is {read.pop()[:10]!r} in the records")
    return lines


def by_relevance(question: str, named: Named, found: Sequence[Link]) -> list[str]:
    """The table's columns: those that the question names or whose values it names come first."""
    low = question.lower()
    linked = [link.column for link in found if link.table.name == named.name]

    def rank(column: str) -> tuple[int, int]:
        words = [column.lower(), column.lower().replace("_", " "), column.lower().split("_")[0]]
        at = min((low.find(word) for word in words if len(word) > 2 and _mentions(low, word)), default=-1)
        return (0 if column in linked else 1 if at >= 0 else 2, at if at >= 0 else 0)

    return sorted(named.table.columns, key=rank)


def _mentions(question: str, word: str) -> bool:
    return re.search(rf"\b{re.escape(word)}(?:s|es)?\b", question) is not None


_COUNTING = re.compile(r"\b(how many|how often|count|number of|times)\b", re.IGNORECASE)
_JUDGING = re.compile(
    r"\b(judge|classif\w+|sentiment|positive|negative|complain\w*|tone|opinion|topic|category|categories|mood|polite"
    r"|angry|happy|sarcas\w+|emotion\w*|praise\w*|satisfied|recommend\w*)\b",
    re.IGNORECASE,
)


def text_recipes(question: str, counts: Mapping[str, int]) -> list[str]:
    """Example lines over plain text, for what the question seems to want, with its rarest word that is there."""
    quoted = re.findall(r"(?<!\w)['\"“`]([^'\"“”`]{2,60})['\"”`](?!\w)", question)
    rare = sorted((count, word) for word, count in counts.items() if count)
    word = quoted[0] if quoted else rare[0][1] if rare else "word"
    if _JUDGING.search(question):
        return [
            f"items = grep({word!r})",
            'labels = classify(items, "Is it ... or ...?", ["label1", "label2"])  # a model reads each item',
            'FINAL(labels.count("label1"))  # how many; or: FINAL([i for i, l in zip(items, labels) if l == "label1"])',
        ]
    if counting(question):
        bare = re.escape(word)
        return [
            f'import re; FINAL(len(re.findall(r"\\b{bare}\\b", context, re.IGNORECASE)))  # how often a word occurs',
            f"FINAL(sum(1 for line in context.splitlines() if line.startswith({word!r})))  # lines that begin so",
            f"FINAL(len(grep({word!r})))  # lines that contain it",
        ]
    return [
        'FINAL("...")  # the answer, copied from the lines that were found',
        'search("other words")  # when they do not say it',
    ]


def counting(question: str) -> bool:
    """Whether the question asks for a count."""
    return bool(_COUNTING.search(question)) and not _JUDGING.search(question)


def reading(question: str) -> bool:
    """Whether the question asks for something that a line of the text may say."""
    return not _COUNTING.search(question) and not _JUDGING.search(question)


def recipes(question: str, tables: Sequence[Named], found: Sequence[Link]) -> list[str]:
    """Example lines over the main table: count, total, group, rank, look-up, dates, join."""
    if not tables:
        return []
    main = _main_table(question, tables, found)
    columns = by_relevance(question, main, found)
    kinds = _Kinds(main, columns)
    name, lines = main.name, []
    text, amount = kinds.text, kinds.number
    where = ""
    if text:
        value = next((link.value for link in found if link.column == text and link.table == main), kinds.example(text))
        where = f" if r[{text!r}] == {value!r}"
        lines.append(f"FINAL(sum(1 for r in {name}{where}))  # count")
    if amount:
        lines.append(f"FINAL(sum(r[{amount!r}] for r in {name}{where}))  # total")
    group = kinds.group or text
    if amount and group:
        lines.append(
            f"totals = {{}}\nfor r in {name}:\n    totals[r[{group!r}]] = totals.get(r[{group!r}], 0) + r[{amount!r}]\n"
            "FINAL(max(totals, key=totals.get))  # group with the largest total"
        )
        lines.append(
            f"FINAL([r[{group!r}] for r in sorted({name}, key=lambda r: r[{amount!r}], reverse=True)[:3]])  # top 3"
        )
    elif group:
        lines.append(f"FINAL(tally(r[{group!r}] for r in {name})[0])  # most frequent, with its count")
    lines += _time_recipe(name, kinds)
    if text:
        other = next((column for column in columns if column != text), text)
        lines.append(f"FINAL([r[{other!r}] for r in {name}{where}])  # look up")
    return [*lines, *_join_recipe(tables)]


def _main_table(question: str, tables: Sequence[Named], found: Sequence[Link]) -> Named:
    def score(named: Named) -> tuple[int, int]:
        linked = sum(link.table.name == named.name for link in found)
        said = sum(_mentions(question.lower(), column.lower().replace("_", " ")) for column in named.table.columns)
        return (linked + said, len(named.table.records))

    return max(tables, key=score)


class _Kinds:
    """The most relevant column of each kind."""

    def __init__(self, named: Named, columns: Sequence[str]) -> None:
        self._records = named.table.records
        sample = self._records[:300]
        self.text = self.number = self.time = self.group = ""
        for column in columns:
            values = [record[column] for record in sample if record.get(column) is not None]
            self._place(column, values)

    def _place(self, column: str, values: Sequence[Any]) -> None:
        if not values:
            return
        if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
            plain = column.lower() not in ("id", "no", "nr", "line", "seq", "index") and not column.lower().endswith(
                "_id"
            )
            self.number = self.number or (column if plain else "")
        elif all(isinstance(value, str) for value in values):
            if all(re.match(r"\d{4}-\d\d-\d\d|\d\d:\d\d", value) for value in values[:50]):
                self.time = self.time or column
            else:
                self.text = self.text or column
                if len(set(values)) < 0.7 * len(values):
                    self.group = self.group or column

    def example(self, column: str) -> Any:
        return next((record[column] for record in self._records if record.get(column)), "")


def _time_recipe(name: str, kinds: _Kinds) -> list[str]:
    if not kinds.time:
        return []
    value = str(kinds.example(kinds.time))
    column = kinds.time
    lines = []
    if re.match(r"\d{4}-\d\d-\d\d", value):
        day = value[:10]
        lines.append(f"FINAL(sum(1 for r in {name} if {day!r} <= r[{column!r}][:10] <= {day!r}))  # from day to day")
    hour = re.search(r"\b(\d\d):\d\d", value)
    if hour:
        at = hour.start(1)
        lines.append(f"FINAL(sum(1 for r in {name} if r[{column!r}][{at}:{at + 2}] == {hour[1]!r}))  # in an hour")
    return lines


def _join_recipe(tables: Sequence[Named]) -> list[str]:
    for left in tables:
        for right in tables:
            shared = [column for column in left.table.columns if column in right.table.columns]
            if left.name != right.name and shared and len(left.table.records) >= len(right.table.records):
                key = shared[0]
                column = next((each for each in right.table.columns if each != key), key)
                return [
                    f"by_{key} = {{r[{key!r}]: r for r in {right.name}}}  # join {left.name} with {right.name}\n"
                    f"FINAL([by_{key}[r[{key!r}]][{column!r}] for r in {left.name}][:3])"
                ]
    return []


def _clip(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
