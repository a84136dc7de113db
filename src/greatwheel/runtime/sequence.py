"""Questions for the last record of a kind before an event, or the first after it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PLACES = r"last|latest|first|earliest|next|previous|nearest|closest|newest|oldest|most recent"
_NEAR = r"just|right|immediately|directly|shortly|straight"
_AFTER_PLACE = re.compile(rf"\b(?:{_PLACES})\b.*?\b(before|after|following|preceding)\b", re.IGNORECASE | re.DOTALL)
_TURNED = re.compile(
    rf"\b(before|after|following|preceding)\b(.*?)[,:;](.*?\b(?:{_PLACES})\b.*)", re.IGNORECASE | re.DOTALL
)
_NEAR_TURNED = re.compile(rf"\b(?:{_NEAR}) (before|after)\b(.*?)[,:;](.*)", re.IGNORECASE | re.DOTALL)
_NEAR_PLAIN = re.compile(rf"\b(?:{_NEAR}) (before|after)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """`the last A before B`, `after B, the first A`, `right after B, A`."""

    kind: str
    """The words about A."""
    event: str
    """The words about B."""
    earlier: bool
    """A stands before B."""


def order_in(question: str) -> Order | None:
    """The order that a question asks about, or None."""
    for pattern in (_NEAR_TURNED, _TURNED):
        if found := pattern.search(question):
            return Order(kind=found[3], event=found[2], earlier=_is_earlier(found[1]))
    for pattern in (_AFTER_PLACE, _NEAR_PLAIN):
        if found := pattern.search(question):
            return Order(kind=question[: found.start(1)], event=question[found.end() :], earlier=_is_earlier(found[1]))
    return None


def _is_earlier(word: str) -> bool:
    return word.lower() in ("before", "preceding")
