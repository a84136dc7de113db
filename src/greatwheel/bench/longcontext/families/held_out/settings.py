"""Settings in sections, the same names in each."""

from __future__ import annotations

import random

from greatwheel.bench.longcontext.families.held_out.pools import COUNTRIES
from greatwheel.bench.longcontext.scoring import Expected, Name, NotThere, Number
from greatwheel.bench.longcontext.task import BenchTask
from greatwheel.bench.longcontext.wording import pick

_NAMES = ("timeout", "retries", "region", "port", "owner_id", "max_size")
_QUESTION = {
    "lookup": (
        "Which {name} does the section {section} set?",
        "For {section}, what has {name} been set to?",
        "{name} in the section {section}: which value?",
        "The section {section} configures {name} as what?",
        "Read the {name} of {section}.",
    ),
    "count": (
        "How many sections use the region {region}?",
        "In how many sections is region set to {region}?",
        "The region {region} is configured how many times?",
        "Number of sections located in {region}?",
        "Sections with the region {region}: how many?",
    ),
    "reverse": (
        "Which section has the owner_id {owner}?",
        "The owner_id {owner} belongs to which section?",
        "Find the section that is owned by the id {owner}.",
        "In what section does the owner_id {owner} stand?",
        "{owner} is the owner_id of which section?",
    ),
    "absent": (
        "Which {name} does the section {section} set? If it sets none, answer 'not found'.",
        "For {section}, what has {name} been set to? Answer 'not found' in case there is none.",
        "{name} in the section {section}: which value? ('not found' if it isn't there)",
        "Read the {name} of {section}, or say 'not found'.",
        "What about {name} in {section}? Answer 'not found' should it be missing.",
    ),
}


def settings(seed: int, size_chars: int) -> BenchTask:
    """A value by section and name, the other way round, how many, and a section that is not there."""
    rng = random.Random(f"settings:{seed}:{size_chars}")
    kind = ("lookup", "count", "absent", "reverse")[seed % 4]
    count = size_chars // 118
    numbers = rng.sample(range(1_000, 10_000_000), count + 1)
    stems = rng.choices(("queue", "cache", "proxy", "worker", "bucket"), k=count + 1)
    sections = [f"{stem}-{number}" for stem, number in zip(stems, numbers, strict=True)]
    missing = sections.pop()
    owners = rng.sample(range(1_000_000, 90_000_000), count)
    values: list[dict[str, int | str]] = [
        {
            "timeout": rng.randint(1, 900),
            "retries": rng.randint(0, 9),
            "region": rng.choice(COUNTRIES).lower(),
            "port": rng.randint(1_024, 65_535),
            "owner_id": owner,
            "max_size": f"{rng.randint(1, 512)}MB",
        }
        for owner in owners
    ]
    at, name = rng.randrange(count // 4, count), rng.choice(("timeout", "retries", "region", "port"))
    region = rng.choice(COUNTRIES).lower()
    value = values[at][name]
    answers: dict[str, Expected] = {
        "lookup": Number(value=value) if isinstance(value, int) else Name(value=value),
        "count": Number(value=sum(row["region"] == region for row in values)),
        "reverse": Name(value=sections[at]),
        "absent": NotThere(),
    }
    section = missing if kind == "absent" else sections[at]
    sign = rng.choice((" = ", "=", " : "))
    facts: dict[str, str | int] = {"name": name, "section": section, "region": region, "owner": owners[at]}
    return BenchTask(
        family="settings",
        seed=seed,
        question=pick(rng, _QUESTION[kind], **facts),
        context="\n".join(
            f"[{heading}]\n" + "".join(f"{key}{sign}{row[key]}\n" for key in _NAMES)
            for heading, row in zip(sections, values, strict=True)
        ),
        expected=answers[kind],
        facts={"kind": kind, **facts},
    )
