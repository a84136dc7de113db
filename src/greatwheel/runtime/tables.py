"""Tables in text: which lines are records, how they are separated, what their columns are.

Pure functions from text to values. They run on the host, on data that may be hostile: every pattern is linear and
every table is bounded by the text itself.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from greatwheel.runtime.cells import Column, number, typed

Record: TypeAlias = dict[str, Any]

MIN_ROWS = 4
"""Fewer lines of one form are no table."""
MAX_COLUMNS = 200
"""A line with more separators than this is no record."""
SAMPLE_LINES = 3000
"""Lines looked at to choose a form."""
MAX_RUNS = 12
"""More unbroken runs of lines than this are scattered records of one table, not tables apart."""

_SEPARATORS = ("\t", " | ", "|", ";", "::", "~", "^", " - ", " / ", ",")
_LOG = re.compile(
    r"^\W?(?P<time>\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,6})?)?Z?|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d"
    r"|\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?: [+-]\d{4})?|\d\d:\d\d(?::\d\d)?)\W{0,3}"
    r"(?:[ \[<(](?P<level>TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|CRITICAL|FATAL)[\]>):]*)?[ :-]*"
    r"(?P<rest>.*)$"
)
_FRACTION = re.compile(r"(:\d\d),(?=\d{3}\W)")
"""The comma before milliseconds, which separates no columns."""
_SOURCE = re.compile(r"^[\[(]?(?P<source>[A-Za-z][\w./-]{1,40}(?:\[\d+\])?)[\])]?:[ ]+(?P<message>.*)$")
_BRACKETED = re.compile(r"^[\[(](?P<source>[A-Za-z][\w./ -]{1,40})[\])][ :-]*(?P<message>.*)$")
_SOURCE_DASH = re.compile(r"^(?P<source>[A-Za-z][\w./-]{1,40}) (?:-|–|\|) (?P<message>.*)$")
_LEVEL_INSIDE = re.compile(r"\b(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|CRITICAL|FATAL)\b")
_CHAT = re.compile(
    r"^(?:[\[(]?(?P<time>[\d/.: -]{4,22}(?:[AaPp][Mm])?)[\])]?[ -]+)?"
    r"<?(?P<name>[A-Z][\w'.-]{0,24}(?: [A-Z][\w'.-]{0,24})?)"
    r"(?: [\[(](?P<at>[\d/.: -]{4,22}(?:[AaPp][Mm])?)[\])])?(?: (?:wrote|writes|said|says|asked|replied))?(?:>:?|:)"
    r" (?P<text>.+)$"
)
_PAIR = re.compile(
    r"(?<!\w)([A-Za-z_][\w.-]{0,40}+) ?[=:] ?(\"[^\"]*\"|[^\s;,|=\"]++(?: [^\s;,|=:\"]++(?![\w.-]* ?[=:]))*)"
)
_SECTION = re.compile(r"^\[{1,2}([\w .:/@-]{1,60})\]{1,2}\s*$")
_ACCESS = re.compile(
    r'^(?P<ip>\S+) \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] "(?P<method>[A-Z]+) (?P<path>\S+)[^"]*" (?P<status>\d{3})'
    r' (?P<bytes>\d+|-)(?: "(?P<referer>[^"]*)" "(?P<agent>[^"]*)")?'
)
_ENTRY = re.compile(
    r"^\s*[\"']?(?P<key>[\w./@#+-]*\w)[\"']?\s*(?::=|->|=>|=|:(?=\s|[\"']))\s*[\"']?(?P<value>[^\"'{\[\s][^\"']{0,200}?)[\"']?,?\s*$"
)
_FIELD = re.compile(r"^(?:- |  )?([A-Za-z][\w /()#.-]{0,40}?)(?:: ?| ?= ?)(.*)$")


_CONTENTS = (
    ("level", re.compile(r"^(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|CRITICAL|FATAL)$")),
    ("date", re.compile(r"^\d{4}-\d\d-\d\d$")),
    ("time", re.compile(r"^(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d")),
    ("email", re.compile(r"^[^@ ]+@[^@ ]+\.[a-z]+$")),
    ("message", re.compile(r"^\S+(?: +\S+){3,}$")),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Records found in a text."""

    form: str
    """For people and models: `lines of JSON`, `columns separated by ' | '`, `log lines`, …"""
    columns: tuple[str, ...]
    records: list[Record]
    title: str = ""
    """A heading above the table, if it has one."""
    date_formats: Mapping[str, str] = field(default_factory=dict)
    """By column: how the text wrote the dates that the records have as ISO dates."""


