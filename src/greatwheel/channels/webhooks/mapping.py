"""What of a payload goes into a task: a template for its words, a path for its context.

`{pull_request.title}` stands for what is at that path of the JSON, `{items.0}` for the first of a list; `{{` and `}}`
are braces. A place whose path leads nowhere is empty. There is nothing else in the language: a payload is hostile, and
so nothing of it is looked at twice.
"""

from __future__ import annotations

import re
from typing import Any

from greatwheel.core.errors import BadInput
from greatwheel.tools.templates import as_text

LONGEST_TEMPLATE = 20_000
LONGEST_PLACE = 10_000
"""Characters that one place may become: more than that is context."""
_STEP = r"[\w@$:-]+"
_PATH = re.compile(rf"{_STEP}(?:\.{_STEP})*")
_PLACE = re.compile(rf"\{{\{{|\}}\}}|\{{(?P<path>{_PATH.pattern})\}}|[{{}}]")
_BRACES = {"{{": "{", "}}": "}"}
_MOST_STEPS = 20
_MOST_PLACES = 50
_LONGEST_INDEX = 9


def check_template(template: str) -> None:
    """Go on with a template that can be filled.

    Raises:
        BadInput: it is too long, has too many places, or a brace that is part of none.
    """
    if len(template) > LONGEST_TEMPLATE:
        raise BadInput(f"The template has more than {LONGEST_TEMPLATE:,} characters.")
    places = list(_PLACE.finditer(template))
    if sum(place["path"] is not None for place in places) > _MOST_PLACES:
        raise BadInput(f"The template has more than {_MOST_PLACES} places; the agent gets all of it as its context.")
    for place in places:
        if place["path"] is not None:
            check_path(place["path"])
        elif place[0] not in _BRACES:
            raise BadInput(
                f"The template has a brace at character {place.start() + 1} that is part of no place such as "
                "{pull_request.title}; write {{ or }} for a brace."
            )


def check_path(path: str) -> None:
    """Go on with a path such as `pull_request.body`.

    Raises:
        BadInput: it is none.
    """
    if not _PATH.fullmatch(path) or path.count(".") >= _MOST_STEPS:
        raise BadInput(f"{path[:100]!r} is no path into a payload, such as pull_request.body or items.0.name.")


def fill(template: str, payload: Any) -> str:
    """The template with its places filled: texts as they are, other values as JSON, each cut if it is long."""

    def found(place: re.Match[str]) -> str:
        if place["path"] is None:
            return _BRACES.get(place[0], place[0])
        value = at_path(payload, place["path"])
        return "" if value is None else as_text(value)[:LONGEST_PLACE]

    return _PLACE.sub(found, template)


def at_path(payload: Any, path: str) -> Any:
    """What is there; None when nothing is."""
    value = payload
    for step in path.split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and _is_index(step) and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _is_index(step: str) -> bool:
    return step.isascii() and step.isdecimal() and len(step) <= _LONGEST_INDEX
