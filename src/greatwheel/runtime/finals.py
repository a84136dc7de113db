"""Whether a final answer can stand: what can be checked for free is checked."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from greatwheel.runtime.shown import shown

Doubt: TypeAlias = Literal[
    "empty", "not_found", "nothing_matched", "not_in_data", "not_computed", "not_a_value", "too_long", "from_question"
]

NOT_FOUND = re.compile(
    r"\b(not found|not (?:there|present|mentioned|available|stated|given|in the (?:data|text|context))"
    r"|no (?:answer|match|matches|information|such|mention|data|record)|unknown|none found"
    r"|does ?n[o']t (?:say|exist|mention|contain))\b",
    re.IGNORECASE,
)
_EMPTY = re.compile(
    r"^\W*(?:nothing(?: was)? printed|none|null|n/a|answer|your answer|todo|\.\.\.|)\W*$", re.IGNORECASE
)
_OBJECT = re.compile(r"<(?:function|generator|class|built-in|module|bound method|\w+ object)\b|^<\w+ .*>$")
LONG_ANSWER = 1200
LONGEST_EMPTY = 60
"""A longer answer says something; the pattern takes quadratic time on rows of signs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Final:
    """A call of FINAL."""

    text: str
    """The answer as text."""
    typed_in: bool
    """The model wrote it as a literal, so no code computed it."""
    counted: bool = False
    """The question asks for a count, which only code can give."""
    repeats: bool = False
    """All of its words are the question's, which offers no choice."""


def as_text(value: Any) -> str:
    """An answer as people read it: floats without rounding noise, lists and dicts without quotes.

    `[("a", 2), ("b", 1)]` is `a: 2, b: 1`; `["x", "y"]` is `x, y`.
    """
    try:
        return _as_text(value)
    except (ValueError, RecursionError):
        return shown(value)


def _as_text(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        rounded = round(value, 6)
        return str(int(rounded)) if rounded == int(rounded) and abs(rounded) < 1e15 else repr(rounded)
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, Mapping):
        return ", ".join(f"{_as_text(key)}: {_as_text(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value, key=str) if isinstance(value, (set, frozenset)) else list(value)
        if items and all(isinstance(item, (list, tuple)) and len(item) == 2 for item in items):
            return ", ".join(f"{_as_text(key)}: {_as_text(item)}" for key, item in items)
        return ", ".join(_as_text(item) for item in items)
    return str(value)


def doubt(final: Final, *, value: Any, seen: str, in_data: bool) -> Doubt | None:
    """Why an answer should be questioned, or None.

    `seen` is everything the model was shown, `in_data` whether the answer's text occurs in the context.
    """
    text = final.text
    if len(text) <= LONGEST_EMPTY and _EMPTY.match(text):
        return "nothing_matched" if isinstance(value, (list, dict, tuple, set)) else "empty"
    if _OBJECT.search(text):
        return "not_a_value"
    if NOT_FOUND.search(text) and len(text) < 200:
        return "not_found"
    if value == 0 and not isinstance(value, bool):
        return "nothing_matched"
    if len(text) > LONG_ANSWER:
        return "too_long"
    if final.typed_in and final.repeats:
        return "from_question"
    if final.typed_in and final.counted:
        return "not_computed"
    if final.typed_in and not in_data and not _shown(text, seen):
        return "not_in_data"
    return None


_CHOICE = re.compile(
    r"\b(?:or|whether|true or false)\b|^\W*(?:is|are|was|were|do|does|did|has|have|can|could|will|should)\b",
    re.IGNORECASE,
)


def repeats(text: str, question: str) -> bool:
    """Whether an answer says nothing but words of the question, where it asks for no choice among them."""
    said = re.findall(r"\w+", text.lower())
    own = set(re.findall(r"\w+", question.lower()))
    return bool(said) and len(text) < LONGEST_EMPTY and own.issuperset(said) and _CHOICE.search(question) is None


def _shown(text: str, seen: str) -> bool:
    """Whether each figure and name of a typed answer was in something the model was shown."""
    low = seen.lower()
    if text.lower() in low:
        return True
    words = re.findall(r"\d[\d.,]*\d|\d|[A-Z][\w-]+", text)
    return bool(words) and all(word.lower() in low for word in words)


def occurs(text: str, context: Any) -> bool:
    """Whether an answer's text occurs in the context, case aside."""
    if not text or len(text) > 500:
        return False
    low = text.lower()
    if isinstance(context, str):
        return low in context.lower()
    if isinstance(context, Mapping):
        return any(low in str(key).lower() or occurs(text, item) for key, item in context.items())
    if isinstance(context, (list, tuple)):
        return any(occurs(text, item) for item in context)
    return low == json.dumps(context).lower().strip('"')
