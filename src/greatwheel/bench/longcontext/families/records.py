"""Questions over tables: sums, groups, the largest, joins, dates."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from greatwheel.bench.longcontext.contexts import DEV_FORMATS, Cell, Row, TableFormat, row_count, shuffled_columns
from greatwheel.bench.longcontext.scoring import Name, Names, Number
from greatwheel.bench.longcontext.task import BenchTask, Context
from greatwheel.bench.longcontext.wording import CITIES, DEPARTMENTS, PRODUCTS, maybe_hinted, people, pick

_EPOCH = date(2021, 1, 1)
_DATE_STYLES = ("%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sales:
    """A table of sales, its column names chosen from several."""

    who: str
    item: str
    city: str
    day: str
    amount: str
    date_style: str
    rows: tuple[tuple[str, str, str, date, Cell], ...]

    def render(self, rng: random.Random, style: TableFormat) -> str:
        """The table as text, with a serial number and its columns in a random order."""
        cells: list[Row] = [
            (1000 + i, who, item, city, day.strftime(self.date_style), amount)
            for i, (who, item, city, day, amount) in enumerate(self.rows)
        ]
        columns, shuffled = shuffled_columns(rng, ("id", self.who, self.item, self.city, self.day, self.amount), cells)
        return style.render(columns, shuffled)


def make_sales(rng: random.Random, size_chars: int, style: TableFormat, *, persons: int = 25) -> Sales:
    """A table of about `size_chars` characters; amounts are all whole or all in cents."""
    names = [name.split()[0] for name in people(rng, persons)] if style.separator == " " else people(rng, persons)
    names = sorted(set(names))
    whole = rng.random() < 0.5
    columns = {
        "who": rng.choice(("user", "customer", "buyer", "client")),
        "item": rng.choice(("item", "product", "article")),
        "city": rng.choice(("city", "branch", "store")),
        "day": rng.choice(("date", "day", "sold_on")),
        "amount": rng.choice(("amount", "revenue", "price", "value")),
    }
    sample: list[Row] = [(1000, names[i % len(names)], "compass", "Leipzig", "2021-01-01", 512.25) for i in range(9)]
    count = row_count(size_chars, ("id", *columns.values()), sample, style)
    first_days = [_EPOCH + timedelta(days=day) for day in range(900)]
    amounts: list[Cell] = [rng.randint(1, 999) if whole else rng.randint(100, 99_999) / 100 for _ in range(count)]
    rows = zip(
        rng.choices(names, k=count),
        rng.choices(PRODUCTS[:12], k=count),
        rng.choices(CITIES[:10], k=count),
        rng.choices(first_days, k=count),
        amounts,
        strict=True,
    )
    return Sales(**columns, date_style=rng.choice(_DATE_STYLES), rows=tuple(rows))


_SUM_QUESTION = (
    "What is the sum of {amount} over all rows where {column} is {value}?",
    "Add up the {amount} of every record whose {column} is {value}.",
    "How much is the {amount} in total for {column} {value}?",
    "Give the total {amount} for the {column} {value}.",
    "Take only the rows with {column} = {value}: what do their {amount}s add up to?",
    "Looking at {value} alone ({column}), what is the {amount} altogether?",
)


def sum_filter(seed: int, size_chars: int) -> BenchTask:
    """The total of a column over the rows of one person, product or city."""
    rng = random.Random(f"sum_filter:{seed}:{size_chars}")
    style = rng.choice(DEV_FORMATS)
    sales = make_sales(rng, size_chars, style)
    index, column = rng.choice(((0, sales.who), (1, sales.item), (2, sales.city)))
    value = str(rng.choice(sales.rows)[index])
    total = sum(float(row[4]) for row in sales.rows if row[index] == value)
    return BenchTask(
        family="sum_filter",
        seed=seed,
        question=maybe_hinted(rng, pick(rng, _SUM_QUESTION, amount=sales.amount, column=column, value=value)),
        context=sales.render(rng, style),
        expected=Number(value=round(total, 2)),
        facts={"column": column, "value": value, "amount": sales.amount},
    )


_GROUP_QUESTION = {
    "most": (
        "Which {column} has the most records?",
        "Group the rows by {column}: which one occurs most often?",
        "For which {column} are there the most rows?",
        "Name the {column} that appears in the largest number of records.",
        "Count records per {column}. Which {column} comes first?",
    ),
    "largest": (
        "Which {column} has the highest total {amount}?",
        "Group by {column} and add up {amount}: which {column} has the largest sum?",
        "For which {column} is the sum of {amount} the greatest?",
        "Name the {column} with the biggest {amount} in total.",
        "Sum {amount} per {column}. Which {column} is at the top?",
    ),
    "smallest": (
        "Which {column} has the lowest total {amount}?",
        "Group by {column} and add up {amount}: which {column} has the smallest sum?",
        "For which {column} is the sum of {amount} the least?",
        "Name the {column} with the smallest {amount} in total.",
        "Sum {amount} per {column}. Which {column} is at the bottom?",
    ),
    "distinct": (
        "How many different values does the column {column} have?",
        "How many distinct values of {column} are there?",
        "Count the different values of {column} in the data.",
        "What is the number of unique {column} values?",
        "Without repetitions, how many values does {column} take?",
    ),
}


def group_by(seed: int, size_chars: int) -> BenchTask:
    """The group with the most rows, or the largest or smallest sum; or the number of groups."""
    rng = random.Random(f"group_by:{seed}:{size_chars}")
    kind = ("largest", "most", "smallest", "distinct")[seed % 4]
    style = rng.choice(DEV_FORMATS)
    sales = make_sales(rng, size_chars, style, persons=rng.randint(15, 40))
    index, column = rng.choice(((0, sales.who), (1, sales.item), (2, sales.city)))
    sales = _broken_tie(sales, index)
    counts = Counter(str(row[index]) for row in sales.rows)
    sums = {name: 0.0 for name in counts}
    for row in sales.rows:
        sums[str(row[index])] += float(row[4])
    ranking: dict[str, list[str]] = {
        "most": sorted(counts, key=lambda name: -counts[name]),
        "largest": sorted(sums, key=lambda name: -sums[name]),
        "smallest": sorted(sums, key=lambda name: sums[name]),
    }
    named = ranking.get(kind, [])
    return BenchTask(
        family="group_by",
        seed=seed,
        question=pick(rng, _GROUP_QUESTION[kind], column=column, amount=sales.amount),
        context=sales.render(rng, style),
        expected=Name(value=named[0], rivals=tuple(named[1:])) if named else Number(value=len(counts)),
        facts={"kind": kind, "column": column, "amount": sales.amount},
    )


def _broken_tie(sales: Sales, index: int) -> Sales:
    """The table with one more row of its most frequent group."""
    first = Counter(row[index] for row in sales.rows).most_common(1)[0][0]
    extra = next(row for row in sales.rows if row[index] == first)
    return replace(sales, rows=(*sales.rows, extra))


_TOP_QUESTION = (
    "Which {k} {column}s have the highest {score}? List them from highest to lowest.",
    "List the top {k} {column}s by {score}, best first.",
    "Name the {k} {column}s with the largest {score}, in falling order.",
    "Sort by {score}, highest first: what are the first {k} {column}s?",
    "Who or what are the {k} best {column}s by {score}? Give them in order.",
)


def top_k(seed: int, size_chars: int) -> BenchTask:
    """The k names with the highest score, in order; one row for each name."""
    rng = random.Random(f"top_k:{seed}:{size_chars}")
    style = rng.choice(DEV_FORMATS[:4])
    column = rng.choice(("player", "runner", "team", "station", "device"))
    score = rng.choice(("score", "points", "rating", "level"))
    columns = ("nr", column, "city", score, "note")
    sample: list[Row] = [(1, "Player12345", "Leipzig", 123456.7, "ok")]
    count = row_count(size_chars, columns, sample, style)
    tags = rng.sample(range(10_000, 999_999), count)
    prefix = column[:2].upper()
    values = rng.sample(range(100_000, 100_000_000), count)
    rows: list[Row] = [
        (i, f"{prefix}{tag}", city, value / 10, note)
        for i, tag, city, value, note in zip(
            range(count),
            tags,
            rng.choices(CITIES, k=count),
            values,
            rng.choices(("ok", "late", "-"), k=count),
            strict=True,
        )
    ]
    k = rng.randint(3, 5)
    best = sorted(rows, key=lambda row: -float(row[3]))[: k + 3]
    ordered, shuffled = shuffled_columns(rng, columns, rows)
    names = [str(row[1]) for row in best]
    return BenchTask(
        family="top_k",
        seed=seed,
        question=pick(rng, _TOP_QUESTION, k=k, column=column, score=score),
        context=style.render(ordered, shuffled),
        expected=Names(values=tuple(names[:k]), rivals=tuple(names[k:]), ordered=True),
        facts={"k": k, "column": column, "score": score},
    )


_JOIN_QUESTION = {
    "count": (
        "How many orders were placed by people of the {department} department?",
        "Count the orders whose employee works in {department}.",
        "Employees of {department} placed how many orders?",
        "What is the number of orders made by staff from {department}?",
        "Match orders with employees: how many orders come from {department}?",
    ),
    "sum": (
        "What is the total amount of all orders placed by people of the {department} department?",
        "Add up the amounts of the orders whose employee works in {department}.",
        "For how much in total did employees of {department} order?",
        "What is the sum of the order amounts made by staff from {department}?",
        "Match orders with employees: what is the total amount for {department}?",
    ),
    "city": (
        "In which city does the employee who placed order {order} work?",
        "Order {order} was placed by an employee. What is that employee's city?",
        "Find the city of the person behind order {order}.",
        "Where (city) is the employee with order {order} based?",
        "Match orders with employees: to which city does order {order} belong?",
    ),
}


def join(seed: int, size_chars: int) -> BenchTask:
    """Orders name an employee's number; the employees' table knows department and city."""
    rng = random.Random(f"join:{seed}:{size_chars}")
    kind = ("city", "count", "sum")[seed % 3]
    style = rng.choice(DEV_FORMATS[:4])
    staff: list[Row] = [
        (f"E{number}", name, rng.choice(DEPARTMENTS), rng.choice(CITIES))
        for number, name in zip(rng.sample(range(100, 999), 60), people(rng, 60), strict=True)
    ]
    columns = ("order_id", "employee_id", "product", "amount")
    count = row_count(size_chars, columns, [("O123456", "E123", "compass", 512)], style)
    orders: list[Row] = [
        (f"O{number}", rng.choice(staff)[0], rng.choice(PRODUCTS), rng.randint(1, 900))
        for number in rng.sample(range(100_000, 999_999), count)
    ]
    department = str(rng.choice(staff)[2])
    order = rng.choice(orders)
    members = {row[0] for row in staff if row[2] == department}
    amounts = [int(row[3]) for row in orders if row[1] in members]
    city = next(str(row[3]) for row in staff if row[0] == order[1])
    answer = {"count": len(amounts), "sum": sum(amounts)}.get(kind)
    return BenchTask(
        family="join",
        seed=seed,
        question=pick(rng, _JOIN_QUESTION[kind], department=department, order=order[0]),
        context=_two_tables(rng, style, staff, columns, orders),
        expected=Name(value=city, rivals=tuple(c for c in CITIES if c != city))
        if answer is None
        else Number(value=answer),
        facts={"kind": kind, "department": department, "order": order[0]},
    )


def _two_tables(
    rng: random.Random, style: TableFormat, staff: Sequence[Row], columns: Sequence[str], orders: Sequence[Row]
) -> Context:
    first = style.render(("employee_id", "name", "department", "city"), staff)
    second = style.render(columns, orders)
    layout = rng.choice(("dict", "text", "text"))
    if layout == "dict":
        return {"employees": first, "orders": second}
    return f"# employees\n{first}\n\n# orders\n{second}"


_DATE_QUESTION = {
    "count": (
        "How many records have a {day} from {start} to {end}, both included?",
        "Count the rows dated between {start} and {end} (inclusive).",
        "How many rows fall in the period {start} to {end}, including both days?",
        "What is the number of records with {day} not before {start} and not after {end}?",
        "Between {start} and {end} inclusive, how many records are there?",
    ),
    "sum": (
        "What is the total {amount} of records with a {day} from {start} to {end}, both included?",
        "Add up {amount} over the rows dated between {start} and {end} (inclusive).",
        "How much is the {amount} in total in the period {start} to {end}, including both days?",
        "What is the sum of {amount} where {day} is not before {start} and not after {end}?",
        "Between {start} and {end} inclusive, what does {amount} add up to?",
    ),
    "year": (
        "How many records are from the year {year}?",
        "Count the rows whose {day} lies in {year}.",
        "In {year}, how many records are there?",
        "What is the number of rows dated {year}?",
        "How many of the records have a {day} in the year {year}?",
    ),
}


def date_filter(seed: int, size_chars: int) -> BenchTask:
    """Rows of a period: how many, or their total."""
    rng = random.Random(f"date_filter:{seed}:{size_chars}")
    kind = ("count", "year", "sum")[seed % 3]
    style = rng.choice(DEV_FORMATS)
    sales = make_sales(rng, size_chars, style)
    start = _EPOCH + timedelta(days=rng.randint(30, 600))
    end = start + timedelta(days=rng.randint(6, 150))
    year = rng.choice((2021, 2022, 2023))
    inside: Callable[[date], bool] = {"year": lambda day: day.year == year}.get(kind, lambda day: start <= day <= end)
    amounts = [float(row[4]) for row in sales.rows if inside(row[3])]
    names: dict[str, str | int] = {
        "start": start.strftime(sales.date_style),
        "end": end.strftime(sales.date_style),
        "year": year,
    }
    return BenchTask(
        family="date_filter",
        seed=seed,
        question=pick(rng, _DATE_QUESTION[kind], day=sales.day, amount=sales.amount, **names),
        context=sales.render(rng, style),
        expected=Number(value=round(sum(amounts), 2) if kind == "sum" else len(amounts)),
        facts={"kind": kind, "day": sales.day, "amount": sales.amount, "style": sales.date_style, **names},
    )