def find_tables(text: str) -> list[Table]:
    """The tables of a text, longest first; none for prose and code."""
    lines = text.splitlines()
    if not any(line.strip() for line in lines):
        return []
    for reader in (_json_lines, _blocks, _entries):
        table = reader(lines)
        if table is not None:
            return [table]
    groups = _groups(lines)
    tables = [table for title, group in groups if (table := _read(group, title)) is not None]
    return sorted(tables, key=lambda table: -len(table.records))


def _read(lines: Sequence[str], title: str) -> Table | None:
    for reader in (_access_log, _logs, _pairs, _delimited, _aligned, _chat):
        table = reader(lines)
        if table is not None:
            return replace(table, title=title)
    return None


def _groups(lines: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Lines that may be one table each, with the heading above them.

    Few unbroken runs of lines are tables apart; many are records scattered in other text, and then the whole
    text is one group whose readers pick their lines.
    """
    runs: list[tuple[str, list[str]]] = []
    title, run = "", []
    for line in [*lines, ""]:
        if line.strip() and not _heading(line):
            run.append(line)
            continue
        if len(run) >= MIN_ROWS:
            runs.append((title, run))
            title = ""
        elif len(run) == 1 and not line.strip():
            title = run[0].strip(" #=-*:[]")
        run = []
        if _heading(line):
            title = line.strip(" #=-*:[]")
    if 1 < len(runs) <= MAX_RUNS and sum(len(run) for _, run in runs) > 0.8 * len(lines):
        return runs
    return [("", [line for line in lines if line.strip()])]


def _heading(line: str) -> bool:
    return bool(re.match(r"^(#{1,4} |={2,}|-{3,}|\*{2,}|\[[A-Za-z_ ]+\]$|[A-Za-z_ ]{2,40}:$)", line))


def _sample(lines: Sequence[str]) -> Sequence[str]:
    return lines[:: max(1, len(lines) // SAMPLE_LINES)]


def _table(form: str, names: Sequence[str], rows: Iterable[Sequence[str]]) -> Table | None:
    """A table from rows of text cells, its columns typed."""
    columns = {name: typed(cells) for name, cells in zip(names, zip(*rows, strict=True), strict=True)}
    if not columns or len(columns[names[0]].cells) < MIN_ROWS:
        return None
    cells = zip(*(column.cells for column in columns.values()), strict=True)
    records = [dict(zip(names, row, strict=True)) for row in cells]
    return Table(form=form, columns=tuple(names), records=records, date_formats=_formats(columns))


def _from_dicts(form: str, rows: Sequence[dict[str, str]]) -> Table:
    """A table from rows that have some of the columns each."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: typed([row.get(name, "") for row in rows]) for name in names}
    records = [{name: columns[name].cells[index] for name in row} for index, row in enumerate(rows)]
    return Table(form=form, columns=tuple(names), records=records, date_formats=_formats(columns))


def _formats(columns: Mapping[str, Column]) -> dict[str, str]:
    return {name: column.date_format for name, column in columns.items() if column.date_format}


def _json_lines(lines: Sequence[str]) -> Table | None:
    filled = [line for line in lines if line.strip()]
    sample = _sample(filled)
    likely = [line for line in sample if line.lstrip().startswith("{") and line.rstrip().rstrip(",").endswith("}")]
    if len(filled) < MIN_ROWS or len(likely) < max(MIN_ROWS, 0.02 * len(sample)):
        return None
    records = []
    for line in filled:
        if line.lstrip().startswith("{"):
            try:
                value = json.loads(line.strip().rstrip(","))
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict):
                records.append(value)
    if len(records) < max(MIN_ROWS, 0.02 * len(filled)):
        return None
    columns = tuple(dict.fromkeys(name for record in records[:200] for name in record))
    return Table(form="lines of JSON", columns=columns, records=records)


def _blocks(lines: Sequence[str]) -> Table | None:
    """Records of several `Field: value` lines, with an empty line between them."""
    blocks: list[dict[str, str]] = []
    block: dict[str, str] = {}
    filled = matched = 0
    for line in [*lines, ""]:
        field, section = _FIELD.match(line), _SECTION.match(line)
        if section or not line.strip() or line.startswith("- ") or re.match(r"^[-=*_#]{3,}", line):
            if len(block) >= 2:
                blocks.append(block)
            block = {"section": section[1]} if section else {}
        if field and field[1] not in block and not section:
            block[field[1].strip()] = field[2].strip().strip('"')
        matched += bool(field or section)
        filled += bool(line.strip())
    shapes = Counter(tuple(sorted(each)) for each in blocks)
    if len(blocks) < MIN_ROWS or matched < 0.7 * filled or shapes.most_common(1)[0][1] < 0.5 * len(blocks):
        return None
    return _from_dicts("blocks of 'Field: value' lines", blocks)


