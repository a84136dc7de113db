"""Facts hidden in prose: one, several, over two hops, along a chain, changed over time."""

from __future__ import annotations

import random
from datetime import date
from itertools import pairwise

from greatwheel.bench.longcontext.contexts import bury, prose
from greatwheel.bench.longcontext.scoring import Name, Names
from greatwheel.bench.longcontext.task import BenchTask
from greatwheel.bench.longcontext.wording import (
    CITIES,
    COLOURS,
    PRODUCTS,
    PROJECTS,
    codes,
    maybe_hinted,
    people,
    pick,
)

NEEDLE_TEXT = (
    "The access code of Project {who} is {what}.",
    "Note to self: {what} opens the vault of project {who}.",
    "For Project {who}, the guards were told the access code {what}.",
    "PROJECT {upper} - ACCESS CODE {what}",
    "Whoever needs to enter Project {who} types {what}, the current access code.",
)
_NEEDLE_QUESTION = (
    "What is the access code of Project {who}?",
    "Which code opens Project {who}? Answer with the code only.",
    "I need the access code for project {lower}.",
    "Find the access code that belongs to the project called {who}.",
    "Somewhere a code for Project {who} is mentioned. What is it?",
    "Tell me the code one needs to get into PROJECT {upper}.",
)
_OTHER_FACT = (
    "Project {who} was moved to {city}.",
    "The team of Project {who} prefers {colour} folders.",
    "Project {who} ordered another {product} last week.",
)


def needle(seed: int, size_chars: int) -> BenchTask:
    """One code among those of other projects."""
    rng = random.Random(f"needle:{seed}:{size_chars}")
    names = rng.sample(PROJECTS, rng.randint(4, 12))
    values = codes(rng, len(names))
    facts = [
        pick(rng, NEEDLE_TEXT, who=who, upper=who.upper(), what=what) for who, what in zip(names, values, strict=True)
    ]
    facts += [
        pick(rng, _OTHER_FACT, who=names[0], city=rng.choice(CITIES), colour=rng.choice(COLOURS), product="drill")
        for _ in range(rng.randint(0, 2))
    ]
    who = names[0]
    separator = rng.choice(("\n", "\n\n", " "))
    return BenchTask(
        family="needle",
        seed=seed,
        question=maybe_hinted(rng, pick(rng, _NEEDLE_QUESTION, who=who, upper=who.upper(), lower=who.lower())),
        context=separator.join(bury(rng, prose(rng, size_chars), facts, keep_order=False)),
        expected=Name(value=values[0], rivals=tuple(values[1:])),
        facts={"who": who},
    )


_SEVERAL_TEXT = (
    "{what} was seen carrying the sign of the {group}.",
    "Among the members of the {group} is {what}.",
    "The {group} counts {what} as one of its own.",
    "It is known that {what} belongs to the {group}.",
    "{what} joined the {group} years ago.",
)
_SEVERAL_QUESTION = (
    "Who are the members of the {group}? List all names.",
    "List everybody who belongs to the {group}.",
    "Name all {count} people that the text connects with the {group}.",
    "Which people are in the {group}? Give their full names, separated by commas.",
    "The text names members of the {lower}, one at a time. Who are they?",
)


def needles(seed: int, size_chars: int) -> BenchTask:
    """All members of one group, each in a sentence of its own."""
    rng = random.Random(f"needles:{seed}:{size_chars}")
    groups = [f"{colour.capitalize()} {rng.choice(('Circle', 'Guild', 'Order'))}" for colour in rng.sample(COLOURS, 4)]
    count = rng.randint(3, 6)
    names = people(rng, count + 12)
    members, others = names[:count], names[count:]
    facts = [pick(rng, _SEVERAL_TEXT, what=name, group=groups[0]) for name in members]
    facts += [pick(rng, _SEVERAL_TEXT, what=name, group=rng.choice(groups[1:])) for name in others]
    return BenchTask(
        family="needles",
        seed=seed,
        question=pick(rng, _SEVERAL_QUESTION, group=groups[0], lower=groups[0].lower(), count=count),
        context=rng.choice(("\n", "\n\n")).join(bury(rng, prose(rng, size_chars), facts, keep_order=False)),
        expected=Names(values=tuple(members), rivals=tuple(others)),
        facts={"group": groups[0]},
    )


_HOP_ONE = (
    "{who} keeps the keys in the {colour} cabinet.",
    "The cabinet of {who} is the {colour} one.",
    "Ask for the {colour} cabinet; it is the one {who} uses.",
)
_HOP_TWO = (
    "Inside the {colour} cabinet lies a {what}.",
    "The {colour} cabinet holds nothing but a {what}.",
    "A {what} was put into the {colour} cabinet.",
)
_HOP_QUESTION = (
    "Which object lies in the cabinet that {who} uses?",
    "What is in {who}'s cabinet?",
    "Find out the colour of {who}'s cabinet, then which object is in that cabinet. Name the object.",
    "{who} has a cabinet of some colour. What object does it contain?",
    "What would one find when opening the cabinet of {who}?",
)


def two_hop(seed: int, size_chars: int) -> BenchTask:
    """A person leads to a colour, the colour to an object."""
    rng = random.Random(f"two_hop:{seed}:{size_chars}")
    count = rng.randint(4, 9)
    names, colours, things = people(rng, count), rng.sample(COLOURS, count), rng.sample(PRODUCTS, count)
    facts = [pick(rng, _HOP_ONE, who=who, colour=colour) for who, colour in zip(names, colours, strict=True)]
    facts += [pick(rng, _HOP_TWO, colour=colour, what=what) for colour, what in zip(colours, things, strict=True)]
    return BenchTask(
        family="two_hop",
        seed=seed,
        question=maybe_hinted(rng, pick(rng, _HOP_QUESTION, who=names[0])),
        context=rng.choice(("\n", "\n\n")).join(bury(rng, prose(rng, size_chars), facts, keep_order=False)),
        expected=Name(value=things[0], rivals=tuple(things[1:])),
        facts={"who": names[0]},
    )


