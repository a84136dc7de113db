"""Example code for a question: the few lines that a small model copies, in the data's own names and values.

The lines are examples, not answers: the model changes what does not fit. `asked.py` reads what the question wants,
`table_recipes.py` writes the lines for tables, this module those for text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from greatwheel.runtime.asked import wants
from greatwheel.runtime.linking import Link, Named
from greatwheel.runtime.table_recipes import TableRecipes

_QUOTED = re.compile(r"(?<!\w)['\"“`]([^'\"“”`]{2,60})['\"”`](?!\w)")
_FOLLOWING = re.compile(r"\b(word|term)\b.*\b(follow\w*|next|after)\b|\b(next|following) (word|term)\b", re.IGNORECASE)
COPY = 'FINAL("...")  # the answer, copied from the lines that were found'
"""The example for a question that a line of the text answers."""
_WHICH_TEXT = re.compile(
    r"\b(?:which|what|name|list)\b[^.?]*\b(?:documents?|files?|texts?|modules?|reports?|notes?|pages?|chapters?|ones)\b",
    re.IGNORECASE,
)


def recipes(
    question: str, context: object, tables: Sequence[Named], links: Sequence[Link], words: Mapping[str, int]
) -> list[str]:
    """Up to a handful of lines, the one that fits best first. `words`: the question's words, with their lines."""
    asked = wants(question)
    if asked.judge and (not tables or not links):
        return judging_recipe(question, words)
    if tables:
        return TableRecipes(question, asked, tables, links, words).lines()
    if asked.count:
        return _counting_recipes(question, context, words)
    if isinstance(context, dict) and _WHICH_TEXT.search(question) and any(words.values()):
        holds = f"{_marker(question, words).lower()!r} in text.lower()"
        return [f"FINAL([name for name, text in context.items() if {holds}])  # the texts that hold it"]
    following = _FOLLOWING.search(question)
    phrase = _QUOTED.search(question)
    if following and phrase:
        words_in = r"\s+".join(re.escape(word) for word in phrase[1].strip(" .…").split())
        return [rf'FINAL(re.search(r"{words_in}\W+(\w+)", {_whole(context)}, re.IGNORECASE)[1])  # the word after it']
    return [
        COPY,
        'search("other words")  # when they do not say it',
    ]


def _marker(question: str, words: Mapping[str, int]) -> str:
    """What marks the lines in question: the first of its quotations and its rarest word."""
    quoted = _QUOTED.findall(question)
    present = sorted((count, word) for word, count in words.items() if count)
    spelled = [_as_spelled(question, word) for _, word in present[:1]]
    candidates = sorted({*quoted, *spelled}, key=lambda word: (question.find(word), -len(word)))
    return candidates[0] if candidates else "word"


def _as_spelled(question: str, word: str) -> str:
    found = re.search(re.escape(word), question, re.IGNORECASE)
    return found[0] if found else word


def _counting_recipes(question: str, context: object, words: Mapping[str, int]) -> list[str]:
    word = _marker(question, words)
    often = f'FINAL(len(re.findall(r"\\b{re.escape(word)}\\b", {{text}}, re.IGNORECASE)))  # how often a word occurs'
    low = question.lower()
    if isinstance(context, dict):
        names = f"FINAL(sum(1 for name, text in context.items() if {word!r} in text))  # how many texts hold it"
        whole = often.format(text='"\\n".join(context.values())')
        return [names, whole] if re.search(r"\b(document|file|text|module|report)s\b", low) else [whole, names]
    begins = f"FINAL(sum(1 for line in context.splitlines() if line.startswith({word!r})))  # lines that begin so"
    holds = f"FINAL(sum(1 for line in context.splitlines() if {word!r} in line))  # lines that contain it"
    if not re.search(r"\b(line|row|entr|record|message|sentence)", low):
        return [often.format(text="context")]
    return [begins, holds] if re.search(r"\b(start|begin|open|prefix|lead)", low) else [holds, begins]


def judging_recipe(question: str, words: Mapping[str, int]) -> list[str]:
    """Lines that have a model judge each item."""
    quoted = _QUOTED.findall(question)
    marker = quoted[0] if quoted else _marker(question, words)
    listed = re.search(r"((?:[\w-]+, ){2,}(?:and |or )?[\w-]+)", question)
    labels = re.split(r", (?:and |or )?", listed[1]) if listed else []
    if not labels:
        pairs = (("positive", "negative"), ("complaint", "praise"), ("spam", "not spam"))
        labels = next((list(pair) for pair in pairs if any(word in question.lower() for word in pair)), ["yes", "no"])
    wanted = max(labels, key=lambda label: question.lower().rfind(label.lower()))
    judged = (
        f"items = grep({marker!r})\n"
        f'labels = classify(items, "Which of these is it: {", ".join(labels)}?", {labels!r})\n'
    )
    if wants(question).count:
        return [judged + f"FINAL(labels.count({wanted!r}))"]
    picked = f"[item for item, label in zip(items, labels) if label == {wanted!r}]"
    return [judged + f"FINAL([re.search(r'[A-Z]+-?\\d+', item)[0] for item in {picked}])  # their ids"]


def _whole(context: object) -> str:
    """The code for all of the text."""
    return '"\\n".join(context.values())' if isinstance(context, dict) else "context"
