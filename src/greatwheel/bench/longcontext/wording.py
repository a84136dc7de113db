"""Seeded pools of names and sentences, so that no two tasks read alike."""

from __future__ import annotations

import random
from collections.abc import Sequence


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST = _words(
    "Ada Bruno Chiara Dmitri Elif Farid Greta Hana Igor Jonas Keiko Lena Mateo Nadia Oskar Priya Quentin "
    "Rosa Samir Tove Ulrich Vera Wen Ximena Yusuf Zofia Amara Boris Carmen Diego Esther Felix"
)
LAST = _words(
    "Abara Brandt Castellan Duval Eriksen Fontana Grigorian Haddad Ivanova Jansen Kowalski Lindqvist "
    "Moreau Nakamura Okafor Petrov Quispe Rinaldi Sorensen Tanaka Ueda Varga Wieczorek Xu Yilmaz Zeman "
    "Albrecht Bakker Conti Demir Espinoza Farouk"
)
CITIES = _words(
    "Lisbon Tallinn Valparaiso Osaka Tbilisi Bergen Nairobi Quito Ghent Izmir Kaunas Leipzig Marseille "
    "Novi-Sad Oaxaca Perth Riga Salta Turin Utrecht Vilnius Windhoek Yerevan Zagreb"
)
COLOURS = _words("amber azure crimson emerald indigo ivory magenta ochre scarlet teal turquoise violet")
ANIMALS = _words(
    "badger condor dolphin egret falcon gecko heron ibex jackal kestrel lemur marten narwhal ocelot "
    "pelican quail raven salamander tapir urchin vulture walrus yak zebra"
)
PRODUCTS = _words(
    "anvil bellows compass drill easel funnel gasket hammer inkwell jigsaw kettle lantern mortar nozzle "
    "oilcan pulley quiver ratchet spindle tripod umbrella valve winch yoke"
)
DEPARTMENTS = _words("Finance Logistics Research Legal Support Marketing Security Facilities Quality Training")
PROJECTS = _words(
    "Aurora Basalt Cobalt Dynamo Eclipse Fjord Glacier Horizon Isotope Juniper Kepler Lodestar Meridian "
    "Nimbus Obsidian Pinnacle Quartz Redwood Solstice Tundra Umbra Vortex Willow Zenith"
)
_ADJECTIVES = _words(
    "quiet narrow patient hollow distant modest weathered gentle crooked polished ancient restless pale "
    "sturdy forgotten ordinary bright damp"
)
_NOUNS = _words(
    "harbour orchard workshop river letter bridge garden clock market road window ladder chapel engine "
    "meadow barrel kitchen staircase fence archive"
)
_VERBS = _words("waited creaked glimmered drifted stood leaned faded settled hummed turned rested shifted lingered")
_PLACES = (
    "near the old mill",
    "behind the station",
    "under a grey sky",
    "at the edge of town",
    "beside the canal",
    "after the rain",
    "before the first bell",
    "in the long afternoon",
    "beyond the hills",
    "without much notice",
)
_OPENINGS = (
    "",
    "In those days ",
    "As people recall, ",
    "Later that season ",
    "For a while ",
    "By all accounts ",
    "Now and then ",
    "On most mornings ",
)

ABSENT_HINTS = (
    "If it is not there, answer 'not found'.",
    "Say 'not found' if the material doesn't tell.",
    "Should there be no answer in it, reply NOT FOUND.",
    "(Reply 'not in the text' if that is the case.)",
    "If there's nothing about it, say so.",
)


def people(rng: random.Random, count: int) -> list[str]:
    """Distinct full names."""
    if count > len(FIRST) * len(LAST):
        raise ValueError("not so many names")
    return [
        f"{FIRST[i % len(FIRST)]} {LAST[i // len(FIRST)]}" for i in rng.sample(range(len(FIRST) * len(LAST)), count)
    ]


def codes(rng: random.Random, count: int) -> list[str]:
    """Distinct codes such as `KX-48213`, all of one style."""
    letters = "BCDFGHJKLMNPQRSTVWXZ"
    style = rng.choice(("{a}{b}-{n}", "{n}{a}", "{a}{b}{n}{a}", "{a}-{n}-{b}"))
    numbers = rng.sample(range(10_000, 99_999), count)
    return [style.format(a=rng.choice(letters), b=rng.choice(letters), n=number) for number in numbers]


def sentences(rng: random.Random, count: int) -> list[str]:
    """Harmless filler; holds no digits and none of the pools' names."""
    made = (
        f"{rng.choice(_OPENINGS)}the {rng.choice(_ADJECTIVES)} {rng.choice(_NOUNS)} {rng.choice(_VERBS)} "
        f"{rng.choice(_PLACES)}."
        for _ in range(count)
    )
    return [sentence[0].upper() + sentence[1:] for sentence in made]


def pick(rng: random.Random, templates: Sequence[str], **names: object) -> str:
    """One of the templates, filled in."""
    return rng.choice(templates).format(**names)


def maybe_hinted(rng: random.Random, question: str) -> str:
    """The question, now and then with a word on what to say if there is no answer (there is one)."""
    return f"{question} {rng.choice(ABSENT_HINTS)}" if rng.random() < 0.25 else question