def _entries(lines: Sequence[str]) -> Table | None:
    """Lines of one key and one value each, all keys different."""
    filled = [line for line in lines if line.strip(" {}[]") and not line.lstrip().startswith(("#", "//", ";"))]
    if any(_ENTRY.match(line) is None for line in filled[:MIN_ROWS]):
        return None
    rows = [match.groupdict() for line in filled if (match := _ENTRY.match(line))]
    if len(rows) < max(MIN_ROWS, 0.95 * len(filled)) or len({row["key"] for row in rows}) < 0.95 * len(rows):
        return None
    return _from_dicts("lines of a key and its value", rows)


def _access_log(lines: Sequence[str]) -> Table | None:
    """A web server's log in the common or the combined format."""
    rows = [match.groupdict("") for line in lines if (match := _ACCESS.match(line))]
    return _from_dicts("lines of a web server's log", rows) if len(rows) >= max(MIN_ROWS, 0.5 * len(lines)) else None


def _aligned(lines: Sequence[str]) -> Table | None:
    """Columns that are aligned by two or more spaces."""
    rows = [re.split(r"\s{2,}", line.strip()) for line in lines]
    width, count = Counter(map(len, rows)).most_common(1)[0]
    if width < 3 or count < max(MIN_ROWS, 0.8 * len(rows)):
        return None
    rows = [row for row in rows if len(row) == width]
    names = _header(rows)
    return _table("aligned columns", names or _names_by_content(rows, width), rows[1:] if names else rows)


def _logs(lines: Sequence[str]) -> Table | None:
    sample = _sample(lines)
    hits = [match for line in sample if (match := _LOG.match(line))]
    if len(hits) < max(MIN_ROWS, 0.5 * len(sample)):
        return None
    if _separator([_FRACTION.sub(r"\1.", line) for line in sample]) is not None or sum(
        bool(_CHAT.match(line)) for line in sample
    ) > 0.9 * len(sample):
        return None
    rows = [_log_row(match) for line in lines if (match := _LOG.match(line))]
    return _from_dicts("log lines", rows)


def _log_row(match: re.Match[str]) -> dict[str, str]:
    row = {"time": match["time"].replace("T", " ").rstrip("Z")}
    rest = match["rest"]
    level = match["level"]
    if level is None and (inside := _LEVEL_INSIDE.search(rest[:40])):
        level = inside[1]
        rest = (rest[: inside.start()].rstrip(" [(<") + " " + rest[inside.end() :].lstrip(" ])>:")).strip()
    if level is not None:
        row["level"] = level
    named = _BRACKETED.match(rest) or _SOURCE.match(rest) or _SOURCE_DASH.match(rest)
    if named:
        row["source"] = named["source"]
        rest = named["message"]
    row["message"] = rest
    for key, value in _PAIR.findall(rest):
        if "=" in rest and key not in row:
            row[key] = value.strip('"')
    return row


def _pairs(lines: Sequence[str]) -> Table | None:
    """Lines of `key=value` or `key: value` pairs."""
    sample = _sample(lines)
    keys = Counter(tuple(sorted({key for key, _ in _PAIR.findall(line)})) for line in sample)
    shape, count = max(keys.items(), key=lambda item: item[1] * (len(item[0]) >= 2))
    if len(shape) < 2 or count < max(MIN_ROWS, 0.5 * len(sample)):
        return None
    rows = [{key: value.strip('"') for key, value in _PAIR.findall(line)} for line in lines]
    wanted = set(shape)
    return _from_dicts("lines of key=value pairs", [row for row in rows if len(wanted & row.keys()) >= 2])


def _separator(sample: Sequence[str]) -> tuple[str, int] | None:
    """The separator and the number of columns that most lines share, or None."""
    best: tuple[float, str, int] | None = None
    for rank, separator in enumerate(_SEPARATORS):
        counts = Counter(_count(line, separator) for line in sample)
        counts.pop(0, None)
        if not counts:
            continue
        count, hits = counts.most_common(1)[0]
        share = hits / len(sample)
        enough = 0.85 if separator == "," else 0.3
        if hits < MIN_ROWS or share < (enough if count > 1 else max(enough, 0.8)):
            continue
        if separator in (",", " - ", " / ") and not _looks_tabular(sample, separator, count):
            continue
        score = share + 0.02 * min(count, 6) - 0.01 * rank
        if best is None or score > best[0]:
            best = (score, separator, count + 1)
    return (best[1], best[2]) if best else None


