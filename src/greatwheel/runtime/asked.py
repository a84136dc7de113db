"""What a question asks for, read from its words."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBERS = {word: number for number, word in enumerate(_WORDS)}
_MOST = r"most|highest|largest|biggest|greatest|maximum|max|longest|top|latest|best|busiest|leading|newest"
_LEAST = r"least|lowest|smallest|minimum|min|fewest|shortest|cheapest|earliest|worst|oldest"


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
    """Read the question's words."""

    def says(pattern: str) -> bool:
        return re.search(rf"\b(?:{pattern})\b", question, re.IGNORECASE) is not None

    extremes = re.findall(rf"\b({_MOST}|{_LEAST})\b", question, re.IGNORECASE)  # "from highest to lowest": the first
    ranked = says(rf"(?:{_MOST}|{_LEAST}) (?:number|count|amount) of")
    count = not ranked and says(r"how many|how often|how frequently|count|number of|what number")
    return Wants(
        count=count,
        distinct=says(r"different|distinct|unique"),
        total=says(r"total|totals|sum|sums|summed|add up|adds up|altogether|combined|overall|in all"),
        average=says(r"average|mean|avg"),
        most=bool(extremes) and re.fullmatch(_MOST, extremes[0], re.IGNORECASE) is not None,
        least=bool(extremes) and re.fullmatch(_LEAST, extremes[0], re.IGNORECASE) is not None,
        judge=says(
            r"judge|judging|classif\w+|sentiment|positive|negative|complain\w*|tone|opinions?|reviews?|tickets?|mood"
            r"|polite|angry|happy|sarcas\w+|emotion\w*|praise\w*|satisfied|spam|written in"
        ),
        grouped=says(r"group\w*|per|each|every|by"),
        first=_first(question),
    )


def _first(question: str) -> int:
    digits = r"(\d{1,2}|" + "|".join(_NUMBERS) + ")"
    ranked = (
        r"(?:top|first|last|best|largest|highest|lowest|smallest|biggest|most|least|latest|earliest|longest|shortest)"
    )
    found = re.search(
        rf"\b(?:{ranked} {digits}|{digits} (?:\w+ ){{0,3}}?(?:with |have |of )?(?:the )?{ranked})\b", question, re.I
    )
    if not found:
        return 0
    word = (found[1] or found[2]).lower()
    number = _NUMBERS[word] if word in _NUMBERS else int(word)
    return number if number > 1 else 0
