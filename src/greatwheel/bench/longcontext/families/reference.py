"""Questions over a real text: the language reference that Python carries for its `help()`."""

from __future__ import annotations

import random
import re
from collections import Counter
from pydoc_data.topics import topics

from greatwheel.bench.longcontext.scoring import Expected, Name, Number
from greatwheel.bench.longcontext.task import BenchTask, Context
from greatwheel.bench.longcontext.wording import pick

_QUESTION = {
    "topic": (
        'Which help topic contains the words "{phrase}"? Answer with the topic\'s name.',
        'In which topic does the passage "{phrase}" stand?',
        'Name the topic in which it says "{phrase}".',
        'Under which topic would one read "{phrase}"?',
        'The words "{phrase}" occur in one topic only. Which one is it?',
    ),
    "next": (
        'Which word comes right after "{phrase}"?',
        'Complete the passage by its next word: "{phrase} ..."',
        'The text says "{phrase}" and then which word?',
        'After the words "{phrase}", what is the next word?',
        'Find "{phrase}" and give the single word that follows.',
    ),
    "count": (
        "How many times does the word '{word}' occur in the text? Whole word, any case.",
        'Count the occurrences of the word "{word}", upper or lower case.',
        "How often is '{word}' used as a word of its own, regardless of case?",
        "What is the number of times that the whole word {word} appears, ignoring case?",
        "Give the count of the word '{word}' (case-insensitive, not as a part of longer words).",
    ),
}


def reference(seed: int, size_chars: int) -> BenchTask:
    """Where a passage stands, what follows it, how often a word occurs."""
    rng = random.Random(f"reference:{seed}:{size_chars}")
    kind = ("topic", "count", "next")[seed % 3]
    texts = _some_topics(rng, size_chars)
    context: Context = (
        dict(texts) if seed % 2 else "".join(f"TOPIC: {name}\n\n{text}\n\n" for name, text in texts.items())
    )
    whole = "\n".join(texts.values())
    facts = {"kind": kind}
    expected: Expected
    if kind == "count":
        facts["word"] = rng.choice(_counted_words(whole))
        expected = Number(value=len(re.findall(rf"\b{facts['word']}\b", whole, re.IGNORECASE)))
    else:
        facts["phrase"], following, topic = _passage(rng, texts, whole)
        expected = Name(value=topic if kind == "topic" else following)
    return BenchTask(
        family="reference",
        seed=seed,
        question=pick(rng, _QUESTION[kind], **facts),
        context=context,
        expected=expected,
        facts=facts,
    )


def _some_topics(rng: random.Random, size_chars: int) -> dict[str, str]:
    """Topics with different texts, up to a size."""
    distinct = {text: name for name, text in sorted(topics.items())}
    names = sorted(distinct.values())
    rng.shuffle(names)
    chosen: dict[str, str] = {}
    left = size_chars
    for name in names:
        if len(topics[name]) <= left:
            chosen[name] = topics[name]
            left -= len(topics[name])
    return chosen


def _counted_words(whole: str) -> list[str]:
    counts = Counter(re.findall(r"[a-z]{5,9}", whole.lower()))
    return sorted(word for word, number in counts.items() if 8 <= number <= 150)


def _passage(rng: random.Random, texts: dict[str, str], whole: str) -> tuple[str, str, str]:
    """Five words that stand on one line, once in all the texts; the word after them; the topic."""
    lines = [(name, line) for name, text in texts.items() for line in text.splitlines()]
    rng.shuffle(lines)
    for name, line in lines:
        match = re.search(r"(?:[A-Za-z]{2,} ){5}([A-Za-z]{4,})\b", line)
        if match is None:
            continue
        phrase = match.group(0)[: -len(match.group(1)) - 1]
        if whole.lower().count(phrase.lower()) == 1:
            return phrase, match.group(1), name
    raise ValueError("no passage stands once")
