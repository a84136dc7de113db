"""Minutes of meetings, one document each."""

from __future__ import annotations

import random
from datetime import date, timedelta

from greatwheel.bench.longcontext.contexts import bury
from greatwheel.bench.longcontext.families.held_out.pools import TOPICS, persons, remarks
from greatwheel.bench.longcontext.scoring import Expected, Name, Number
from greatwheel.bench.longcontext.task import BenchTask, Context
from greatwheel.bench.longcontext.wording import pick

_QUESTION = {
    "attended": (
        "In how many of the meetings did {person} take part?",
        "{person} was present at how many meetings?",
        "How many meetings list {person} as present?",
        "Number of meetings with {person} among those present?",
        "Out of all meetings, how many had {person} present?",
    ),
    "budget": (
        "What budget was last agreed for {topic}? It was changed several times; the newest meeting counts.",
        "Which amount does the most recent decision give for the budget of {topic}?",
        "Meetings revised the budget for {topic}. What is it after the last of those decisions?",
        "Going by the latest meeting that decided on it, how large is the budget for {topic}?",
        "The final figure for the budget of {topic}, please (later meetings overrule earlier ones).",
    ),
    "chair": (
        "Who was in the chair at the meeting of {day}?",
        "The meeting on {day} was chaired by whom?",
        "Name the person who chaired the meeting held on {day}.",
        "At the meeting dated {day}, who had the chair?",
        "{day}: who chaired?",
    ),
    "volunteer": (
        "Who offered to look after {topic}?",
        "Somebody volunteered to take care of {topic}. Who was it?",
        "Which person took on the responsibility for {topic}?",
        "Find out who promised to handle {topic}.",
        "{topic}: which member said that they would take charge of it?",
    ),
}


def minutes(seed: int, size_chars: int) -> BenchTask:
    """Who was there, who chaired, what was decided last, who volunteered."""
    rng = random.Random(f"minutes:{seed}:{size_chars}")
    kind = ("attended", "volunteer", "budget", "chair")[seed % 4]
    count = rng.randint(12, 30)
    members = persons(rng, 14)
    days = [date(2020, 1, 15) + timedelta(days=30 * i) for i in range(count)]
    present = [rng.sample(members, rng.randint(4, 9)) for _ in days]
    topic, *others = rng.sample(TOPICS, 6)
    keepers = dict(zip([topic, *others], persons(rng, 6), strict=True))
    facts: list[list[str]] = [[] for _ in days]
    for who in keepers:
        facts[rng.randrange(count)].append(f"{keepers[who]} volunteered to look after {who}.")
    figures = rng.sample(range(20, 900), 20)
    budget = 0
    for i in sorted(rng.sample(range(count), rng.randint(2, 5))):
        budget = figures.pop() * 100
        facts[i].append(f"Decided: the budget for {topic} is set to {budget} euros.")
    for other in others:
        facts[rng.randrange(count)].append(f"Decided: the budget for {other} is set to {figures.pop() * 100} euros.")
    chosen, person = rng.randrange(count), rng.choice(members)
    answers: dict[str, Expected] = {
        "attended": Number(value=sum(person in group for group in present)),
        "budget": Number(value=budget),
        "chair": Name(value=present[chosen][0], rivals=tuple(x for x in members if x != present[chosen][0])),
        "volunteer": Name(value=keepers[topic], rivals=tuple(x for x in keepers.values() if x != keepers[topic])),
    }
    texts = [
        f"Minutes of the meeting of {day:%d %B %Y}\nChair: {group[0]}\nPresent: {', '.join(group)}\n"
        + "\n".join(bury(rng, remarks(rng, size_chars // count // 45), own, keep_order=False))
        for day, group, own in zip(days, present, facts, strict=True)
    ]
    return BenchTask(
        family="minutes",
        seed=seed,
        question=pick(rng, _QUESTION[kind], person=person, topic=topic, day=f"{days[chosen]:%d %B %Y}"),
        context=_laid_out(rng, days, texts),
        expected=answers[kind],
        facts={"kind": kind, "person": person, "topic": topic, "day": f"{days[chosen]:%d %B %Y}"},
    )


def _laid_out(rng: random.Random, days: list[date], texts: list[str]) -> Context:
    layout = rng.randrange(3)
    if layout == 0:
        return {f"minutes-{day.isoformat()}": text for day, text in zip(days, texts, strict=True)}
    return texts if layout == 1 else "\n\n".join(texts)
