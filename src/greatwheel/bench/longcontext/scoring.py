"""Whether an answer is right: a normalised match, never a model's opinion.

An answer is compared without case, quotes, code marks and surplus space. An answer of more than `MAX_ANSWER_CHARS`
is wrong, since printing everything is not answering. Rules by kind of answer:

- `Number`: the last number of the answer that doesn't also stand in the question. Whole numbers must be equal;
  decimals may be off by 0.01 (rounding); a judged count by its stated tolerance.
- `Name`: the name stands in the answer as whole words, and none of its rivals does.
- `Names`: every name does, in the order asked for if one was asked for, and none of the rivals.
- `Chosen`: judged lists: F1 of the names found against those expected reaches the stated threshold.
- `Table`: each label is followed by its number.
- `NotThere`: the answer says that it is not there, and gives none of the rivals.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TypeAlias

MAX_ANSWER_CHARS = 600
ROUNDING = 0.0101
"""How far a decimal answer may be off: half a cent either way on both sides, and the float's own error."""

_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?!\d)")
_FULL_HOUR = re.compile(r"\b(\d{1,2}):00(?::00)?\b")
_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
_ABSENT = re.compile(
    r"\bnot (?:\w+ ){0,4}?(?:found|in the|there|mention|mentioned|present|available|given|stated|listed|exist|contain"
    r"|contained|appear|include|included|recorded|specified|provided|known)\b"
    r"|\b(?:doesn't|does not|isn't|is not|wasn't|was not|aren't|didn't|did not|don't|do not|cannot|can't|couldn't)\b"
    r"|\bno (?:such|information|mention|entry|record|answer|match|matches|value|data|\w+ (?:found|exists|is given))\b"
    r"|\bnot[_ -]?found\b|\b(?:none|nothing|unknown|absent|missing|unanswerable|nowhere|n/a)\b|\bthere is no\b"
)


def normalised(text: str) -> str:
    """Without case, quotes, code and emphasis marks, and surplus space."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return re.sub(r"\s+", " ", re.sub(r"[`*\"“”]", "", plain)).strip()


def numbers_in(text: str) -> list[float]:
    """The numbers of a text in order; small number words count where there are no digits."""
    found = [float(match.replace(",", "")) for match in _NUMBER.findall(text)]
    return found or [float(_WORDS.index(word)) for word in re.findall(r"[a-z]+", text.casefold()) if word in _WORDS]


def says(answer: str, name: str) -> bool:
    """Whether the name stands in the answer as whole words."""
    return re.search(rf"(?<!\w){re.escape(normalised(name))}(?!\w)", normalised(answer)) is not None


def says_absent(answer: str) -> bool:
    """Whether the answer says that what was asked for is not there."""
    return not answer.strip() or _ABSENT.search(normalised(answer)) is not None


def _rivalled(answer: str, question: str, rivals: tuple[str, ...], own: tuple[str, ...]) -> bool:
    rest = normalised(answer)
    for name in sorted(own, key=len, reverse=True):
        rest = rest.replace(normalised(name), " ")
    return any(says(rest, rival) and not says(question, rival) for rival in rivals)


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """One number."""

    value: float
    tolerance: float = 0.0
    """For judged counts: how far off is still right."""

    def accepts(self, answer: str, question: str) -> bool:
        """See the module's rules."""
        if len(answer) > MAX_ANSWER_CHARS:
            return False
        asked = numbers_in(question)
        found = numbers_in(_FULL_HOUR.sub(r"\1", answer))
        candidates = [number for number in found if number not in asked] or found
        allowed = self.tolerance or (0.0 if float(self.value).is_integer() else ROUNDING)
        return bool(candidates) and abs(candidates[-1] - self.value) <= allowed

    def __str__(self) -> str:
        return f"{self.value:.0f}" if float(self.value).is_integer() else f"{self.value:.2f}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Name:
    """One name, code, word or other piece of text."""

    value: str
    rivals: tuple[str, ...] = ()
    """Wrong answers that must not stand beside the right one."""

    def accepts(self, answer: str, question: str) -> bool:
        """See the module's rules."""
        fits = len(answer) <= MAX_ANSWER_CHARS and says(answer, self.value)
        return fits and not _rivalled(answer, question, self.rivals, (self.value,))

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """Several names."""

    values: tuple[str, ...]
    rivals: tuple[str, ...] = ()
    ordered: bool = False

    def accepts(self, answer: str, question: str) -> bool:
        """See the module's rules."""
        if len(answer) > MAX_ANSWER_CHARS or not all(says(answer, value) for value in self.values):
            return False
        text = normalised(answer)
        places = [text.index(normalised(value)) for value in self.values]
        in_order = not self.ordered or places == sorted(places)
        return in_order and not _rivalled(answer, question, self.rivals, self.values)

    def __str__(self) -> str:
        return ", ".join(self.values)


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """Items chosen by a judgement; scored by F1 against those expected."""

    values: tuple[str, ...]
    others: tuple[str, ...]
    threshold: float = 0.8

    def accepts(self, answer: str, question: str) -> bool:
        """See the module's rules."""
        if len(answer) > MAX_ANSWER_CHARS:
            return False
        right = sum(says(answer, value) for value in self.values)
        wrong = sum(says(answer, value) for value in self.others)
        return 2 * right / (right + wrong + len(self.values)) >= self.threshold

    def __str__(self) -> str:
        return ", ".join(self.values)


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A number for each label."""

    rows: tuple[tuple[str, int], ...]

    def accepts(self, answer: str, question: str) -> bool:
        """See the module's rules."""
        if len(answer) > MAX_ANSWER_CHARS:
            return False
        text = normalised(answer)
        return all(self._row_said(text, label, number) for label, number in self.rows)

    @staticmethod
    def _row_said(text: str, label: str, number: int) -> bool:
        after = re.search(rf"(?<!\w){re.escape(normalised(label))}(?!\w)\D*?([\d,]*\d)", text)
        return after is not None and int(after.group(1).replace(",", "")) == number

    def __str__(self) -> str:
        return ", ".join(f"{label}: {number}" for label, number in self.rows)


@dataclass(frozen=True, kw_only=True, slots=True)
class NotThere:
    """The context does not hold what is asked for."""

    rivals: tuple[str, ...] = ()
    """Near misses: naming one as the answer is wrong."""

    def accepts(self, answer: str, question: str) -> bool:
        """See the module's rules."""
        if len(answer) > MAX_ANSWER_CHARS:
            return False
        return says_absent(answer) and not _rivalled(answer, question, self.rivals, ())

    def __str__(self) -> str:
        return "(not there)"


Expected: TypeAlias = Number | Name | Names | Chosen | Table | NotThere
