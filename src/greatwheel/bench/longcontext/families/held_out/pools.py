"""Names and filler of the held-out families, unlike those of the development families."""

from __future__ import annotations

import random

SURNAMES = (
    "Ashdown",
    "Bexley",
    "Carmody",
    "Dunmore",
    "Everard",
    "Falconer",
    "Garrick",
    "Halloran",
    "Ingleby",
    "Jessop",
    "Kilbride",
    "Lockhart",
    "Merriman",
    "Norbury",
    "Osgood",
    "Pemberton",
    "Quarles",
    "Rutledge",
    "Stanhope",
    "Thackeray",
    "Underhill",
    "Vickers",
    "Wolcott",
    "Yardley",
)
TOPICS = (
    "the car park",
    "the summer party",
    "the new canteen",
    "the travel policy",
    "the office plants",
    "the website",
    "the heating",
    "the printer contract",
    "the bicycle shed",
    "the training week",
    "the fire drill",
    "the library",
)
GOODS = (
    "Paper",
    "Fuel",
    "Catering",
    "Insurance",
    "Postage",
    "Repairs",
    "Software",
    "Furniture",
    "Cleaning",
    "Telephone",
)
COUNTRIES = ("Norway", "Chile", "Kenya", "Japan", "Poland", "Peru", "Ireland", "Greece", "Canada", "Vietnam")
_SUBJECTS = (
    "The committee",
    "A member of staff",
    "The caretaker",
    "One visitor",
    "The chair",
    "An auditor",
    "The second group",
    "Everybody",
)
_ACTIONS = (
    "asked for more time",
    "thanked those who had helped",
    "had no objections",
    "wanted to see the figures first",
    "proposed a short break",
    "repeated an earlier remark",
    "regretted the delay",
    "agreed in principle",
    "preferred to wait",
    "raised a point of order",
)
_ENDINGS = (
    "",
    " before lunch",
    ", as usual",
    " and sat down",
    ", to general approval",
    " without further comment",
    " once more",
)


def persons(rng: random.Random, count: int) -> list[str]:
    """Distinct names such as `J. Lockhart`."""
    everybody = [f"{letter}. {name}" for letter in "ABCDEFGHJKLMNPRSTW" for name in SURNAMES]
    return rng.sample(everybody, count)


def remarks(rng: random.Random, count: int) -> list[str]:
    """Filler sentences without digits or names."""
    pool = [f"{subject} {action}{ending}." for subject in _SUBJECTS for action in _ACTIONS for ending in _ENDINGS]
    return rng.choices(pool, k=count)
