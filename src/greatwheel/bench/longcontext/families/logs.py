"""Logs and chats: lines in time order."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from greatwheel.bench.longcontext.scoring import Expected, Name, Number
from greatwheel.bench.longcontext.task import BenchTask
from greatwheel.bench.longcontext.wording import (
    ANIMALS,
    CITIES,
    COLOURS,
    FIRST,
    PRODUCTS,
    PROJECTS,
    maybe_hinted,
    pick,
    sentences,
)

_START = datetime(2024, 3, 4)
_STYLES = (
    ("{t:%Y-%m-%d %H:%M:%S} {level} [{service}] {text}", "%Y-%m-%d %H:%M:%S"),
    ("{t:%Y-%m-%dT%H:%M:%S}Z {level} {service}: {text}", "%Y-%m-%dT%H:%M:%S"),
    ("[{t:%H:%M:%S}] {service} {level} - {text}", "%H:%M:%S"),
    ("{level}\t{t:%H:%M:%S}\t{service}\t{text}", "%H:%M:%S"),
)
_LEVELS = ("INFO", "DEBUG", "WARNING", "ERROR")
_SERVICES = ("auth", "billing", "mailer", "gateway", "indexer", "scheduler")


@dataclass(frozen=True, kw_only=True, slots=True)
class LogLine:
    """One entry."""

    t: datetime
    level: str
    service: str
    text: str


def _make_log(rng: random.Random, size_chars: int) -> list[LogLine]:
    """One day of entries; no two have the same time stamp text, errors differ clearly from hour to hour."""
    count = max(60, min(size_chars // 70, 60_000))
    seconds = sorted(rng.sample(range(86_400), count))
    bad_hours = rng.sample(range(24), 3)
    texts = [
        f"{rng.choice(('request', 'job', 'task', 'message'))} {rng.choice(PRODUCTS)} "
        f"{rng.choice(('accepted', 'queued', 'sent', 'dropped', 'retried'))} from {rng.choice(CITIES)}"
        for _ in range(500)
    ]
    levels = rng.choices(_LEVELS, weights=(70, 15, 10, 5), k=count)
    services, chosen = rng.choices(_SERVICES, k=count), rng.choices(texts, k=count)
    log = []
    for second, level, service, text in zip(seconds, levels, services, chosen, strict=True):
        worse = second // 3600 in bad_hours and rng.random() < 0.1
        entry = LogLine(
            t=_START + timedelta(seconds=second), level="ERROR" if worse else level, service=service, text=text
        )
        log.append(entry)
    return log


def _render(log: Sequence[LogLine], style: str, size_chars: int) -> str:
    """The log; larger sizes than a day's worth of lines get longer lines."""
    lines = [style.format(t=x.t, level=x.level, service=x.service, text=x.text) for x in log]
    missing = size_chars // len(lines) - len(lines[0])
    if missing > 20:
        tail = " trace=" + "0123456789abcdef" * (missing // 16)
        lines = [line + tail[:missing] for line in lines]
    return "\n".join(lines)


_HOUR_QUESTION = {
    "hour": (
        "In which hour of the day did the most ERROR lines occur? Answer with the hour (0 to 23).",
        "Count ERROR entries per hour. Which hour (00-23) has the most?",
        "Which hour saw the largest number of errors (level ERROR)? Give just the hour.",
        "Group the ERROR lines by hour and name the hour with the highest count.",
        "At what hour were there more ERROR lines than in any other?",
    ),
    "count": (
        "How many ERROR lines are there between {h}:00 and {h}:59?",
        "Count the entries of level ERROR in hour {h}.",
        "How many errors (level ERROR) were logged in the hour that starts at {h}:00?",
        "In the hour {h}, what is the number of ERROR lines?",
        "Within {h}:00:00 to {h}:59:59, how many ERROR entries were written?",
    ),
    "service": (
        "Which service logged the most ERROR lines?",
        "Count ERROR entries per service. Which one has the most?",
        "Name the service with the largest number of errors (level ERROR).",
        "Which of the services fails most often, going by ERROR lines?",
        "Group the ERROR lines by service: who is first?",
    ),
    "level": (
        "How many lines of level {level} did the service {service} write?",
        "Count the {level} lines of {service}.",
        "What is the number of {level} entries for the service {service}?",
        "How often did {service} log at level {level}?",
        "For {service}, how many entries are {level}?",
    ),
}


def log_errors(seed: int, size_chars: int) -> BenchTask:
    """Counts of entries by hour, service or level."""
    rng = random.Random(f"log_errors:{seed}:{size_chars}")
    kind = ("count", "hour", "level", "service")[seed % 4]
    log = _make_log(rng, size_chars)
    errors = [entry for entry in log if entry.level == "ERROR"]
    hours = Counter(entry.t.hour for entry in errors)
    services = Counter(entry.service for entry in errors)
    hour, level, service = rng.randrange(24), rng.choice(_LEVELS), rng.choice(_SERVICES)
    if kind in ("hour", "service"):
        log = _clear_winner(log, hours.most_common(1)[0][0], services.most_common(1)[0][0])
    first = services.most_common(1)[0][0]
    answers: dict[str, Expected] = {
        "hour": Number(value=hours.most_common(1)[0][0]),
        "count": Number(value=hours[hour]),
        "service": Name(value=first, rivals=tuple(name for name in _SERVICES if name != first)),
        "level": Number(value=sum(x.level == level and x.service == service for x in log)),
    }
    style = rng.choice(_STYLES)[0]
    return BenchTask(
        family="log_errors",
        seed=seed,
        question=pick(rng, _HOUR_QUESTION[kind], h=f"{hour:02d}", level=level, service=service),
        context=_render(log, style, size_chars),
        expected=answers[kind],
        facts={"kind": kind, "hour": hour, "level": level, "service": service},
    )


def _clear_winner(log: list[LogLine], hour: int, service: str) -> list[LogLine]:
    """The log where an entry of the most frequent hour and service became an error too, so there is no tie."""
    at = next((i for i, x in enumerate(log) if x.t.hour == hour and x.service == service and x.level != "ERROR"), None)
    if at is None:
        return log
    changed = LogLine(t=log[at].t, level="ERROR", service=service, text=log[at].text)
    return [*log[:at], changed, *log[at + 1 :]]


_BEFORE_QUESTION = {
    "before": (
        "What is the code in the last {service} ticket line before the restart of {project}?",
        "Just before '{project} restarted', the service {service} logged a ticket. Which code does it have?",
        "Which ticket did {service} log last before {project} restarted?",
        "Look at the lines before {project} restarted: what was the latest ticket of {service}?",
        "Before the restart of {project}, which was {service}'s most recent ticket?",
    ),
    "after": (
        "What is the code in the first {service} ticket line after the restart of {project}?",
        "Right after '{project} restarted', the service {service} logged a ticket. Which code does it have?",
        "Which ticket did {service} log first after {project} restarted?",
        "Look at the lines after {project} restarted: what was the earliest ticket of {service}?",
        "After the restart of {project}, which was {service}'s first ticket?",
    ),
    "when": (
        "At what time did {project} restart? Answer as HH:MM:SS.",
        "When was {project} restarted (HH:MM:SS)?",
        "Give the time of day at which {project} restarted, as HH:MM:SS.",
        "Find the line that says that {project} restarted. What is its time (HH:MM:SS)?",
        "{project} restarted once. At which time, as HH:MM:SS?",
    ),
}


def log_before(seed: int, size_chars: int) -> BenchTask:
    """The last line of a kind before, or the first after, an event that happens once."""
    rng = random.Random(f"log_before:{seed}:{size_chars}")
    kind = ("before", "when", "after")[seed % 3]
    log = _make_log(rng, size_chars)
    projects, service = rng.sample(PROJECTS, 4), rng.choice(_SERVICES)
    *tickets, earlier, later = rng.sample(range(10_000, 99_999), 402)
    places = sorted(rng.sample(range(5, len(log) - 5), min(400, len(log) // 3)))
    for place, number in zip(places, tickets, strict=False):
        log[place] = _with_text(log[place], f"ticket T{number} opened", rng.choice(_SERVICES))
    event = rng.randrange(len(log) // 3, 2 * len(log) // 3)
    for other in projects[1:]:
        spot = rng.randrange(len(log))
        log[spot] = _with_text(log[spot], f"{other} restarted", "scheduler")
    log[event] = _with_text(log[event], f"{projects[0]} restarted", "scheduler")
    for at, ticket in ((event - rng.randint(2, 4), earlier), (event + rng.randint(2, 4), later)):
        log[at] = _with_text(log[at], f"ticket T{ticket} opened", service)
    own = [(i, x.text.split()[1]) for i, x in enumerate(log) if x.text.startswith("ticket") and x.service == service]
    before = [code for i, code in own if i < event][-1]
    after = next(code for i, code in own if i > event)
    answer = {"before": before, "after": after, "when": f"{log[event].t:%H:%M:%S}"}[kind]
    rivals = () if kind == "when" else tuple(code for _, code in own if code != answer)
    return BenchTask(
        family="log_before",
        seed=seed,
        question=maybe_hinted(rng, pick(rng, _BEFORE_QUESTION[kind], project=projects[0], service=service)),
        context=_render(log, rng.choice(_STYLES)[0], size_chars),
        expected=Name(value=answer, rivals=rivals),
        facts={"kind": kind, "project": projects[0], "service": service},
    )


def _with_text(entry: LogLine, text: str, service: str) -> LogLine:
    return LogLine(t=entry.t, level="INFO", service=service, text=text)


_CHAT_STYLES = (
    "{who}: {text}",
    "[{t}] {who}: {text}",
    "<{who}> {text}",
    "{t} {who} wrote: {text}",
    "{who} ({t}): {text}",
)
_CHAT_QUESTION = {
    "who": (
        "Who said that the {animal} is {colour}?",
        "Which person claimed that the {animal} is {colour}?",
        "In the chat, who called the {animal} {colour}?",
        "Name the one who wrote that the {animal} is {colour}.",
        "Somebody told the others that the {animal} is {colour}. Who?",
    ),
    "what": (
        "According to {who}, what colour is the {animal}?",
        "What colour did {who} say the {animal} is?",
        "{who} mentioned the colour of the {animal}. Which one?",
        "Which colour does the {animal} have in {who}'s opinion?",
        "Find what {who} wrote about the {animal}: which colour is it?",
    ),
    "count": (
        "How many messages did {who} write?",
        "Count the messages by {who}.",
        "What is the number of messages sent by {who}?",
        "How often did {who} write something?",
        "{who} took part in the chat with how many messages?",
    ),
    "most": (
        "Who wrote the most messages?",
        "Which person sent more messages than anybody else?",
        "Name the most active member of the chat.",
        "Who has the highest number of messages?",
        "By number of messages, who is first?",
    ),
}


def chat(seed: int, size_chars: int) -> BenchTask:
    """Who said what, and how often."""
    rng = random.Random(f"chat:{seed}:{size_chars}")
    kind = ("who", "count", "what", "most")[seed % 4]
    members = rng.sample(FIRST, 8)
    pool = [text.capitalize() for text in sentences(rng, 400)]
    count = max(40, size_chars // 78)
    said = list(zip(rng.choices(members, weights=range(4, 12), k=count), rng.choices(pool, k=count), strict=True))
    animal, colours = rng.choice(ANIMALS), rng.sample(COLOURS, 8)
    for who, colour in zip(members, colours, strict=True):
        said[rng.randrange(count // 8) + members.index(who) * (count // 8)] = (
            who,
            f"The {animal} is {colour}, I think.",
        )
    if kind == "most":
        said.append((Counter(who for who, _ in said).most_common(1)[0][0], "And so to bed."))
    counts = Counter(who for who, _ in said)
    first = counts.most_common(1)[0][0]
    who, colour = members[0], colours[0]
    answers: dict[str, Expected] = {
        "who": Name(value=who, rivals=tuple(members[1:])),
        "what": Name(value=colour, rivals=tuple(colours[1:])),
        "count": Number(value=counts[who]),
        "most": Name(value=first, rivals=tuple(name for name in members if name != first)),
    }
    style = rng.choice(_CHAT_STYLES)
    lines = [
        style.format(who=who, text=text, t=f"{i // 60 % 24:02d}:{i % 60:02d}") for i, (who, text) in enumerate(said)
    ]
    return BenchTask(
        family="chat",
        seed=seed,
        question=maybe_hinted(rng, pick(rng, _CHAT_QUESTION[kind], who=who, animal=animal, colour=colour)),
        context="\n".join(lines),
        expected=answers[kind],
        facts={"kind": kind, "who": who, "animal": animal, "colour": colour},
    )
