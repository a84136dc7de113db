"""Example code for a question about a table: filter, count, total, group, rank, dates, look-up, join, sequence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from greatwheel.runtime.asked import Wants
from greatwheel.runtime.fields import Field, fields_of, mentioned
from greatwheel.runtime.linking import FEW, Link, Named, question_dates, terms

_PLACES = r"last|latest|first|next|previous|nearest"
_ORDER = re.compile(rf"\b(?:{_PLACES})\b(.*?)\b(before|after|following|preceding)\b(.*)", re.IGNORECASE | re.DOTALL)
_ORDER_TURNED = re.compile(rf"\b(before|after|following)\b(.*?),(.*?\b(?:{_PLACES})\b.*)", re.IGNORECASE | re.DOTALL)
_DAY_WORDS = (
    ("on or after|since|from|starting", ">="),
    ("on or before|until|up to|through", "<="),
    ("after|later than", ">"),
    ("before|earlier than", "<"),
)
_SIGNS = {"at least": ">=", "at most": "<=", "less than": "<", "below": "<", "under": "<", "fewer than": "<"}


class TableRecipes:
    """Lines over the table that the question is about."""

    def __init__(
        self,
        question: str,
        asked: Wants,
        tables: Sequence[Named],
        links: Sequence[Link],
        words: Mapping[str, int],
    ) -> None:
        self._question = question
        self._asked = asked
        self._tables = tables
        self._links = links
        self._words = words
        self._main = self._main_table()
        self._fields = self._by_relevance(self._main)
        self._own = [link for link in links if link.table.name == self._main.name]

    def lines(self) -> list[str]:
        """The lines, the best first, few of them."""
        shown = any(len(link.records) <= FEW for link in self._own) and not (self._asked.count or self._asked.total)
        copied = ['FINAL("...")  # when a record that is shown below has the answer: copied from it'] if shown else []
        special = self._joined() or self._in_sequence()
        if special:
            return special
        time = self._time_example()
        return [*[*copied, *dict.fromkeys(self._wanted())][:3], *([time] if time else [])]

    def _main_table(self) -> Named:
        def score(named: Named) -> tuple[int, int]:
            linked = sum(link.table.name == named.name for link in self._links)
            said = sum(mentioned(field, self._question) >= 0 for field in fields_of(named.table))
            named_itself = re.search(rf"\b{re.escape(named.name.rstrip('s'))}", self._question.lower()) is not None
            return (2 * linked + said + named_itself, len(named.table.records))

        return max(self._tables, key=score)

    def _by_relevance(self, named: Named) -> list[Field]:
        def rank(field: Field) -> tuple[int, int]:
            at = mentioned(field, self._question)
            return (0, at) if at >= 0 else (1, 0)

        return sorted(fields_of(named.table), key=rank)

    def _field(self, *kinds: str, said: bool = False) -> Field | None:
        linked = {link.column for link in self._own}
        for field in self._fields:
            if field.kind in kinds and field.name not in linked and (not said or mentioned(field, self._question) >= 0):
                return field
        return None

    def _wanted(self) -> list[str]:
        asked, name, where = self._asked, self._main.name, self._where()
        number, group = self._field("number"), self._field("category", "text")
        said_group = self._field("category", "text", said=True)
        lines: list[str] = []
        if asked.first and number and group:
            lines.append(self._ranking(number, said_group or group, asked.first))
        if asked.distinct and group:
            lines.append(f"FINAL(len({{{group.code} for r in {name}{where}}}))  # how many different")
        lines += self._by_period()
        if (asked.most or asked.least) and (said_group or (group and not number)):
            lines += self._extreme(number, said_group or group)
        if asked.count and not asked.distinct:
            lines.append(f"FINAL(sum(1 for r in {name}{where}))  # how many")
        if number and asked.average:
            lines.append(
                f"values = [{number.code} for r in {name}{where}]\nFINAL(sum(values) / len(values))  # average"
            )
        if number and asked.total:
            lines.append(f"FINAL(sum({_or_zero(number)} for r in {name}{where}))  # total")
        if (asked.most or asked.least) and not said_group and number:
            lines += self._extreme(number, group)
        target = self._target()
        if target:
            lines.append(f"FINAL([{target.code} for r in {name}{where}])  # look up")
        if not asked.count:
            lines.append(f"FINAL(sum(1 for r in {name}{where}))  # how many")
        return lines

    def _ranking(self, number: Field, shown: Field, first: int) -> str:
        high = "" if self._asked.least else ", reverse=True"
        name, where = self._main.name, self._where()
        if shown.kind == "category" and (self._asked.total or self._asked.grouped):
            totals = self._totals(shown, _or_zero(number))
            return f"{totals}\nFINAL(sorted(totals, key=totals.get{high})[:{first}])  # the first {first} by total"
        rows = name if not where else f"[r for r in {name}{where}]"
        key = f"lambda r: {_or_zero(number)}"
        return f"FINAL([{shown.code} for r in sorted({rows}, key={key}{high})[:{first}]])  # the first {first}"

    def _totals(self, group: Field, added: str) -> str:
        """The loop that adds up by group."""
        where, name = self._where(), self._main.name
        source = f"(r for r in {name}{where})" if where else name
        return f"totals = {{}}\nfor r in {source}:\n    totals[{group.code}] = totals.get({group.code}, 0) + {added}"

    def _extreme(self, number: Field | None, group: Field | None) -> list[str]:
        """The group, or the record, with the largest (smallest) value."""
        pick = "min" if self._asked.least else "max"
        where, name = self._where(), self._main.name
        lines = []
        said = number is not None and mentioned(number, self._question) >= 0
        if group and (group.kind == "category" or number is None):
            added = _or_zero(number) if number and said and not self._asked.count else "1"
            end = "smallest" if pick == "min" else "largest"
            lines.append(
                f"{self._totals(group, added)}\nFINAL({pick}(totals, key=totals.get))  # group with the {end} total"
            )
        if number and (said or not lines):
            target = group or self._target()
            got = f"r[{target.name!r}]" if target and "." not in target.name else (target.code if target else "r")
            rows = name if not where else f"(r for r in {name}{where})"
            lines.append(f"r = {pick}({rows}, key=lambda r: {_or_zero(number)})\nFINAL({got})  # the record with it")
        if not self._asked.total and not self._asked.grouped:
            lines.reverse()
        return lines

    def _by_period(self) -> list[str]:
        """The hour, day, month or year with the most records."""
        time = self._field("time")
        period = re.search(
            r"\b(?:which|what|busiest|per|each|by) (hour|day|date|month|year)\b", self._question, re.IGNORECASE
        )
        if time is None or period is None or not (self._asked.most or self._asked.least):
            return []
        clock = re.search(r"\b\d\d:\d\d", str(time.example))
        at = clock.start() if clock else 0
        cut = {"hour": f"[{at}:{at + 2}]", "month": "[:7]", "year": "[:4]"}.get(period[1].lower(), "[:10]")
        pick = -1 if self._asked.least else 0
        return [
            f"FINAL(tally({time.code}{cut} for r in {self._main.name}{self._where()})[{pick}][0])  # the {period[1]}"
        ]

    def _target(self) -> Field | None:
        return self._field("category", "text", "number", "time", "other", said=True) or self._field(
            "category", "text", "number"
        )

    def _where(self) -> str:
        """The filter that the question's values and dates make, as a comprehension's `if`."""
        by_name = {field.name: field for field in self._fields}
        tests = []
        for column in dict.fromkeys(link.column for link in self._own):
            values = [link.literal for link in self._own if link.column == column]
            code = by_name[column].code if column in by_name else f"r[{column!r}]"
            tests.append(f"{code} == {values[0]}" if len(values) == 1 else f"{code} in ({', '.join(values)})")
        tests += [*self._dates(), *self._comparison(), *self._contained()]
        return f" if {' and '.join(tests)}" if tests else ""

    def _dates(self) -> list[str]:
        time = self._field("time")
        if time is None:
            return []
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

    def _clock_test(self, code: str, start: int, end: int) -> list[str]:
        """A test for the question's time of day: from one to another, or an hour."""
        times = re.findall(r"\b\d\d:\d\d(?::\d\d)?\b", self._question)
        if len(times) >= 2:
            cut = code if start == 0 else f"{code}[{start}:{end}]"
            return [f"{min(times)!r} <= {cut} <= {max(times)!r}"]
        hour = re.search(r"\b(\d{1,2}):00\b|\bhour (\d{1,2})\b", self._question)
        return [f"{code}[{start}:{start + 2}] == '{int(hour[1] or hour[2]):02d}'"] if hour else []

    def _content(self) -> Field | None:
        """The field that holds sentences."""
        for field in self._fields:
            sample = [
                value for record in self._main.table.records[:100] if isinstance(value := field.read(record), str)
            ]
            if sample and sum(value.count(" ") for value in sample) >= 2.5 * len(sample):
                return field
        return None

    def _rare(self, text: str) -> list[str]:
        """The words of a text that stand in few lines of the data, the rarest first."""
        linked = " ".join(link.value.lower() for link in self._own)
        few = max(3, 0.05 * len(self._main.table.records))
        low = text.lower()
        held = [(count, word) for word, count in self._words.items() if 0 < count <= few and word in low]
        return [word for _, word in sorted(held) if word not in linked and len(word) > 3 and not word.isdigit()]

    def _contained(self) -> list[str]:
        """Tests for the question's rare words in the field that holds sentences."""
        content = self._content()
        if content is None or self._in_order():
            return []
        return [f"{word!r} in {content.code}.lower()" for word in self._rare(self._question)[:2]]

    def _in_order(self) -> tuple[str, str, str] | None:
        """`the last A before B`, `after B, the first A`: (A, before or after, B)."""
        found = _ORDER.search(self._question)
        if found:
            return found[1], found[2].lower(), found[3]
        turned = _ORDER_TURNED.search(self._question)
        return (turned[3], turned[1].lower(), turned[2]) if turned else None

    def _in_sequence(self) -> list[str]:
        """The last (first) record of a kind before (after) an event that a sentence tells."""
        content, order = self._content(), self._in_order()
        event = self._rare(order[2]) if order else []
        if content is None or order is None or not event:
            return []
        name, where = self._main.name, self._where()
        kind = [word for word in terms(order[0]) if word in self._words and self._words[word] > 0 and word not in event]
        linked = " ".join(link.value.lower() for link in self._own)
        for word in [word for word in kind if word not in linked][:1]:
            test = f"{word!r} in {content.code}.lower()"
            where = f"{where} and {test}" if where else f" if {test}"
        earlier = order[1] in ("before", "preceding")
        source = f"{'before' if earlier else 'after'}({name}, {event[0]!r})"
        return [f"FINAL([{content.code} for r in {source}{where}][{-1 if earlier else 0}])"]

    def _day_test(self, code: str, days: Sequence[str]) -> str:
        if len(days) >= 2:
            return f"{min(days)!r} <= {code} <= {max(days)!r}"
        day, low = days[0], self._question.lower()
        sign = next((sign for words, sign in _DAY_WORDS if re.search(rf"\b(?:{words})\b", low)), "==")
        return f"{code} {sign} {day!r}"

    def _comparison(self) -> list[str]:
        number = self._field("number")
        found = re.search(
            r"\b(more than|over|above|greater than|exceed\w*|at least|less than|below|under|at most|fewer than)"
            r" (?:\w+ )?[$€£]?(\d[\d,]*(?:\.\d+)?)", self._question, re.IGNORECASE,
        )  # fmt: skip
        if number is None or found is None:
            return []
        sign = _SIGNS.get(found[1].lower(), ">")
        return [f"{_or_zero(number)} {sign} {found[2].replace(',', '')}"]

    def _time_example(self) -> str:
        """How to read days or hours from a time column, when the question's own words gave no test."""
        time = self._field("time")
        if time is None or self._dates():
            return ""
        value = str(time.example)
        clock = re.search(r"\b(\d\d):\d\d", value)
        if clock:
            at = clock.start()
            return f"# the hour of a record: {time.code}[{at}:{at + 2}] is like {clock[1]!r}"
        return f"# dates compare as text: '2024-01-31' <= {time.code} <= '2024-02-29'"

    def _joined(self) -> list[str]:
        """The join, when the question names values of one table and a field of another."""
        mine = {field.name for field in self._fields}
        for other in self._tables:
            shared = [column for column in self._main.table.columns if column in other.table.columns]
            if other.name == self._main.name or not shared:
                continue
            own = {field.name: field for field in fields_of(other.table)}
            said = [field for field in own.values() if field.kind != "other" and field.name not in mine]
            said = [field for field in said if mentioned(field, self._question) >= 0]
            linked = [link for link in self._links if link.table.name == other.name and link.column not in mine]
            if said or linked:
                return [self._join_line(other, shared[0], said, linked)]
        return []

    def _join_line(self, other: Named, key: str, said: Sequence[Field], linked: Sequence[Link]) -> str:
        many, one = (
            (self._main, other) if _repeats(self._main, key) or not _repeats(other, key) else (other, self._main)
        )
        source = f"join({many.name}, {one.name}, {key!r})"
        tests = [f"r[{link.column!r}] == {link.literal}" for link in linked]
        where = self._where()
        if tests:
            where = f"{where or ' if '}{' and ' if where else ''}{' and '.join(tests)}"
        number = self._field("number")
        if self._asked.total and number:
            return f"FINAL(sum({_or_zero(number)} for r in {source}{where}))  # total over both tables"
        if self._asked.count:
            return f"FINAL(sum(1 for r in {source}{where}))  # how many, over both tables"
        target = said[0] if said else self._target()
        return f"FINAL([{target.code if target else 'r'} for r in {source}{where}])  # look up over both tables"


def _repeats(named: Named, key: str) -> bool:
    """Whether several records have the same key: the many of a one-to-many join."""
    values = [record.get(key) for record in named.table.records]
    return len(set(map(str, values))) < len(values)


def _or_zero(field: Field) -> str:
    return f"({field.code} or 0)" if field.optional else field.code
