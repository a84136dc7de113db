"""Example code for a question about a table: filter, count, total, group, rank, dates, look-up, join, sequence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from greatwheel.runtime.asked import EXTREME, Wants
from greatwheel.runtime.fields import Field, fields_of, mentioned, tells_who
from greatwheel.runtime.linking import FEW, Link, Named, terms
from greatwheel.runtime.sequence import order_in
from greatwheel.runtime.table_filters import Filters, or_zero

_ROLES = re.compile(
    r"\b(?:who|whom|whose|which (?:person|people|member|one of them)|somebody|someone)\b", re.IGNORECASE
)

_WHEN = re.compile(r"\b(?:when|what time|which (?:time|date|day)|what (?:date|day))\b", re.IGNORECASE)
_IN_TIME = re.compile(r"\b(last|latest|most recent|newest|first|earliest|oldest)\b", re.IGNORECASE)
_COPIED = 'FINAL("...")  # when a record that is shown below has the answer: copied from it'


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
        self._filters = Filters(question, self._main, tables, links, words)
        self._fields = self._filters.fields
        self._own = self._filters.links
        self._asked = self._with_fields(asked)

    def lines(self) -> list[str]:
        """The lines, the best first, few of them."""
        shown = any(len(link.records) <= FEW for link in self._own) and not (self._asked.count or self._asked.total)
        copied = [_COPIED] if shown and not self._sure_target() else []
        special = self._joined() or self._in_sequence() or self._by_key()
        if special:
            return special
        time = self._time_example()
        return [*[*copied, *dict.fromkeys(self._wanted())][:2], *([time] if time else [])]

    def _main_table(self) -> Named:
        low = self._question.lower()

        def score(named: Named) -> tuple[int, int]:
            linked = sum(link.table.name == named.name for link in self._links)
            fields = [field for field in fields_of(named.table) if not isinstance(field.example, (list, dict))]
            said = sum(mentioned(field, self._question) >= 0 for field in fields)
            stem = re.escape(named.name.rstrip("s").lower())
            named_itself = re.search(rf"\b{stem}", low) is not None
            counted = re.search(rf"\b(?:how many|number of|count (?:of )?(?:all )?(?:the )?)\s*(?:\w+ )?{stem}", low)
            return (2 * linked + said + named_itself + 3 * (counted is not None), len(named.table.records))

        return max(self._tables, key=score)

    def _with_fields(self, asked: Wants) -> Wants:
        """What is asked for, read again with the data's fields: `how many watts` is a total, `by name` a group."""
        low = self._question.lower()
        measure = re.search(r"\bhow (?:many|much)((?: \w+){1,2})", low)
        numbers = [field for field in self._fields if field.kind == "number"]
        if measure and not asked.average and any(mentioned(field, measure[1]) >= 0 for field in numbers):
            asked = replace(asked, count=False, total=not (asked.most or asked.least) or asked.total)
        if asked.count and re.search(r"\bhow many (?:\w+ )?values\b|\bnumber of (?:\w+ )?values\b", low):
            asked = replace(asked, distinct=True)
        grouped = re.search(r"\b(?:per|each|every|by|group\w*)((?: \w+){1,3})", low)
        names = [field for field in self._fields if field.kind in ("category", "text", "time")]
        if asked.grouped and not (grouped and any(mentioned(field, grouped[1]) >= 0 for field in names)):
            asked = replace(asked, grouped=re.search(r"\b(?:per|group\w*)\b", low) is not None)
        return asked

    def _wanted(self) -> list[str]:
        asked, name, where = self._asked, self._main.name, self._filters.where()
        number, group = self._filters.field("number"), self._filters.field("category", "text")
        said_group = self._filters.field("category", said=True) or self._filters.field("text", said=True)
        lines = self._value_itself()
        if asked.first and number and group:
            lines.append(self._ranking(number, said_group or group, asked.first))
        if asked.distinct and group:
            lines.append(f"FINAL(len({{{group.code} for r in {name}{where}}}))  # how many different")
        if asked.average and number and said_group and (asked.most or asked.least):
            lines.append(self._extreme_average(number, said_group))
        lines += [*self._by_period(), *self._by_time(), *self._each()]
        if (asked.most or asked.least) and (said_group or (group and not number)):
            lines += self._extreme(number, said_group or group)
        if asked.count and not asked.distinct:
            lines.append(f"FINAL(sum(1 for r in {name}{where}))  # how many")
        if number and asked.average:
            lines.append(
                f"values = [{number.code} for r in {name}{where}]\nFINAL(sum(values) / len(values))  # average"
            )
        if number and asked.total:
            lines.append(f"FINAL(sum({or_zero(number)} for r in {name}{where}))  # total")
        if (asked.most or asked.least) and not said_group and number:
            lines += self._extreme(number, group)
        target = self._target()
        if target:
            lines.append(f"FINAL([{target.code} for r in {name}{where}])  # look up")
        return lines or [f"FINAL(sum(1 for r in {name}{where}))  # how many"]

    def _ranking(self, number: Field, shown: Field, first: int) -> str:
        high = "" if self._asked.least else ", reverse=True"
        name, where = self._main.name, self._filters.where()
        if shown.kind == "category" and (self._asked.total or self._asked.grouped):
            totals = self._totals(shown, or_zero(number))
            return f"{totals}\nFINAL(sorted(totals, key=totals.get{high})[:{first}])  # the first {first} by total"
        rows = name if not where else f"[r for r in {name}{where}]"
        key = f"lambda r: {or_zero(number)}"
        return f"FINAL([{shown.code} for r in sorted({rows}, key={key}{high})[:{first}]])  # the first {first}"

    def _totals(self, group: Field, added: str) -> str:
        """The loop that adds up by group."""
        where, name = self._filters.where(), self._main.name
        source = f"(r for r in {name}{where})" if where else name
        return f"totals = {{}}\nfor r in {source}:\n    totals[{group.code}] = totals.get({group.code}, 0) + {added}"

    def _extreme(self, number: Field | None, group: Field | None) -> list[str]:
        """The group, or the record, with the largest (smallest) value."""
        pick = "min" if self._asked.least else "max"
        where, name = self._filters.where(), self._main.name
        lines = []
        said = number is not None and mentioned(number, self._question) >= 0
        if group and (group.kind == "category" or number is None):
            added = or_zero(number) if number and said and not self._asked.count else "1"
            end = "smallest" if pick == "min" else "largest"
            lines.append(
                f"{self._totals(group, added)}\nFINAL({pick}(totals, key=totals.get))  # group with the {end} total"
            )
        if number and (said or not lines):
            plain = _ROLES.search(self._question) or _WHEN.search(self._question)
            target = self._target() if plain else group or self._target()
            got = f"r[{target.name!r}]" if target and "." not in target.name else (target.code if target else "r")
            rows = name if not where else f"(r for r in {name}{where})"
            lines.append(f"r = {pick}({rows}, key=lambda r: {or_zero(number)})\nFINAL({got})  # the record with it")
        summed = number is not None and re.search(rf"\b(?:most|fewest) {_stem(number)}", self._question, re.IGNORECASE)
        if not self._asked.total and not self._asked.grouped and not summed:
            lines.reverse()
        return lines

    def _extreme_average(self, number: Field, group: Field) -> str:
        """The group with the largest (smallest) average."""
        name, where = self._main.name, self._filters.where()
        source = f"(r for r in {name}{where})" if where else name
        adding = f"groups = {{}}\nfor r in {source}:\n    groups.setdefault({group.code}, []).append({or_zero(number)})"
        pick = "min" if self._asked.least else "max"
        return f"{adding}\nFINAL({pick}(groups, key=lambda g: sum(groups[g]) / len(groups[g])))  # by the average"

    def _each(self) -> list[str]:
        """The count, the total or the average of each group, when all of them are asked for."""
        asked, number = self._asked, self._filters.field("number", said=True)
        named = re.search(r"\b(?:per|each|every|by|group\w* by)((?: \w+){1,3})", self._question.lower())
        groups = [field for field in self._fields if field.kind == "category" and named]
        groups = [field for field in groups if named and mentioned(field, named[1]) >= 0]
        if not groups or asked.most or asked.least or asked.average or asked.first:
            return []
        group, where = groups[0], self._filters.where()
        if asked.total and number:
            return [f"{self._totals(group, or_zero(number))}\nFINAL(totals)  # the total of each"]
        counted = f"FINAL(tally({group.code} for r in {self._main.name}{where}))  # how many of each"
        return [counted] if asked.count and not asked.distinct else []

    def _value_itself(self) -> list[str]:
        """The largest (smallest) value, when it is asked for and not the record or the group that has it."""
        number, asked = self._filters.field("number", said=True), self._asked
        if number is None or asked.total or asked.average or not (asked.most or asked.least):
            return []
        between = r"(?:(?!by|with|per|whose|for)\w+ ){0,3}"
        words = rf"\bwhat (?:is|was|are|were) the (?:\w+ )?{EXTREME} {between}{_stem(number)}"
        if not re.search(words, self._question, re.IGNORECASE):
            return []
        values = f"{number.code} for r in {self._main.name}{self._filters.where()}"
        values += f" if {number.code} is not None" if number.optional and " if " not in values else ""
        if asked.first:
            high = "" if asked.least else ", reverse=True"
            return [f"FINAL(sorted(({values}){high})[:{asked.first}])  # the first {asked.first} values"]
        return [f"FINAL({'min' if asked.least else 'max'}({values}))  # the value itself"]

    def _by_time(self) -> list[str]:
        """The first or the last record by its time."""
        time, target = self._filters.field("time"), self._target()
        found = _IN_TIME.search(self._question)
        said = self._filters.field("number", said=True)
        if time is None or target is None or found is None or said or _ranked_otherwise(self._asked):
            return []
        late = found[1].lower() in ("last", "latest", "most recent", "newest")
        where, name = self._filters.where(), self._main.name
        source = f"(r for r in {name}{where})" if where else name
        key = f"({time.code} or '')" if time.optional else time.code
        pick = "max" if late else "min"
        return [f"r = {pick}({source}, key=lambda r: {key})\nFINAL({target.code})  # the {found[1].lower()} by time"]

    def _by_period(self) -> list[str]:
        """The hour, day, month or year with the most records."""
        time = self._filters.field("time")
        period = re.search(
            r"\b(?:which|what|busiest|per|each|by) (hour|day|date|month|year)\b", self._question, re.IGNORECASE
        )
        said = self._filters.field("number", said=True)
        if time is None or period is None or said or not (self._asked.most or self._asked.least):
            return []
        clock = re.search(r"\b\d\d:\d\d", str(time.example))
        at = clock.start() if clock else 0
        cut = {"hour": f"[{at}:{at + 2}]", "month": "[:7]", "year": "[:4]"}.get(period[1].lower(), "[:10]")
        pick = -1 if self._asked.least else 0
        return [
            f"FINAL(tally({time.code}{cut} for r in {self._main.name}{self._filters.where()})[{pick}][0])"
            f"  # the {period[1]}"
        ]

    def _sure_target(self) -> bool:
        """Whether it is plain which field a look-up reads: the question names it, or there is no other."""
        linked = {link.column for link in self._own}
        others = [field for field in self._fields if field.name not in linked]
        target = self._target()
        if target is None:
            return False
        who = _ROLES.search(self._question) and self._one_who() == target
        return bool(target.kind == "time" or who or mentioned(target, self._question) >= 0 or len(others) == 1)

    def _one_who(self) -> Field | None:
        """The field that names people, when there is one such field only."""
        linked = {link.column for link in self._own}
        records = self._main.table.records
        found = [field for field in self._fields if field.name not in linked and tells_who(field, records)]
        return found[0] if len(found) == 1 else None

    def _target(self) -> Field | None:
        if _ROLES.search(self._question):
            records = self._main.table.records
            who = self._filters.field("category", "text", that=lambda field: tells_who(field, records))
            if who is not None:
                return who
        if _WHEN.search(self._question) and (time := self._filters.field("time")):
            return time
        return self._filters.field("category", "text", "number", "time", "other", said=True) or self._filters.field(
            "category", "text", "number"
        )

    def _by_key(self) -> list[str]:
        """The item of a record's dict whose key the question says: `the default of deep` of a function."""
        rows = [index for link in self._own if len(link.records) <= FEW for index in link.records]
        for record in [self._main.table.records[index] for index in rows]:
            for column, held in record.items():
                keys = [key for key in held if self._says(key)] if isinstance(held, dict) else []
                if keys and not self._asked.count:
                    code = f"r[{column!r}].get({keys[0]!r})"
                    return [f"FINAL([{code} for r in {self._main.name}{self._filters.where()}])  # look up"]
        return []

    def _says(self, key: object) -> bool:
        text = str(key)
        return len(text) > 1 and re.search(rf"(?<![\w.]){re.escape(text)}(?![\w.])", self._question) is not None

    def _in_sequence(self) -> list[str]:
        """The last (first) record of a kind before (after) an event that a sentence tells."""
        content, order = self._filters.content(), order_in(self._question)
        if content is None or order is None:
            return []
        told = [link for link in self._own if link.value.lower() in order.event.lower()]
        event = [link.value.lower() for link in told if len(link.records) <= FEW] or self._filters.rare(order.event)
        if not event:
            return []
        others = [link for link in self._own if link not in told]
        filters = Filters(self._question, self._main, self._tables, others, self._words)
        linked = " ".join(link.value.lower() for link in others)
        kind = [word for word in terms(order.kind) if word not in event[0] and word not in linked and word.isalpha()]
        where = filters.where(contained=False)
        for word in filters.said_in(content, kind)[:1]:
            test = f"{word!r} in {content.code}.lower()"
            where = f"{where} and {test}" if where else f" if {test}"
        source = f"{'before' if order.earlier else 'after'}({self._main.name}, {event[0]!r})"
        return [f"FINAL([{content.code} for r in {source}{where}][{-1 if order.earlier else 0}])"]

    def _time_example(self) -> str:
        """How to read days or hours from a time column, when the question's own words gave no test."""
        time = self._filters.field("time")
        if time is None or self._filters.dates():
            return ""
        value = str(time.example)
        clock = re.search(r"\b(\d\d):\d\d", value)
        said = (
            r"\bhours?\b" if clock else r"\b(?:date|dated|day|week|month|year|quarter|between|since|before|after)s?\b"
        )
        if not re.search(said, self._question, re.IGNORECASE):
            return ""
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
        where = self._filters.where()
        if tests:
            where = f"{where or ' if '}{' and ' if where else ''}{' and '.join(tests)}"
        own = [self._filters.field("number", said=True), *(field for field in said if field.kind == "number")]
        own += [self._filters.field("number"), *(field for field in fields_of(other.table) if field.kind == "number")]
        number = next((field for field in own if field is not None), None)
        if self._asked.total and number:
            return f"FINAL(sum({or_zero(number)} for r in {source}{where}))  # total over both tables"
        if self._asked.count:
            return f"FINAL(sum(1 for r in {source}{where}))  # how many, over both tables"
        target = said[0] if said else self._target()
        return f"FINAL([{target.code if target else 'r'} for r in {source}{where}])  # look up over both tables"


def _ranked_otherwise(asked: Wants) -> bool:
    """Whether first and last are places in a ranking, not in time."""
    return asked.count or asked.grouped or bool(asked.first)


def _stem(field: Field) -> str:
    """A pattern for the first word of a field's name."""
    return re.escape(field.name.rsplit(".", 1)[-1].lower().replace("_", " ").split()[0].rstrip("s"))


def _repeats(named: Named, key: str) -> bool:
    """Whether several records have the same key: the many of a one-to-many join."""
    values = [record.get(key) for record in named.table.records]
    return len(set(map(str, values))) < len(values)
