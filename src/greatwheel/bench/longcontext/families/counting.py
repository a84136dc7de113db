"""Counting words and lines."""

from __future__ import annotations

import random
import re

from greatwheel.bench.longcontext.contexts import bury, interleave, prose
from greatwheel.bench.longcontext.scoring import Number
from greatwheel.bench.longcontext.task import BenchTask
from greatwheel.bench.longcontext.wording import ANIMALS, COLOURS, PRODUCTS, pick, sentences

_WORD_TEXT = (
    "Somebody had drawn a {word} on the wall.",
    "The {word} was not where it should have been.",
    "A {word}, they said, brings luck.",
    "{title} or not, it had to be moved.",
    "Nobody asked about the {word} any more.",
)
_WORD_QUESTION = (
    "How many times does the word '{word}' occur in the text? Count whole words only, in any case.",
    'Count the occurrences of "{word}" (as a whole word, ignoring upper and lower case).',
    "How often is the word {word} used? Upper or lower case doesn't matter; '{word}s' does not count.",
    "Give the number of times that '{word}' appears as a word of its own, whether capitalised or not.",
    "In the whole text, what is the count of the word {upper} (case-insensitive, exact word)?",
)


def count_words(seed: int, size_chars: int) -> BenchTask:
    """Occurrences of one word, in any case, beside longer words that contain it."""
    rng = random.Random(f"count_words:{seed}:{size_chars}")
    word, *others = rng.sample(ANIMALS, 4)
    facts = [pick(rng, _WORD_TEXT, word=word, title=word.capitalize()) for _ in range(rng.randint(7, 90))]
    facts += [pick(rng, _WORD_TEXT, word=other, title=other.capitalize()) for other in others * 9]
    facts += [f"There were many {word}s once." for _ in range(rng.randint(0, 6))]
    text = rng.choice(("\n", " ")).join(bury(rng, prose(rng, size_chars), facts, keep_order=False))
    return BenchTask(
        family="count_words",
        seed=seed,
        question=pick(rng, _WORD_QUESTION, word=word, upper=word.upper()),
        context=text,
        expected=Number(value=len(re.findall(rf"\b{word}\b", text, re.IGNORECASE))),
        facts={"word": word},
    )


_LINE_KINDS = ("starts", "contains", "ends", "nonempty", "both")
_LINE_QUESTION = {
    "starts": (
        "How many lines start with '{mark}'?",
        "Count the lines that begin with '{mark}'.",
        "What is the number of lines whose first characters are '{mark}'?",
        "How many of the lines open with '{mark}'?",
        "Tell me how many lines have '{mark}' at their very beginning.",
    ),
    "contains": (
        "How many lines contain '{word}'?",
        "Count the lines in which '{word}' occurs.",
        "On how many lines does '{word}' appear?",
        "What is the number of lines that mention '{word}' at least once?",
        "How many lines have '{word}' somewhere in them?",
    ),
    "ends": (
        "How many lines end with '{end}'?",
        "Count the lines whose last characters are '{end}'.",
        "What is the number of lines that finish with '{end}'?",
        "On how many lines does '{end}' stand at the very end?",
        "How many of the lines have '{end}' as their ending?",
    ),
    "nonempty": (
        "How many lines are empty?",
        "Count the blank lines.",
        "What is the number of lines without any text?",
        "How many empty lines does the text have?",
        "Find the number of lines that hold nothing at all.",
    ),
    "both": (
        "How many lines contain both '{word}' and '{other}'?",
        "Count the lines in which '{word}' and '{other}' both occur.",
        "On how many lines do '{word}' and '{other}' appear together?",
        "What is the number of lines that mention '{word}' as well as '{other}'?",
        "How many lines have '{word}' and also '{other}' in them?",
    ),
}


def count_lines(seed: int, size_chars: int) -> BenchTask:
    """Lines with a property."""
    rng = random.Random(f"count_lines:{seed}:{size_chars}")
    kind = _LINE_KINDS[seed % len(_LINE_KINDS)]
    mark, *marks = rng.sample(("NOTE:", "TODO:", "IDEA:", "WARN:", "DONE:"), 5)
    word, other = rng.choice(PRODUCTS), rng.choice(COLOURS)
    end = rng.choice(("(checked)", "[ok]", "-- end", "#closed"))
    special = [_line(rng, kind, mark, word, other, end) for _ in range(rng.randint(10, 250))]
    decoys = [f"{rng.choice(marks)} a {other} thing {end}." for _ in range(40)] + [
        f"a {word}, {mark} no" for _ in range(9)
    ]
    plain = sentences(rng, 300)
    lines = interleave(rng, special, decoys, rng.choices(plain, k=max(10, size_chars // 75)))
    lines = [plain[0], *lines, plain[1]]
    test = {
        "starts": lambda line: line.startswith(mark),
        "contains": lambda line: word in line,
        "ends": lambda line: line.endswith(end),
        "nonempty": lambda line: not line,
        "both": lambda line: word in line and other in line,
    }[kind]
    return BenchTask(
        family="count_lines",
        seed=seed,
        question=pick(rng, _LINE_QUESTION[kind], mark=mark, word=word, other=other, end=end),
        context="\n".join(lines),
        expected=Number(value=sum(map(test, lines))),
        facts={"kind": kind, "mark": mark, "word": word, "other": other, "end": end},
    )


def _line(rng: random.Random, kind: str, mark: str, word: str, other: str, end: str) -> str:
    """A line that has the property."""
    return {
        "starts": f"{mark} look into the {rng.choice(PRODUCTS)}",
        "contains": f"they took the {word} along",
        "ends": f"page {rng.randint(1, 400)} of the ledger {end}",
        "nonempty": "",
        "both": f"{rng.choice(('she', 'he'))} painted the {word} {other}",
    }[kind]
