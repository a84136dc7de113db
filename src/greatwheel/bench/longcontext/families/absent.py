"""Questions without an answer: what is asked for is not there, near misses are."""

from __future__ import annotations

import json
import random

from greatwheel.bench.longcontext.contexts import DEV_FORMATS, Row, bury, prose, row_count
from greatwheel.bench.longcontext.families.needles import NEEDLE_TEXT, UPDATE_TEXT
from greatwheel.bench.longcontext.scoring import NotThere
from greatwheel.bench.longcontext.task import BenchTask
from greatwheel.bench.longcontext.wording import ABSENT_HINTS, CITIES, COLOURS, PRODUCTS, PROJECTS, codes, people, pick

_ABSENT_KINDS = ("project", "attribute", "person", "key")
_ABSENT_QUESTION = {
    "project": (
        "What is the access code of Project {who}?",
        "Which code opens Project {who}?",
        "Give me the access code for project {who}.",
    ),
    "attribute": (
        "In which year was Project {who} founded?",
        "Who is the director of Project {who}?",
        "How much money did Project {who} spend?",
    ),
    "person": (
        "To which city did {who} move?",
        "Where does {who} live?",
        "What is the home city of {who}?",
    ),
    "key": (
        "What is the phone number of {who}?",
        "Which phone extension does {who} have?",
        "How can {who} be called? Give the number.",
    ),
}


def unanswerable(seed: int, size_chars: int) -> BenchTask:
    """Near misses are there; the answer is not."""
    rng = random.Random(f"unanswerable:{seed}:{size_chars}")
    kind = _ABSENT_KINDS[seed % len(_ABSENT_KINDS)]
    projects, names = rng.sample(PROJECTS, 9), people(rng, 9)
    values = codes(rng, 8)
    facts = [
        pick(rng, NEEDLE_TEXT, who=who, upper=who.upper(), what=what)
        for who, what in zip(projects, values, strict=False)
    ]
    homes = rng.sample(CITIES, 8)
    facts += [pick(rng, UPDATE_TEXT, month="May", who=who, city=city) for who, city in zip(names, homes, strict=False)]
    subject = {"project": projects[8], "attribute": projects[0], "person": names[8], "key": names[0]}[kind]
    question = pick(rng, _ABSENT_QUESTION[kind], who=subject) + " " + rng.choice(ABSENT_HINTS)
    return BenchTask(
        family="unanswerable",
        seed=seed,
        question=question,
        context=rng.choice(("\n", "\n\n")).join(bury(rng, prose(rng, size_chars), facts, keep_order=False)),
        expected=NotThere(rivals=tuple(values + homes)),
        facts={"kind": kind, "who": subject},
    )


_DATA_QUESTION = {
    "row": (
        "In which city was order {key} placed?",
        "What is the city of the order with the id {key}?",
        "Look up order {key} and name its city.",
        "Order {key}: which city?",
        "To which city does the order numbered {key} belong?",
    ),
    "key": (
        "What is the value of {key}?",
        "Look up {key} and give its value.",
        "To what is {key} set?",
        "Which value stands under the key {key}?",
        "Return the entry for '{key}'.",
    ),
    "object": (
        "What is the colour of the object with the id {key}?",
        "Find the object {key} and give its colour.",
        "Which colour does {key} have?",
        "Object {key} has which colour?",
        "Name the colour stored for {key}.",
    ),
}


def absent_data(seed: int, size_chars: int) -> BenchTask:
    """A row, a key or an object that is not among thousands that look like it."""
    rng = random.Random(f"absent_data:{seed}:{size_chars}")
    kind = ("row", "key", "object")[seed % 3]
    count = size_chars // {"row": 32, "key": 30, "object": 48}[kind]
    missing, *numbers = rng.sample(range(100_000, 9_999_999), count + 1)
    if kind == "row":
        style = rng.choice(DEV_FORMATS[:4])
        columns = ("order", "product", "city")
        count = min(count, row_count(size_chars, columns, [("O1234567", "compass", "Leipzig")], style))
        rows: list[Row] = [(f"O{n}", rng.choice(PRODUCTS), rng.choice(CITIES)) for n in numbers[:count]]
        key, text = f"O{missing}", style.render(columns, rows)
    elif kind == "key":
        mark = rng.choice((": ", "=", " -> "))
        key = f"{rng.choice(PRODUCTS)}.{missing}"
        text = "\n".join(f"{rng.choice(PRODUCTS)}.{n}{mark}{n * 7 % 1_000_003}" for n in numbers)
    else:
        key = f"obj-{missing}"
        text = "\n".join(json.dumps({"id": f"obj-{n}", "colour": rng.choice(COLOURS)}) for n in numbers)
    return BenchTask(
        family="absent_data",
        seed=seed,
        question=f"{pick(rng, _DATA_QUESTION[kind], key=key)} {rng.choice(ABSENT_HINTS)}",
        context=text,
        expected=NotThere(rivals=CITIES if kind == "row" else COLOURS if kind == "object" else ()),
        facts={"kind": kind, "key": key},
    )
