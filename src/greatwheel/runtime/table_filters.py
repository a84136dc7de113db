"""Which records of a table a question is about: the test that its values, dates, times, figures and rare words make."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from greatwheel.runtime.fields import Field, fields_of, mentioned
from greatwheel.runtime.linking import Link, Named, question_dates, settled
from greatwheel.runtime.tables import Record

_DAY_WORDS = (
    (r"on or after|since|starting|from [\w ./,-]{2,30}? (?:on|onwards?|or later)(?! the)", ">="),
    ("on or before|until|up to|through", "<="),
    ("after|later than", ">"),
    ("before|earlier than", "<"),
)
_SIGNS = {"at least": ">=", "at most": "<=", "below": "<", "under": "<"}
_LESS = re.compile(
    r"(?:less|fewer|lower|smaller|shorter|weaker|lighter|colder|cooler|cheaper|younger) than", re.IGNORECASE
)
_COMPARED = re.compile(
    r"\b(over|above|exceed\w*|at least|below|under|at most|(?:more|less|fewer|\w+er) than)"
    r" (?:\w+ )?[$€£]?(\d[\d,]*(?:\.\d+)?)",
    re.IGNORECASE,
)
_RANGE = re.compile(r"\b(?:between|from) [$€£]?(\d[\d,.]*) (?:and|to) [$€£]?(\d[\d,]*(?:\.\d+)?)\b", re.IGNORECASE)
_NEGATED = re.compile(r"\b(?:not|never|without|isn't|aren't|wasn't|weren't|\w+n't)(?: \w+)?\W*$")
_DENIED = re.compile(
    r"\b(?:(?:not|\w+n't)(?: \w+)?|no|without|except|excluding|other than)"
    r"(?: (?:in|from|at|by|of|for|to|the|a|an))*\W*$",
    re.IGNORECASE,
)
_SENTENCES = 0.8
"""The share of a column's cells that must have several words before the column counts as text."""


_SPOKEN = frozenset({"message", "text"})
"""What the readers of logs and chats call their sentences."""


