"""A real text: the names of Unicode characters as this Python knows them."""

from __future__ import annotations

import random
import unicodedata
from functools import cache

from greatwheel.bench.longcontext.scoring import Expected, Name, Number
from greatwheel.bench.longcontext.task import BenchTask
from greatwheel.bench.longcontext.wording import pick

_QUESTION = {
    "code": (
        "What code point does the character {name} have?",
        "Which U+ number is given for {name}?",
        "{name}: under which code point is it listed?",
        "Give me the code point of {name}.",
        "The character called {name} has which code point?",
    ),
    "name": (
        "What is the name of the character {point}?",
        "Which character has the code point {point}? Its full name, please.",
        "{point}: what is that character called?",
        "Tell me the name that is listed for {point}.",
        "How is the character at {point} named?",
    ),
    "count": (
        "How many of the listed characters have the word {word} in their name?",
        "The word {word} is part of how many names?",
        "Number of characters whose name includes the word {word}?",
        "In how many of the names does the word {word} show up?",
        "Names with the word {word}: how many?",
    ),
}


@cache
def _named() -> list[tuple[int, str]]:
    everything = ((point, unicodedata.name(chr(point), "")) for point in range(0x20, 0x1FB00))
    return [(point, name) for point, name in everything if name and "IDEOGRAPH" not in name and "SYLLABLE" not in name]


def charnames(seed: int, size_chars: int) -> BenchTask:
    """From name to number, back, and how many names have a word."""
    rng = random.Random(f"charnames:{seed}:{size_chars}")
    kind = ("code", "count", "name")[seed % 3]
    everything = _named()
    count = min(size_chars // 33, len(everything))
    start = rng.randrange(len(everything) - count + 1)
    listed = everything[start : start + count]
    style = rng.choice(("U+{:04X}  {}", "{1} (U+{0:04X})", "U+{:04X};{}"))
    point, name = _plain(rng, listed)
    word, number = _a_word(rng, [other for _, other in listed])
    answers: dict[str, Expected] = {
        "code": Name(value=f"{point:04X}"),  # with or without the U+ before it
        "name": Name(value=name),
        "count": Number(value=number),
    }
    return BenchTask(
        family="charnames",
        seed=seed,
        question=pick(rng, _QUESTION[kind], name=name, point=f"U+{point:04X}", word=word),
        context="\n".join(style.format(code, other) for code, other in listed),
        expected=answers[kind],
        facts={"kind": kind, "name": name, "point": f"U+{point:04X}", "word": word},
    )


def _plain(rng: random.Random, listed: list[tuple[int, str]]) -> tuple[int, str]:
    """A character whose name is no part of another's."""
    names = "\n".join(name for _, name in listed)
    while True:
        point, name = rng.choice(listed)
        if names.count(name) == 1 and any(word.isalpha() and len(word) > 3 for word in name.split()):
            return point, name


def _a_word(rng: random.Random, names: list[str]) -> tuple[str, int]:
    """A word that is never a part of a longer or hyphenated one, and how many names have it."""
    while True:
        word = rng.choice(rng.choice(names).split())
        number = sum(word in name.split() for name in names)
        if word.isalpha() and len(word) > 3 and sum(word in name for name in names) == number:
            return word, number
