"""Takes an organisation's secrets out of what comes from outside: results, errors, log lines.

A secret is found as it is, with up to two escapes (percent-encoding, JSON, HTML) one within the other, as PHP, Go and
.NET escape it in JSON, and as base64 (at any place in a longer text) or hexadecimal digits of each of these. A server
that scrambles it in another way is not met: give secrets only to servers that you trust.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, quote_plus

_ESCAPE = re.compile(r"%[0-9A-F]{2}")
_MOST_BITS = 10_000
"""Python refuses to write much longer integers in decimal digits. No secret has so many."""
_ESCAPED_BY_GO = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&"})
_ESCAPED_BY_NET = re.compile(r"""\\"|\\u[0-9a-f]{4}|[&'+<>`]""")


class Redactor:
    """Replaces each secret by its name in brackets.

    Takes the values by name. The store refuses values so short that they would tear up innocent texts.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        forms = {form: f"[secret {name}]" for name, value in secrets.items() for form in _forms(value) if form}
        self._longest_first = sorted(forms.items(), key=lambda pair: -len(pair[0]))
        self.margin = len(self._longest_first[0][0]) if forms else 0
        """Length of the longest form. Who cuts a text reads this much more, cleans, then cuts: else the cut could
        leave a secret's first half."""

    def text(self, text: str) -> str:
        """The text without the secrets."""
        return _without(self._longest_first, text)

    def value(self, value: Any) -> Any:
        """The same for all texts in a value of lists, tuples and dicts, keys included; also for numbers, as texts."""
        # A hundred thousand short texts would each be searched for all forms: most values have none of them.
        everything = "\0".join(_texts(value))
        found = [(form, marker) for form, marker in self._longest_first if form in everything]
        return _Cleaning(found).of(value) if found else value


class _Cleaning:
    """Takes those forms out of values."""

    def __init__(self, forms: Sequence[tuple[str, str]]) -> None:
        self._forms = forms

    def of(self, value: Any) -> Any:
        match value:
            case str():
                return _without(self._forms, value)
            case bytes():
                return _without(self._forms, _as_text(value)).encode("latin-1", errors="replace")
            case Mapping():
                return {self.of(key): self.of(item) for key, item in value.items()}
            case list():
                return [self.of(item) for item in value]
            case tuple():
                return tuple(self.of(item) for item in value)
            case int() | float():
                cleaned = _without(self._forms, _as_text(value))
                return value if cleaned == _as_text(value) else cleaned
            case _:
                return value


def _without(forms: Sequence[tuple[str, str]], text: str) -> str:
    for form, marker in forms:
        text = text.replace(form, marker)  # far quicker than one pattern of all forms
    return text


def _texts(value: Any) -> Iterator[str]:
    """All that can hold a secret, at any depth."""
    left = [value]
    while left:
        match left.pop():
            case Mapping() as inner:
                left += [*inner.keys(), *inner.values()]
            case list() | tuple() as inner:
                left += inner
            case inner:
                yield _as_text(inner)


def _as_text(value: Any) -> str:
    """What is searched of a value that has no parts."""
    match value:
        case str():
            return value
        case bytes():
            return value.decode("latin-1")  # which maps each byte to one character and back
        case bool():
            return ""
        case int() if value.bit_length() <= _MOST_BITS:
            return str(value)
        case float():
            return repr(value)
        case _:
            return ""


def _forms(value: str) -> Iterator[str]:
    """Each spelling in which a server may send it back, most of which are the same for an ordinary key."""
    once = set(_escaped(value))
    spellings = {value, *_json_of_others(value)} | once | {twice for text in once for twice in _escaped(text)}
    as_header = value.encode().decode("latin-1")  # how servers read a header
    spellings |= {as_header, *_escaped(as_header)}
    for text in spellings:
        raw = text.encode()
        yield text
        yield raw.decode("latin-1")  # as `Redactor.value` reads bytes
        yield raw.hex()
        yield raw.hex().upper()
        yield from _base64_forms(raw)


def _escaped(text: str) -> Iterator[str]:
    for quoted in (quote(text, safe=""), quote(text), quote_plus(text)):
        yield quoted
        yield _ESCAPE.sub(lambda found: found[0].lower(), quoted)
    for ascii_only in (True, False):
        yield json.dumps(text, ensure_ascii=ascii_only)[1:-1]
    yield html.escape(text)
    yield html.escape(text, quote=False)


def _json_of_others(text: str) -> Iterator[str]:
    """As other languages than Python write it in JSON."""
    plain, ascii_only = json.dumps(text, ensure_ascii=False)[1:-1], json.dumps(text)[1:-1]
    yield ascii_only.replace("/", r"\/")  # PHP
    yield plain.replace("/", r"\/")
    yield plain.translate(_ESCAPED_BY_GO)
    yield _ESCAPED_BY_NET.sub(_net_escape, ascii_only)


def _net_escape(found: re.Match[str]) -> str:
    return f"\\u{found[0][2:].upper() or f'{ord(found[0][-1]):04X}'}"


def _base64_forms(raw: bytes) -> Iterator[str]:
    """Its characters that do not depend on what stands before and after, for each of the three alignments."""
    for before, unsure in ((0, 0), (1, 2), (2, 3)):
        encoded = base64.b64encode(bytes(before) + raw)
        whole = encoded.rstrip(b"=")
        if len(whole) < len(encoded):
            whole = whole[:-1]  # it also holds bits of what comes next
        for form in (whole, whole.replace(b"+", b"-").replace(b"/", b"_")):
            yield form[unsure:].decode()
