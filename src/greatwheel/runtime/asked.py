"""What a question asks for, read from its words."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_JUDGING = (
    r"\b(?:judge|judging|classif\w+|sentiment|positive|negative|complain\w*|tone|(?<!'s )opinions|reviews|tickets"
    r"|mood|polite|angry|happy|sarcas\w+|emotion\w*|praise\w*|satisfied|spam|written in"
    r"|(?:about|one of|into|topics are|labels are):? (?:one of:? )?(?:[\w-]+, ){2,}[\w-]+)\b"
)
_NUMBERS = {word: number for number, word in enumerate(_WORDS)}
_THAN_ALL = r"(?:\w+ ){1,4}?than (?:(?:in|on|at|by|for|with) )?(?:any|every|all)\w*"
_MOST = (
    r"most|highest|largest|biggest|greatest|maximum|max|longest|top(?!-)|latest|best|busiest|leading|newest"
    r"|hottest|warmest|strongest|heaviest|tallest|deepest|widest|richest|farthest|furthest|commonest"
    rf"|more {_THAN_ALL}"
)
_LEAST = (
    r"least|lowest|smallest|minimum|min|fewest|shortest|cheapest|earliest|worst|oldest|bottom"
    r"|coldest|coolest|weakest|lightest|youngest|shallowest|narrowest|nearest|closest|rarest"
    rf"|(?:fewer|less) {_THAN_ALL}"
)
EXTREME = rf"(?:{_MOST}|{_LEAST})"
"""A pattern for the words that ask for the largest or the smallest."""
_BEFORE_NUMBER = (
    "the a what which total exact overall whole full by in and with is are give tell me find count average mean"
    " combined largest highest greatest maximum biggest most smallest lowest minimum fewest least same"
)
_STANDS = r"(?:is|are|comes?|came|ranks?|stands?)"
_QUOTED = re.compile(r"(?<!\w)['\"“`]([^'\"“”`]{2,200})['\"”`](?!\w)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wants:
    """What a question asks for, by its words."""

    count: bool
    distinct: bool
    total: bool
    average: bool
    most: bool
    least: bool
    judge: bool
    grouped: bool
    first: int
    """How many of a ranking; 0: no ranking of several."""


def wants(question: str) -> Wants:
    """Read the question's words; what it quotes is the data's, not the question's."""
    own = _QUOTED.sub("…", question)

    def says(pattern: str) -> bool:
        return re.search(rf"\b(?:{pattern})\b", own, re.IGNORECASE) is not None

    extremes = re.findall(rf"\b(?<!at )({_MOST}|{_LEAST})\b", own, re.IGNORECASE)  # "from highest to lowest": the first
    grouped = says(r"group\w*|per|each|every|by")
    if grouped and not extremes:  # "count the orders per city: which comes first?"
        extremes = ["most"] * says(rf"{_STANDS} (?:the )?(?:first|ahead)|leads?|in the lead")
        extremes = extremes or ["least"] * says(rf"{_STANDS} (?:the )?last")
    ranked = says(rf"(?:{_MOST}|{_LEAST}) (?:number|count|amount) of")
    count = not ranked and (says(r"how many|how often|how frequently|count|what number") or _number_of(own))
    return Wants(
        count=count,
        distinct=says(r"different|distinct|unique|(?:without|ignoring|no) (?:repetitions?|repeats|duplicates)"),
        total=says(r"total|totals|sum|sums|summed|add up|adds up|altogether|combined|overall|in all"),
        average=says(r"average|mean|avg"),
        most=bool(extremes) and re.fullmatch(_MOST, extremes[0], re.IGNORECASE) is not None,
        least=bool(extremes) and re.fullmatch(_LEAST, extremes[0], re.IGNORECASE) is not None,
        judge=re.search(_JUDGING, question, re.IGNORECASE) is not None,
        grouped=grouped,
        first=_first(own),
    )


def _number_of(question: str) -> bool:
    """Whether `number of` is how many there are, not the phone number of somebody."""
    before = [match[1].lower() for match in re.finditer(r"(\w*)\W*\bnumber of\b", question, re.IGNORECASE)]
    return any(word in _BEFORE_NUMBER.split() for word in before) or "" in before


def _first(question: str) -> int:
    digits = r"(\d{1,2}|" + "|".join(_NUMBERS) + ")"
    ranked = (
        r"(?:top|first|last|best|largest|highest|lowest|smallest|biggest|most|least|latest|earliest|longest|shortest)"
    )
    found = re.search(
        rf"\b(?<!at )(?:{ranked} {digits}|{digits} (?:\w+ ){{0,3}}?(?:with |have |of )?(?:the )?{ranked})\b",
        question,
        re.IGNORECASE,
    )
    if not found:
        return 0
    word = (found[1] or found[2]).lower()
    number = _NUMBERS[word] if word in _NUMBERS else int(word)
    return number if number > 1 else 0
