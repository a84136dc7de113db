"""Example code that counts in a text: how often a word occurs, how many lines have a property, how many texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

QUOTED = re.compile(r"(?<!\w)['\"“`]([^'\"“”`]{2,60})['\"”`](?!\w)")
_TO_ANSWER = re.compile(
    r"(?:^|[.,;:?!(]\s*)(?:please |then |just )?(?:say|answer|reply|respond|return|write)(?: with)?\s*$", re.IGNORECASE
)
"""Before a quotation that is what to answer, not what to look for."""
_THE_WORD = re.compile(r"\b(?:word|term|string)\s+(?:is\s+)?['\"“`]?([\w-]+)", re.IGNORECASE)
_LINES = re.compile(r"\b(?:lines?|rows?|entr(?:y|ies)|records?|messages?|sentences?)\b", re.IGNORECASE)
_TEXTS = re.compile(r"\b(?:document|file|text|module|report|note|page|chapter)s\b", re.IGNORECASE)
_A_TEXT = r"\b(?:documents?|files?|texts?|modules?|reports?|notes?|pages?|chapters?|topics?|sections?)"
_EMPTY = re.compile(r"\b(?:empty|blank|without any (?:text|characters|content)|nothing(?: at all)?)\b", re.IGNORECASE)
_BEGINS = re.compile(
    r"\b(?:start\w*|begin\w*|open(?:s|ing)?|prefix\w*|leading|first characters?|(?:un)?indent\w*|top[- ]level)\b",
    re.IGNORECASE,
)
_ENDS = re.compile(r"\b(?:end|ends|ending|finish\w*|last characters?|clos(?:e|es|ing)|suffix\w*)\b", re.IGNORECASE)
_HOLDS = re.compile(r"\b(?:contain\w*|mention\w*|have|has|hold\w*|includ\w*|occur\w*|appear\w*|with)\b", re.IGNORECASE)
_EITHER = re.compile(r"\b(?:or|either|any of)\b", re.IGNORECASE)
_NOT = re.compile(r"\b(?:but not|without|not contain\w*|do(?:es)? not|don't|lacks?)\b", re.IGNORECASE)
_ANY_CASE = re.compile(r"\b(?:case[- ]insensitive|ignor\w+ case|any case|regardless of case|upper or lower)\b", re.I)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Test:
    """What a line is asked to do with a quoted text."""

    code: str
    places: bool
    """It says where in the line the text stands, not only that it is there."""
    negated: bool = False


def _quotes(question: str) -> list[re.Match[str]]:
    return [match for match in QUOTED.finditer(question) if not _TO_ANSWER.search(question[: match.start()])]


def quotations(question: str) -> list[str]:
    """What the question quotes of the data."""
    return [match[1] for match in _quotes(question)]


def marker(question: str, words: Mapping[str, int]) -> str:
    """What the question counts or looks for: its first quotation, the word that it calls a word, its rarest word."""
    found = [(match.start(), match[1]) for match in _quotes(question)]
    for match in _THE_WORD.finditer(question):
        if words.get(match[1].lower()):
            found.append((match.start(1), match[1]))
    if found:
        return min(found)[1]
    present = sorted((count, word) for word, count in words.items() if count)
    return _as_spelled(question, present[0][1]) if present else "word"


def _as_spelled(question: str, word: str) -> str:
    found = re.search(re.escape(word), question, re.IGNORECASE)
    return found[0] if found else word


def line_lines(question: str, context: object, words: Mapping[str, int]) -> list[str]:
    """Lines that count the lines of a text by what stands in them; none for questions about something else."""
    own = QUOTED.sub("…", question)
    if not _LINES.search(own):
        return []
    low = "line.lower()" if _ANY_CASE.search(own) else "line"
    tests = _tests(question, low)
    said_lines = re.search(r"\blines?\b", own, re.IGNORECASE) is not None
    if not tests and said_lines and _EMPTY.search(own):
        return [_count(question, context, "not line.strip()", "empty lines")]
    if not tests:
        word = marker(question, words)
        tests = [_Test(code=f"{word!r} in line", places=False)]
    joined = " or " if _EITHER.search(own) and not _NOT.search(own) else " and "
    lines = [_count(question, context, joined.join(test.code for test in tests), "lines that do")]
    if len(tests) == 1 and tests[0].places and not _BEGINS.search(own):
        return lines
    if len(tests) == 1 and not tests[0].places:
        word = marker(question, words)
        lines.append(_count(question, context, f"line.startswith({word!r})", "lines that begin so"))
    return lines


def asks_of_lines(question: str) -> bool:
    """Whether the question says what its lines contain, or how they begin or end, by a quotation."""
    own = QUOTED.sub("…", question)
    about = _BEGINS.search(own) or _ENDS.search(own) or _HOLDS.search(own)
    return bool(_quotes(question) and re.search(r"\blines?\b", own, re.IGNORECASE) and about)


def _tests(question: str, low: str) -> list[_Test]:
    """One test for each quotation, by the nearest word before it, else after it, that says where it stands."""
    quotes = _quotes(question)
    tests = []
    for index, quote in enumerate(quotes):
        before = question[quotes[index - 1].end() if index else 0 : quote.start()]
        after = question[quote.end() : quotes[index + 1].start() if index + 1 < len(quotes) else len(question)]
        text = quote[1].lower() if low != "line" else quote[1]
        kind = _kind(before) or "in"
        if kind == "in" and index + 1 == len(quotes):
            kind = _kind(after) or kind
        code = f"{text!r} in {low}" if kind == "in" else f"{low}.{kind}({text!r})"
        negated = _NOT.search(before) is not None
        tests.append(_Test(code=f"not {code}" if negated else code, places=kind != "in", negated=negated))
    return tests


def _kind(words: str) -> str:
    """The test that some words say last."""
    found = [
        (match.start(), kind)
        for pattern, kind in ((_BEGINS, "startswith"), (_ENDS, "endswith"), (_HOLDS, "in"))
        for match in pattern.finditer(words)
    ]
    kind = max(found)[1] if found else ""
    placed = [each for _, each in sorted(found) if each != "in"]
    return placed[-1] if kind == "in" and placed else kind


def _count(question: str, context: object, test: str, what: str) -> str:
    return f"FINAL(sum(1 for line in {lines_of(question, context)} if {test}))  # {what}"


def lines_of(question: str, context: object) -> str:
    """The code for the lines of the text, or of the one text that the question names."""
    named = named_text(question, context)
    if named is not None:
        return f"context.get({named!r}).splitlines()"
    return f"{whole(context)}.splitlines()"


def named_text(question: str, context: object) -> str | None:
    """Of a dict of texts the one that the question names."""
    if not isinstance(context, Mapping):
        return None
    low = question.lower()
    said = [str(key) for key in context if re.search(_naming(str(key).lower()), low)]
    return max(said, key=len) if said else None


def _naming(name: str) -> str:
    """A pattern for a text's name; one that is a common word names a text only where the question says so."""
    said = rf"{_A_TEXT} ['\"`]?" if name.isalpha() or len(name) < 4 else r"(?<![\w/.-])"
    return rf"{said}{re.escape(name)}(?![\w/-])"


def whole(context: object) -> str:
    """The code for all of the text."""
    if isinstance(context, Mapping):
        return '"\\n".join(context.values())'
    return '"\\n".join(map(str, context))' if isinstance(context, (list, tuple)) else "context"


def counting_lines(question: str, context: object, words: Mapping[str, int]) -> list[str]:
    """Lines that count in a text, the likeliest first."""
    word = marker(question, words)
    text = f"context.get({named!r})" if (named := named_text(question, context)) else whole(context)
    often = f'FINAL(len(re.findall(r"\\b{re.escape(word)}\\b", {text}, re.IGNORECASE)))  # how often a word occurs'
    by_line = line_lines(question, context, words)
    if isinstance(context, Mapping) and named is None and _TEXTS.search(QUOTED.sub("…", question)):
        holds = f"{word.lower()!r} in text.lower()"
        return [f"FINAL(sum(1 for name, text in context.items() if {holds}))  # how many texts hold it", often]
    return by_line or [often]
