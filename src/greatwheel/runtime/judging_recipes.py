"""Example code for questions that a model must judge item by item: which items, which labels, what is made of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from greatwheel.runtime.asked import Wants
from greatwheel.runtime.line_recipes import marker, quotations
from greatwheel.runtime.linking import Link, Named
from greatwheel.runtime.table_filters import Filters

_LISTED = re.compile(r"((?:[\w-]+, ){2,}(?:and |or )?[\w-]+)")
_PAIRS = (
    ("positive", "negative"),
    ("complaint", "praise"),
    ("spam", "not spam"),
    ("happy", "unhappy"),
    ("polite", "rude"),
)
_ID = r"[A-Z]+-?\d+"


def judging_recipe(
    question: str,
    asked: Wants,
    context: object,
    tables: Sequence[Named],
    links: Sequence[Link],
    words: Mapping[str, int],
) -> list[str]:
    """Lines that have a model judge each item."""
    items, named = _items(question, context, tables, links, words)
    labels = _labels(question)
    wanted = _wanted(question, labels)
    judged = (
        f"items = {items}\n"
        f'labels = classify(items, "Which of these is it: {", ".join(labels)}?", {labels!r})\n'
    )  # fmt: skip
    if asked.count:
        return [judged + f"FINAL(labels.count({wanted!r}))"]
    picked = f"for item, label in zip(items, labels) if label == {wanted!r}"
    if named:
        return [judged + f"FINAL([re.search(r'{_ID}', item)[0] {picked}])  # their ids"]
    return [judged + f"FINAL([item {picked}])"]


def _items(
    question: str, context: object, tables: Sequence[Named], links: Sequence[Link], words: Mapping[str, int]
) -> tuple[str, bool]:
    """The code for the items, and whether they carry ids."""
    for table in tables:
        filters = Filters(question, table, tables, links, words)
        content = filters.content()
        if content is not None:
            return f"[{content.code} for r in {table.name}{filters.where(contained=False)}]", False
    if isinstance(context, (list, tuple)) and all(isinstance(item, str) for item in context):
        return "context", all(re.search(_ID, item) for item in context[:20])
    quoted = quotations(question)
    return f"grep({(quoted[0] if quoted else marker(question, words))!r})", True


def _labels(question: str) -> list[str]:
    """The labels that the question lists, else a pair that it names one of."""
    listed = _LISTED.search(question)
    if listed:
        return re.split(r", (?:and |or )?", listed[1])
    return next((list(pair) for pair in _PAIRS if any(word in question.lower() for word in pair)), ["yes", "no"])


def _wanted(question: str, labels: Sequence[str]) -> str:
    """The label that is asked for: the last one that stands outside of their list."""
    listed = _LISTED.search(question)
    rest = question.replace(listed[1], " ") if listed else question
    low = rest.lower()
    places = {label: [m.start() for m in re.finditer(rf"\b{re.escape(label.lower())}", low)] for label in labels}
    said = {label: max(found) for label, found in places.items() if found}
    return max(said, key=lambda label: said[label]) if said else labels[0]