class Filters:
    """The tests over one table. `words`: the question's words, with how many lines hold each."""

    def __init__(
        self, question: str, main: Named, tables: Sequence[Named], links: Sequence[Link], words: Mapping[str, int]
    ) -> None:
        self._question = question
        self._main = main
        self._tables = tables
        self._words = words
        self.fields = _by_relevance(main, question)
        by_name = {field.name: field for field in self.fields}
        own = [link for link in links if link.table.name == main.name]
        self.links = settled(own, lambda name: name in by_name and mentioned(by_name[name], question) >= 0)

    def field(self, *kinds: str, said: bool = False, that: Callable[[Field], bool] | None = None) -> Field | None:
        """The field of one of the kinds that fits best and is not filtered by; `said`: that the question names."""
        linked = {link.column for link in self.links}
        for field in self.fields:
            fits = field.kind in kinds and field.name not in linked and (that is None or that(field))
            if fits and (not said or mentioned(field, self._question) >= 0):
                return field
        return None

    def where(self, *, contained: bool = True) -> str:
        """The filter as a comprehension's `if`; empty when the question is about all of the records."""
        tests = [
            *self._linked(),
            *self._flags(),
            *self.dates(),
            *self._comparison(),
            *(self._contained() if contained else []),
        ]
        return f" if {' and '.join(tests)}" if tests else ""

    def records(self) -> list[Record]:
        """The records that have the question's values."""
        records = self._main.table.records
        columns: dict[str, set[int]] = {}
        for link in self.links:
            columns.setdefault(link.column, set()).update(link.records)
        kept = set.intersection(*columns.values()) if columns else None
        return records if kept is None else [records[index] for index in sorted(kept)]

    def _linked(self) -> list[str]:
        by_name = {field.name: field for field in self.fields}
        tests = []
        for column in dict.fromkeys(link.column for link in self.links):
            own = [link for link in self.links if link.column == column]
            values = [link.literal for link in own]
            field = by_name.get(column)
            code = field.code if field else f"r[{column!r}]"
            if own[0].inside:
                held = f"({code} or [])" if field and field.optional else code
                tests.append(f"{values[0]} in {held}")
            elif len(values) == 1:
                tests.append(f"{code} {'!=' if self._denied(own[0]) else '=='} {values[0]}")
            else:
                tests.append(f"{code} in ({', '.join(values)})")
        return tests

    def _denied(self, link: Link) -> bool:
        at = self._question.lower().find(link.value.lower())
        return at >= 0 and _DENIED.search(self._question[:at]) is not None

    def _flags(self) -> list[str]:
        """Tests of the columns of yes and no that the question names."""
        low = self._question.lower()
        tests = []
        for field in self.fields:
            at = mentioned(field, low) if field.kind == "flag" else -1
            if at >= 0:
                tests.append(f"not {field.code}" if _NEGATED.search(low[:at]) else field.code)
        return tests

    def dates(self) -> list[str]:
        """Tests of the time column for the question's dates and times of day."""
        time = self.field("time")
        if time is None:
            return self._years()
        days = question_dates(self._question, self._tables)
        value = str(time.example)
        code = f"({time.code} or '')" if time.optional else time.code
        tests = []
        if re.match(r"\d{4}-\d\d", value) and days:
            width = len(days[0])
            cut = code if len(value) == width else f"{code}[:{width}]"
            tests.append(self._day_test(cut, days))
        clock = re.search(r"\b\d\d:\d\d(?::\d\d)?", value)
        if clock:
            tests += self._clock_test(code, clock.start(), clock.end())
        return tests

    def _years(self) -> list[str]:
        """The test of a column that holds years as numbers."""
        year = next((field for field in self.fields if field.kind == "number" and "year" in field.name.lower()), None)
        years = [day for day in question_dates(self._question, self._tables) if len(day) == 4]
        if year is None or year.optional or not years:
            return []
        return [re.sub(r"'(\d{4})'", r"\1", self._day_test(year.code, years))]

    def _day_test(self, code: str, days: Sequence[str]) -> str:
        if len(days) >= 2:
            return f"{min(days)!r} <= {code} <= {max(days)!r}"
        day, low = days[0], self._question.lower()
        sign = next((sign for words, sign in _DAY_WORDS if re.search(rf"\b(?:{words})\b", low)), "==")
        return f"{code} {sign} {day!r}"

    def _clock_test(self, code: str, start: int, end: int) -> list[str]:
        """A test for the question's time of day: from one to another, or an hour."""
        times = re.findall(r"\b\d\d:\d\d(?::\d\d)?\b", self._question)
        if len(times) >= 2:
            cut = code if start == 0 else f"{code}[{start}:{end}]"
            return [f"{min(times)!r} <= {cut} <= {max(times)!r}"]
        hour = re.search(r"\b(\d{1,2}):00\b|\bhour (\d{1,2})\b", self._question)
        return [f"{code}[{start}:{start + 2}] == '{int(hour[1] or hour[2]):02d}'"] if hour else []

    def content(self) -> Field | None:
        """The field that holds sentences."""
        for field in self.fields:
            values = [field.read(record) for record in self._main.table.records[:100]]
            cells = [value for value in values if isinstance(value, str)]
            spaced = sum(" " in cell for cell in cells) >= _SENTENCES * len(values)
            if spaced and (field.name in _SPOKEN or sum(cell.count(" ") for cell in cells) >= 2.5 * len(cells)):
                return field
        return None

    def rare(self, text: str) -> list[str]:
        """The words of a text that stand in few lines of the data, the rarest first."""
        linked = " ".join(link.value.lower() for link in self.links)
        few = max(3, 0.05 * len(self._main.table.records))
        low = text.lower()
        held = [(count, word) for word, count in self._words.items() if 0 < count <= few and word in low]
        return [word for _, word in sorted(held) if word not in linked and len(word) > 3 and not word.isdigit()]

    def said_in(self, content: Field, words: Sequence[str]) -> list[str]:
        """Of some words those that the content of the records in question holds, all of them in one record."""
        texts = [value.lower() for record in self.records() if isinstance(value := content.read(record), str)]
        kept: list[str] = []
        for word in words:
            holding = [text for text in texts if word in text]
            if holding:
                kept, texts = [*kept, word], holding
        return kept

    def _contained(self) -> list[str]:
        """Tests for the question's rare words in the field that holds sentences."""
        content = self.content()
        if content is None:
            return []
        words = self.said_in(content, self.rare(self._question))
        return [f"{word!r} in {content.code}.lower()" for word in words[:2]]

    def _comparison(self) -> list[str]:
        number = self.field("number")
        between = _RANGE.search(self._question)
        said = self.field("number", said=True)
        if said and between and not self.dates():
            low, high = (each.rstrip(".").replace(",", "") for each in between.groups())
            return [f"{low} <= {or_zero(said)} <= {high}"]
        found = _COMPARED.search(self._question)
        if number is None or found is None:
            return []
        sign = "<" if _LESS.match(found[1]) else _SIGNS.get(found[1].lower(), ">")
        return [f"{or_zero(number)} {sign} {found[2].replace(',', '')}"]


def _by_relevance(named: Named, question: str) -> list[Field]:
    def rank(field: Field) -> tuple[int, int]:
        at = mentioned(field, question)
        return (0, at) if at >= 0 else (1, 0)

    return sorted(fields_of(named.table), key=rank)


def or_zero(field: Field) -> str:
    """Code for a number that some records lack."""
    return f"({field.code} or 0)" if field.optional else field.code
