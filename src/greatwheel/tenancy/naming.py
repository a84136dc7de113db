"""What things of a tenant may be called."""

from __future__ import annotations

import re

from greatwheel.core.errors import BadInput

_NAME = re.compile(r"[\w.@+-][\w.@+ -]{0,98}[\w.@+-]|[\w.@+-]")


def parse_name(what: str, name: str) -> str:
    """The name, checked: 1 to 100 letters, digits, spaces and any of `_ . @ + -`.

    Raises:
        BadInput: it is anything else.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"{name!r} can't name {_article(what)} {what}: use up to 100 letters, digits, spaces or _ . @ + -"
        )
    return name


def _article(word: str) -> str:
    return "an" if word[0] in "aeo" else "a"
