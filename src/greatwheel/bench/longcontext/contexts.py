"""How data becomes a long text: filler, burying, tables in several formats."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from greatwheel.bench.longcontext.wording import sentences

Cell: TypeAlias = "str | int | float"
Row: TypeAlias = Sequence[Cell]


def prose(rng: random.Random, size_chars: int) -> list[str]:
    """Paragraphs of about `size_chars` characters together."""
    pool = [" ".join(sentences(rng, rng.randint(3, 7))) for _ in range(300)]
    mean = sum(map(len, pool)) / len(pool) + 1
    return rng.choices(pool, k=max(1, int(size_chars / mean)))


def bury(rng: random.Random, lines: list[str], items: Sequence[str], *, keep_order: bool = True) -> list[str]:
    """The lines with the items among them at random places, never first or last."""
    buried = list(items)
    if not keep_order:
        rng.shuffle(buried)
    places = sorted(rng.randrange(1, max(2, len(lines))) for _ in buried)
    parts: list[str] = []
    start = 0
    for place, item in zip(places, buried, strict=True):
        parts += lines[start:place]
        parts.append(item)
        start = place
    return parts + lines[start:]


@dataclass(frozen=True, kw_only=True, slots=True)
class TableFormat:
    """How rows are written."""

    name: str
    separator: str
    header: bool = True

    def render(self, columns: Sequence[str], rows: Sequence[Row]) -> str:
        """The table as text; without a header each cell is written as `column=value`."""
        if self.name == "csv":
            return _as_csv(columns, rows, self.separator)
        if self.header:
            lines = [self.separator.join(columns)]
            return "\n".join(lines + [self.separator.join(map(str, row)) for row in rows])
        template = self.separator.join(f"{column}={{}}" for column in columns)
        return "\n".join(template.format(*row) for row in rows)


def _as_csv(columns: Sequence[str], rows: Sequence[Row], separator: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue().rstrip("\n")


DEV_FORMATS = (
    TableFormat(name="csv", separator=","),
    TableFormat(name="csv", separator=";"),
    TableFormat(name="bars", separator=" | "),
    TableFormat(name="tabs", separator="\t"),
    TableFormat(name="pairs", separator=" ", header=False),
    TableFormat(name="pairs", separator=", ", header=False),
)


def row_count(size_chars: int, columns: Sequence[str], sample: Sequence[Row], style: TableFormat) -> int:
    """How many rows like the sample make `size_chars` characters."""
    header = len(style.render(columns, []))
    per_row = (len(style.render(columns, sample)) - header) / len(sample)
    return max(20, int(size_chars / per_row))


def shuffled_columns(rng: random.Random, columns: Sequence[str], rows: Sequence[Row]) -> tuple[list[str], list[Row]]:
    """The same table with its columns in another order."""
    order = rng.sample(range(len(columns)), len(columns))
    return [columns[i] for i in order], [[row[i] for i in order] for row in rows]


def interleave(rng: random.Random, *streams: Sequence[str]) -> list[str]:
    """The streams mixed at random, each in its own order."""
    marks = [index for index, stream in enumerate(streams) for _ in stream]
    rng.shuffle(marks)
    readers = [iter(stream) for stream in streams]
    return [next(readers[mark]) for mark in marks]
