"""Templates of requests: `{name}` stands for an argument, `{secret:NAME}` for an organisation's secret.

A template is filled in one pass, so an argument that reads `{secret:NAME}` stays what it is. `{{` and `}}` are braces.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

_PLACE = re.compile(r"\{\{|\}\}|\{(?P<secret>secret:)?(?P<name>[A-Za-z_]\w*)\}")
_HOST_PART = re.compile(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]")
_MISSING = object()
_BRACES = {"{{": "{", "}}": "}"}


def names_in(template: Any) -> tuple[set[str], set[str]]:
    """The arguments and the secrets that a template names, at any depth of lists and tables."""
    arguments: set[str] = set()
    secrets: set[str] = set()
    for text in _texts(template):
        for place in _PLACE.finditer(text):
            if place["name"]:
                (secrets if place["secret"] else arguments).add(place["name"])
    return arguments, secrets


def fill_text(template: str, arguments: Mapping[str, Any], secrets: Mapping[str, str]) -> str:
    """The template with its places filled; an argument that was left out is empty."""
    return _fill(template, arguments, secrets, lambda text: text)


def fill_host(template: str, arguments: Mapping[str, Any]) -> str:
    """The same for the host of a URL: what is filled in is a name, an address, a part of one, or a port.

    Raises:
        ValueError: an argument has what could begin another part of the URL, such as a port.
    """

    def part(text: str) -> str:
        if not _HOST_PART.fullmatch(text):
            raise ValueError(f"{text[:100]!r} can't stand in the host of a request")
        return text

    return _fill(template, arguments, {}, part).lower()


def fill_path(template: str, arguments: Mapping[str, Any], secrets: Mapping[str, str]) -> str:
    """The same for the path of a URL: what is filled in stays within its segment.

    Raises:
        ValueError: an argument is empty, or a segment becomes `.` or `..`, which would lead elsewhere.
    """

    def segment(text: str) -> str:
        if not text:
            raise ValueError("an empty text can't stand in the address of a request")
        return quote(text, safe="")

    path = _fill(template, arguments, secrets, segment)
    if not {".", ".."}.isdisjoint(path.split("/")):
        raise ValueError("'.' and '..' can't stand in the address of a request")
    return quote(path, safe="/%:@!$&'()*+,;=~")


def fill_header(template: str, arguments: Mapping[str, Any], secrets: Mapping[str, str]) -> str:
    """The same for a header, without blanks around it, which no header can have.

    Raises:
        ValueError: it would have a line break or another control character.
    """
    text = fill_text(template, arguments, secrets).strip(" ")
    if not text.isprintable():
        raise ValueError("a header of a request can't have line breaks or control characters")
    return text


def fill_value(template: Any, arguments: Mapping[str, Any], secrets: Mapping[str, str]) -> Any:
    """The same for a body: a text that is one place alone becomes the argument with its type.

    Parts whose argument was left out are left out too; None when that is all.
    """
    filled = _fill_parts(template, arguments, secrets)
    return None if filled is _MISSING else filled


def as_text(value: Any) -> str:
    """An argument within a text: texts as they are, others as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _fill_parts(template: Any, arguments: Mapping[str, Any], secrets: Mapping[str, str]) -> Any:
    match template:
        case str():
            alone = _PLACE.fullmatch(template)
            if alone and alone["name"] and not alone["secret"]:
                return arguments.get(alone["name"], _MISSING)
            return fill_text(template, arguments, secrets)
        case Mapping():
            filled = {key: _fill_parts(item, arguments, secrets) for key, item in template.items()}
            return {key: item for key, item in filled.items() if item is not _MISSING}
        case list():
            items = [_fill_parts(item, arguments, secrets) for item in template]
            return [item for item in items if item is not _MISSING]
        case _:
            return template


def _fill(template: str, arguments: Mapping[str, Any], secrets: Mapping[str, str], quoted: Callable[[str], str]) -> str:
    def found(place: re.Match[str]) -> str:
        if place["name"] is None:
            return _BRACES[place[0]]
        if place["secret"]:
            return quoted(secrets[place["name"]])
        return quoted(as_text(arguments.get(place["name"], "")))

    return _PLACE.sub(found, template)


def _texts(template: Any) -> Iterator[str]:
    match template:
        case str():
            yield template
        case Mapping():
            for item in template.values():
                yield from _texts(item)
        case list():
            for item in template:
                yield from _texts(item)
        case _:
            return
