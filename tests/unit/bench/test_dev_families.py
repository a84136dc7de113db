"""Each development family's answer, found again from the context by a solver that shares nothing with the generator."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from greatwheel.bench.longcontext.families.dev import DEV_GENERATORS
from greatwheel.bench.longcontext.families.judging import REVIEWS, TICKETS
from greatwheel.bench.longcontext.scoring import NotThere
from greatwheel.bench.longcontext.task import BenchTask, as_text
from greatwheel.bench.longcontext.wording import CITIES, COLOURS, PRODUCTS

SMALL = 100_000
SEEDS = range(12)
NAME = r"[A-Z][a-z]+ [A-Z][a-z]+"


def lines_with(task: BenchTask, *parts: str) -> list[str]:
    """Sentences or lines that hold all the parts, in any case."""
    pieces = re.split(r"\n|(?<=\.) ", as_text(task.context))
    return [piece for piece in pieces if all(part.casefold() in piece.casefold() for part in parts)]


def rows_of(text: str) -> list[dict[str, str]]:
    """A table in any of the formats."""
    first, *rest = text.strip().split("\n")
    if re.match(r"\w+=", first):
        return [dict(re.findall(r"(\w+)=(.*?)(?=,? \w+=|$)", line)) for line in (first, *rest)]
    separator = next(mark for mark in (" | ", "\t", ";", ",") if mark in first)
    return [dict(zip(first.split(separator), line.split(separator), strict=True)) for line in rest]


def needle(task: BenchTask) -> str:
    found = [
        re.findall(r"\b[A-Z]*-?\d{5}-?[A-Z]?\b", line) for line in lines_with(task, f"project {task.facts['who']}")
    ]
    return " ".join(code for codes in found for code in codes)


def needles(task: BenchTask) -> str:
    group = str(task.facts["group"])
    return ", ".join(re.search(NAME, line.replace(group, ""))[0] for line in lines_with(task, group))  # type: ignore[index]


def two_hop(task: BenchTask) -> str:
    first = lines_with(task, str(task.facts["who"]), "cabinet")
    colour = next(colour for colour in COLOURS if re.search(rf"\b{colour}\b", first[0]))
    second = [line for line in lines_with(task, f"{colour} cabinet") if line not in first]
    return next(thing for line in second for thing in PRODUCTS if re.search(rf"\b{thing}\b", line))


def chain(task: BenchTask) -> str:
    pairs = [re.findall(NAME, line) for line in lines_with(task, "parcel")]
    following = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
    who = str(task.facts["start"])
    while who in following:
        who = following[who]
    return who


def updates(task: BenchTask) -> str:
    last = lines_with(task, str(task.facts["who"]))[-1]
    return next(city for city in CITIES if city in last)


def key_value(task: BenchTask) -> str:
    own = re.search(rf'^"?{re.escape(str(task.facts["key"]))}"?\W+(v\d+)', as_text(task.context), re.MULTILINE)
    assert own is not None
    return own[1]


def unanswerable(task: BenchTask) -> str:
    who = str(task.facts["who"])
    there = {
        "project": lines_with(task, who),
        "attribute": lines_with(task, who, "founded") + lines_with(task, "director") + lines_with(task, who, "money"),
        "person": lines_with(task, who),
        "key": lines_with(task, "phone"),
    }[str(task.facts["kind"])]
    return " ".join(there) or "not found"


def absent_data(task: BenchTask) -> str:
    return str(task.facts["key"]) if str(task.facts["key"]) in as_text(task.context) else "not found"


def count_words(task: BenchTask) -> str:
    words = re.split(r"[^a-z]+", as_text(task.context).lower())
    return str(words.count(str(task.facts["word"])))


def count_lines(task: BenchTask) -> str:
    facts = {name: str(value) for name, value in task.facts.items()}
    number = 0
    for line in as_text(task.context).split("\n"):
        number += {
            "starts": line[: len(facts["mark"])] == facts["mark"],
            "contains": line.count(facts["word"]) > 0,
            "ends": line[-len(facts["end"]) :] == facts["end"],
            "nonempty": line == "",
            "both": facts["word"] in line and facts["other"] in line,
        }[facts["kind"]]
    return str(number)


def sum_filter(task: BenchTask) -> str:
    facts = task.facts
    rows = [row for row in rows_of(as_text(task.context)) if row[str(facts["column"])] == facts["value"]]
    return str(sum(Decimal(row[str(facts["amount"])]) for row in rows))


def group_by(task: BenchTask) -> str:
    groups: dict[str, list[Decimal]] = defaultdict(list)
    for row in rows_of(as_text(task.context)):
        groups[row[str(task.facts["column"])]].append(Decimal(row[str(task.facts["amount"])]))
    match task.facts["kind"]:
        case "most":
            return max(groups, key=lambda name: len(groups[name]))
        case "largest":
            return max(groups, key=lambda name: sum(groups[name]))
        case "smallest":
            return min(groups, key=lambda name: sum(groups[name]))
        case _:
            return str(len(groups))


def top_k(task: BenchTask) -> str:
    rows = rows_of(as_text(task.context))
    rows.sort(key=lambda row: Decimal(row[str(task.facts["score"])]))
    return ", ".join(row[str(task.facts["column"])] for row in rows[::-1][: int(task.facts["k"])])


def join(task: BenchTask) -> str:
    if isinstance(task.context, dict):
        tables = [str(text) for text in task.context.values()]
    else:
        tables = [part.split("\n", 1)[1] for part in as_text(task.context).split("\n\n")]
    staff = {row["employee_id"]: row for row in rows_of(tables[0])}
    orders = rows_of(tables[1])
    if task.facts["kind"] == "city":
        return next(staff[row["employee_id"]]["city"] for row in orders if row["order_id"] == task.facts["order"])
    own = [row for row in orders if staff[row["employee_id"]]["department"] == task.facts["department"]]
    return str(len(own) if task.facts["kind"] == "count" else sum(int(row["amount"]) for row in own))


def date_filter(task: BenchTask) -> str:
    facts = {name: str(value) for name, value in task.facts.items()}
    start, end = (datetime.strptime(facts[name], facts["style"]) for name in ("start", "end"))
    own = []
    for row in rows_of(as_text(task.context)):
        day = datetime.strptime(row[facts["day"]], facts["style"])
        if (day.year == int(facts["year"])) if facts["kind"] == "year" else (start <= day <= end):
            own.append(Decimal(row[facts["amount"]]))
    return str(sum(own) if facts["kind"] == "sum" else len(own))


def nested_json(task: BenchTask) -> str:
    data: Any = json.loads(task.context) if isinstance(task.context, str) else task.context
    devices = [
        (site["site"], device)
        for site in data["inventory"]["sites"]
        for room in site["rooms"]
        for device in room["devices"]
    ]
    here = [device for site, device in devices if site == task.facts["site"]]
    match task.facts["kind"]:
        case "owner":
            return next(str(device["owner"]) for _, device in devices if device["id"] == task.facts["device"])
        case "site_count":
            return str(len(here))
        case "state_count":
            return str(sum(device["state"] == task.facts["state"] for _, device in devices))
        case _:
            return str(sum(device["specs"]["watts"] for device in here))


def json_lines(task: BenchTask) -> str:
    events = [json.loads(line) for line in as_text(task.context).split("\n")]
    own = [event for event in events if event["type"] == task.facts["type"]]
    match task.facts["kind"]:
        case "count":
            return str(len(own))
        case "user_count":
            return str(sum(event["user"]["name"] == task.facts["user"] for event in own))
        case "sum":
            return str(sum(event["ms"] for event in own))
        case _:
            return str(sorted(own, key=lambda event: event["ms"])[-1]["user"]["name"])


def parsed_log(task: BenchTask) -> list[tuple[str, str, str, str]]:
    """Time, level, service, line."""
    found = []
    for line in as_text(task.context).split("\n"):
        time = re.search(r"\d\d:\d\d:\d\d", line)
        level = re.search(r"\b(INFO|DEBUG|WARNING|ERROR)\b", line)
        service = re.search(r"\b(auth|billing|mailer|gateway|indexer|scheduler)\b", line)
        assert time
        assert level
        assert service
        found.append((time[0], level[0], service[0], line))
    return found


def log_errors(task: BenchTask) -> str:
    log, facts = parsed_log(task), task.facts
    errors = [entry for entry in log if entry[1] == "ERROR"]
    match facts["kind"]:
        case "hour":
            return str(int(Counter(entry[0][:2] for entry in errors).most_common(1)[0][0]))
        case "count":
            return str(sum(int(entry[0][:2]) == facts["hour"] for entry in errors))
        case "service":
            return Counter(entry[2] for entry in errors).most_common(1)[0][0]
        case _:
            return str(sum(entry[1] == facts["level"] and entry[2] == facts["service"] for entry in log))


def log_before(task: BenchTask) -> str:
    log, facts = parsed_log(task), task.facts
    event = next(i for i, entry in enumerate(log) if f"{facts['project']} restarted" in entry[3])
    part = log[event::-1] if facts["kind"] == "before" else log[event:]
    if facts["kind"] == "when":
        return log[event][0]
    tickets = [re.search(r"ticket (T\d+)", entry[3]) for entry in part if entry[2] == facts["service"]]
    return next(ticket[1] for ticket in tickets if ticket)


def chat(task: BenchTask) -> str:
    said = []
    for line in as_text(task.context).split("\n"):
        plain = re.sub(r"[\[(]?\b\d\d:\d\d\b[\])]?", "", line).strip(" <")
        who, text = re.split(r"(?: wrote| )?:|>", plain, maxsplit=1)
        said.append((who.strip(), text))
    facts = task.facts
    match facts["kind"]:
        case "who":
            return next(who for who, text in said if f"The {facts['animal']} is {facts['colour']}" in text)
        case "what":
            own = next(text for who, text in said if who == facts["who"] and str(facts["animal"]) in text)
            return next(colour for colour in COLOURS if colour in own)
        case "count":
            return str(sum(who == facts["who"] for who, _ in said))
        case _:
            return Counter(who for who, _ in said).most_common(1)[0][0]


def documents(task: BenchTask) -> str:
    if isinstance(task.context, dict):
        texts = {name: str(text) for name, text in task.context.items()}
    else:
        assert isinstance(task.context, list)
        texts = {text.split("\n")[0].removeprefix("Document: "): text for text in task.context}
    facts = {name: str(value) for name, value in task.facts.items()}
    match facts["kind"]:
        case "which":
            return ", ".join(name for name, text in texts.items() if re.search(rf"\b{facts['animal']}\b", text))
        case "all":
            return ", ".join(name for name, text in texts.items() if facts["city"] in text)
        case "count":
            return str(sum(facts["city"] in text for text in texts.values()))
        case _:
            return re.search(rf"signed by ({NAME})", texts[facts["document"]])[1]  # type: ignore[index]


def code(task: BenchTask) -> str:
    if isinstance(task.context, dict):
        files = {name: str(text) for name, text in task.context.items()}
    else:
        parts = re.split(r"^##### file: (.*?) #####\n", as_text(task.context), flags=re.MULTILINE)
        files = dict(zip(parts[1::2], parts[2::2], strict=True))
    facts = {name: str(value) for name, value in task.facts.items()}
    match facts["kind"]:
        case "defines":
            return ", ".join(name for name, text in files.items() if re.search(rf"\bdef {facts['name']}\b", text))
        case "default":
            signatures = [
                re.search(rf"def {facts['name']}\((.*?)\)\s*(->.*?)?:\n", text, re.DOTALL) for text in files.values()
            ]
            signature = next(found[1] for found in signatures if found)
            return re.search(rf"\b{facts['parameter']}\b[^=,]*=\s*([^,]+)", signature)[1].strip("'\" ")  # type: ignore[index]
        case "subclasses":
            bases = re.findall(r"^\s*class \w+\((.*)\):", files[facts["module"]], re.MULTILINE)
            return str(sum(facts["base"] in re.split(r",\s*", listed) for listed in bases))
        case _:
            return str(sum(line.startswith("def ") for line in files[facts["module"]].split("\n")))


def reference(task: BenchTask) -> str:
    if isinstance(task.context, dict):
        texts = {name: str(text) for name, text in task.context.items()}
    else:
        parts = re.split(r"^TOPIC: (.*)\n", as_text(task.context), flags=re.MULTILINE)
        texts = dict(zip(parts[1::2], parts[2::2], strict=True))
    facts = {name: str(value) for name, value in task.facts.items()}
    match facts["kind"]:
        case "topic":
            return ", ".join(name for name, text in texts.items() if facts["phrase"] in text)
        case "next":
            return re.search(re.escape(facts["phrase"]) + r" (\w+)", "\n".join(texts.values()))[1]  # type: ignore[index]
        case _:
            words = re.split(r"\W+", "\n".join(texts.values()).lower())
            return str(words.count(facts["word"]))


def judged(task: BenchTask) -> str:
    labels = {
        re.sub(r"\\\{x\\\}", r"\\w+", re.escape(text)): label
        for pool in (REVIEWS, TICKETS)
        for label, texts in pool.items()
        for text in texts
    }
    chosen = []
    for line in as_text(task.context).split("\n"):
        item = re.match(rf"{re.escape(str(task.facts['mark']))} ([RK]\d+): (.*)", line)
        if item and next(label for text, label in labels.items() if re.fullmatch(text, item[2])) == task.facts["label"]:
            chosen.append(item[1])
    return ", ".join(chosen) if "ids" in task.question or "numbers" in task.question else str(len(chosen))


SOLVERS: dict[str, Callable[[BenchTask], str]] = {
    solver.__name__: solver
    for solver in (
        needle, needles, two_hop, chain, updates, key_value, unanswerable, absent_data, count_words, count_lines,
        sum_filter, group_by, top_k, join, date_filter, nested_json, json_lines, log_errors, log_before, chat,
        documents, code, reference,
    )
} | {"judge_sentiment": judged, "judge_topic": judged}  # fmt: skip


@pytest.mark.parametrize("family", DEV_GENERATORS)
def test_expected_answer_is_the_one_that_a_brute_force_solver_finds(family: str) -> None:
    """The expected answer follows from the context alone."""
    for seed in SEEDS:
        task = DEV_GENERATORS[family](seed, SMALL)
        found = SOLVERS[family](task)
        assert task.solved_by(found), (seed, task.question, str(task.expected), found[:200])


@pytest.mark.parametrize("family", DEV_GENERATORS)
def test_same_seed_gives_the_same_task_and_another_seed_another(family: str) -> None:
    """A task is a function of its seed and size."""
    first, again, other = (DEV_GENERATORS[family](seed, SMALL) for seed in (3, 3, 4))
    assert first == again
    assert (first.question, first.context) != (other.question, other.context)


@pytest.mark.parametrize("family", DEV_GENERATORS)
def test_questions_are_worded_in_at_least_five_ways(family: str) -> None:
    """The wordings that occur over many seeds, with what they name left out, are five or more."""
    shapes = set()
    for seed in range(30):
        task = DEV_GENERATORS[family](seed, SMALL)
        shape = task.question
        for fact in sorted(map(str, task.facts.values()), key=len, reverse=True):
            shape = re.sub(re.escape(fact), "_", shape, flags=re.IGNORECASE)
        shapes.add(shape)
    assert len(shapes) >= 5


@pytest.mark.parametrize("family", DEV_GENERATORS)
def test_contexts_have_about_the_size_asked_for(family: str) -> None:
    """Between a half and one and a third of the characters asked for."""
    size = len(as_text(DEV_GENERATORS[family](1, 200_000).context))
    assert 100_000 <= size <= 270_000


@pytest.mark.parametrize("family", sorted(set(DEV_GENERATORS) - {"unanswerable", "absent_data"}))
def test_saying_that_nothing_was_found_is_wrong_where_there_is_an_answer(family: str) -> None:
    """'Not found' solves only what has no answer."""
    task = DEV_GENERATORS[family](2, SMALL)
    assert not isinstance(task.expected, NotThere)
    assert not task.solved_by("not found")