_CHAIN_TEXT = (
    "{a} handed the parcel to {b}.",
    "The parcel went from {a} to {b}.",
    "Next, {a} gave the parcel to {b}.",
)
_CHAIN_END = (
    "{a} kept the parcel for good.",
    "With {a} the parcel stayed.",
    "The parcel never left {a} again.",
)
_CHAIN_QUESTION = (
    "A parcel started with {a} and was handed on from person to person. Who has it in the end?",
    "{a} had a parcel first. Follow it from hand to hand: who is the last to have it?",
    "Who ends up with the parcel that {a} handed on first?",
    "Beginning with {a}, the parcel changed hands {count} times. Who holds it at the end?",
    "Follow the parcel from {a} onwards and name the final keeper.",
)


def chain(seed: int, size_chars: int) -> BenchTask:
    """A parcel handed on several times, told out of order."""
    rng = random.Random(f"chain:{seed}:{size_chars}")
    names = people(rng, rng.randint(4, 7))
    others = people(random.Random(f"chain-other:{seed}"), 8)
    others = [name for name in others if name not in names]
    facts = [pick(rng, _CHAIN_TEXT, a=a, b=b) for a, b in pairwise(names)]
    facts.append(pick(rng, _CHAIN_END, a=names[-1]))
    facts += [f"{a} sent a letter to {b}." for a, b in pairwise(others)]
    return BenchTask(
        family="chain",
        seed=seed,
        question=pick(rng, _CHAIN_QUESTION, a=names[0], count=len(names) - 1),
        context=rng.choice(("\n", "\n\n")).join(bury(rng, prose(rng, size_chars), facts, keep_order=False)),
        expected=Name(value=names[-1], rivals=tuple(names[1:-1] + others)),
        facts={"start": names[0]},
    )


UPDATE_TEXT = (
    "{month} update: {who} now lives in {city}.",
    "[{month}] {who} has moved to {city}.",
    "{month}: new address of {who} is in {city}.",
)
_UPDATE_QUESTION = (
    "The text reports moves in the order in which they happened. Where does {who} live now?",
    "Where does {who} live according to the latest report?",
    "{who} moved more than once. In which city did {who} settle last? Reports are in time order.",
    "Several updates about {who} are given in order of time; the last one counts. Which city is it?",
    "Which city is the current home of {who}, if later reports replace earlier ones?",
)
_MONTHS = [date(2024, month, 1).strftime("%B") for month in range(1, 13)]


def updates(seed: int, size_chars: int) -> BenchTask:
    """The last of several reports is the one that counts."""
    rng = random.Random(f"updates:{seed}:{size_chars}")
    names = people(rng, 6)
    facts: list[str] = []
    last: dict[str, str] = {}
    for month in _MONTHS:
        for who in rng.sample(names, rng.randint(1, 3)) + (names[:1] if month in ("March", "August") else []):
            last[who] = rng.choice([city for city in CITIES if city != last.get(who)])
            facts.append(pick(rng, UPDATE_TEXT, month=month, who=who, city=last[who]))
    return BenchTask(
        family="updates",
        seed=seed,
        question=maybe_hinted(rng, pick(rng, _UPDATE_QUESTION, who=names[0])),
        context=rng.choice(("\n", "\n\n")).join(bury(rng, prose(rng, size_chars), facts)),
        expected=Name(value=last[names[0]], rivals=tuple(city for city in CITIES if city != last[names[0]])),
        facts={"who": names[0]},
    )


_KEY_STYLES = ("{key}: {value}", "{key} = {value}", "{key}={value}", '"{key}": "{value}",', "{key} -> {value}")
_KEY_QUESTION = (
    "What is the value of {key}?",
    "Look up {key} and give its value.",
    "To what is {key} set?",
    "Which value stands under the key {key}? Give only the value.",
    "Return the entry for '{key}'.",
)


def key_value(seed: int, size_chars: int) -> BenchTask:
    """One key among tens of thousands that resemble it."""
    rng = random.Random(f"key_value:{seed}:{size_chars}")
    style = rng.choice(_KEY_STYLES)
    key_style = rng.choice(("{a}.{b}.{n}", "{a}_{b}_{n}", "{a}/{b}/{n}", "{a}-{n}-{b}"))
    count = max(20, size_chars // (len(style) + 13))
    numbers = rng.sample(range(100, 9_999_999), 2 * count)
    firsts, seconds = rng.choices(PRODUCTS, k=count), rng.choices(COLOURS, k=count)
    keys = [key_style.format(a=a, b=b, n=n) for a, b, n in zip(firsts, seconds, numbers[:count], strict=True)]
    chosen = rng.randrange(count // 4, 3 * count // 4)
    lines = [style.format(key=key, value=f"v{number}") for key, number in zip(keys, numbers[count:], strict=True)]
    return BenchTask(
        family="key_value",
        seed=seed,
        question=maybe_hinted(rng, pick(rng, _KEY_QUESTION, key=keys[chosen])),
        context="\n".join(lines),
        expected=Name(value=f"v{numbers[count + chosen]}"),
        facts={"key": keys[chosen]},
    )