def _count(line: str, separator: str) -> int:
    if separator == "," and '"' in line:
        return len(_split(line, ",")) - 1
    return line.count(separator)


def _split(line: str, separator: str) -> list[str]:
    if len(separator) == 1 and '"' in line:
        try:
            return next(csv.reader([line], delimiter=separator, skipinitialspace=True))
        except (csv.Error, StopIteration):
            return line.split(separator)
    return line.split(separator)


def _looks_tabular(sample: Sequence[str], separator: str, count: int) -> bool:
    """Prose has commas too: a table has short cells, and columns of numbers, codes or few words."""
    rows = [_split(line, separator) for line in sample if _count(line, separator) == count]
    cells = [cell.strip() for row in rows for cell in row]
    if sum(len(cell) for cell in cells) > 30 * len(cells):
        return False
    columns = list(zip(*rows, strict=False))
    regular = 0
    for column in columns:
        short = sum(len(cell.strip()) <= 24 for cell in column) > 0.9 * len(column)
        digits = sum(any(char.isdigit() for char in cell) for cell in column[1:]) > 0.9 * (len(column) - 1)
        repeated = len(set(column)) < 0.5 * len(column)
        regular += short and (digits or repeated)
    return regular >= 1


def _delimited(lines: Sequence[str]) -> Table | None:
    sample = _sample(lines)
    found = _separator(sample)
    if found is None:
        return None
    separator, width = found
    by_width: dict[int, list[list[str]]] = defaultdict(list)
    for line in lines:
        cells = [cell.strip() for cell in _split(line.strip().strip("|") if "|" in separator else line, separator)]
        by_width[len(cells)].append(cells)
    if width not in by_width or len(by_width[width]) < MIN_ROWS:
        width = max(by_width, key=lambda each: len(by_width[each]))
    if width > MAX_COLUMNS:
        return None
    rows = [row for row in by_width[width] if not all(re.fullmatch(r"[-:=+ ]*", cell) for cell in row)]
    names = _header(rows)
    if names is not None:
        head = rows[0]
        rows = [row for row in rows if row != head]
    else:
        names = _names_by_content(rows, width)
    shown = "tabs" if separator == "\t" else f"'{separator}'"
    return _table(f"columns separated by {shown}", names, rows)


def _names_by_content(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Names for the columns of a table without a header: what they plainly hold, else `c0`, `c1`, …"""
    names: list[str] = []
    sample = rows[:: max(1, len(rows) // 200)]
    for index in range(width):
        cells = [row[index] for row in sample if row[index]]
        name = next(
            (name for name, form in _CONTENTS if cells and all(form.search(cell) for cell in cells)), f"c{index}"
        )
        names.append(name if name not in names else f"c{index}")
    return names


def _header(rows: Sequence[Sequence[str]]) -> list[str] | None:
    """Column names, when the first row holds names: words, no numbers, each once, unlike what stands below."""
    first, rest = rows[0], rows[1:200]
    if len(set(first)) != len(first) or not all(re.fullmatch(r"[A-Za-z_][\w /()%#.-]{0,40}", cell) for cell in first):
        return None
    repeats = sum(cell in {row[index] for row in rest} for index, cell in enumerate(first))
    if repeats:
        return None
    typed_below = any(
        rest
        and sum(number(row[index]) is not None or bool(re.search(r"\d", row[index])) for row in rest) > 0.8 * len(rest)
        for index in range(len(first))
    )
    plain = all(re.fullmatch(r"[a-z_][a-z0-9_]*|[A-Z][a-z]+( [A-Za-z]+)?|[A-Z_]+", cell) for cell in first)
    return [cell.strip() for cell in first] if typed_below or plain else None


def _chat(lines: Sequence[str]) -> Table | None:
    sample = _sample(lines)
    hits = [match for line in sample if (match := _CHAT.match(line))]
    names = Counter(match["name"] for match in hits)
    if len(hits) < max(MIN_ROWS, 0.6 * len(sample)) or len(names) > 0.2 * len(hits) + 3:
        return None
    rows = [
        {("time" if key == "at" else key): value for key, value in match.groupdict().items() if value is not None}
        for line in lines
        if (match := _CHAT.match(line))
    ]
    return _from_dicts("chat messages", rows)
