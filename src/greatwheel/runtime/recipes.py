"""Example code for a question: the few lines that a small model copies, in the data's own names and values.

The lines are examples, not answers: the model changes what does not fit. `asked.py` reads what the question wants,
`table_recipes.py` writes the lines for tables, this module those for text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from greatwheel.runtime.asked import Wants, wants
from greatwheel.runtime.judging_recipes import judging_recipe
from greatwheel.runtime.line_recipes import asks_of_lines, counting_lines, marker, named_text, quotations, whole
from greatwheel.runtime.linking import Link, Named
from greatwheel.runtime.table_recipes import TableRecipes

_FOLLOWING = re.compile(
    r"\b(?:word|term)\b.*\b(?:follow\w*|next|after)\b|\b(?:next|following) (?:word|term)\b"
    r"|\bthen (?:which|what) (?:word|term)\b|\b(?:which|what) (?:word|term) (?:comes|stands|follows)\b",
    re.IGNORECASE,
)
COPY = 'FINAL("...")  # the answer, copied from the lines that were found'
"""The example for a question that a line of the text answers."""
_TEXT_WORDS = r"(?:documents?|files?|texts?|modules?|reports?|notes?|pages?|chapters?|topics?|articles?|sections?)"
_WHICH_TEXT = re.compile(
    rf"\b(?:which|what|name|list|find|give|every|all)(?: \w+){{0,3}}? {_TEXT_WORDS}\b"
    rf"|\b(?:one|some|several|many) (?:of the )?{_TEXT_WORDS}\b.*\bwhich\b",
    re.IGNORECASE | re.DOTALL,
)
_IDENTIFIER = re.compile(r"^(?=.*[a-z])(?=.*\d{3})[\w./:#-]+$")
_NUMBERED = re.compile(
    r"\b(?!than\b|over\b|above\b|below\b|under\b|least\b|most\b)[A-Za-z]+ (?:no\.? |#)?(\d{3,})\b(?![.,]\d)"
)
_ABSENT = 'FINAL("not found")  # {word} is nowhere in the data'


def recipes(
    question: str, context: object, tables: Sequence[Named], links: Sequence[Link], words: Mapping[str, int]
) -> list[str]:
    """Up to a handful of lines, the one that fits best first. `words`: the question's words, with their lines."""
    asked = wants(question)
    if asked.judge and (not tables or not links):
        return judging_recipe(question, asked, context, tables, links, words)
    if asked.count and asks_of_lines(question) and isinstance(context, (str, Mapping)):
        return counting_lines(question, context, words)
    if tables:
        lines = TableRecipes(question, asked, tables, links, words).lines()
        return [*_nowhere(question, asked, context, words), *lines]
    if asked.count:
        return counting_lines(question, context, words)
    return _text_recipes(question, context, words)


def _nowhere(question: str, asked: Wants, context: object, words: Mapping[str, int]) -> list[str]:
    """What to do when the record that is asked for is not there: only a word like `KX-48213` names one surely."""
    if asked.count or asked.total or asked.average or asked.most or asked.least or asked.first:
        return []
    keys = {str(key).lower() for key in context} if isinstance(context, Mapping) else set()
    numbers = {number for number in _NUMBERED.findall(question) if not 1800 <= int(number[:9]) < 2100}
    known = {word for word, count in words.items() if not count and word not in keys}
    absent = [word for word in known if _IDENTIFIER.match(word) or word in numbers]
    return [_ABSENT.format(word=absent[0])] if absent else []


def _text_recipes(question: str, context: object, words: Mapping[str, int]) -> list[str]:
    """Lines for a question that a passage of the text answers, or the name of a text."""
    which = isinstance(context, Mapping) and _WHICH_TEXT.search(question) and named_text(question, context) is None
    if which and any(words.values()):
        said = marker(question, words).lower()
        text = "' '.join(text.lower().split())" if " " in said else "text.lower()"
        holds = f"{said!r} in {text}"  # a phrase may stand over the end of a line
        return [f"FINAL([name for name, text in context.items() if {holds}])  # the texts that hold it"]
    phrases = quotations(question)
    if phrases and _FOLLOWING.search(question):
        words_in = r"\s+".join(re.escape(word) for word in phrases[0].strip(" .…").split())
        return [rf'FINAL(re.search(r"{words_in}\W+(\w+)", {whole(context)}, re.IGNORECASE)[1])  # the word after it']
    return [
        COPY,
        'search("other words")  # when they do not say it',
    ]
