"""Takes an organisation's secrets out of what comes from outside: results, errors, log lines.

A secret is found as it is, with up to two escapes (percent-encoding, JSON, HTML) one within the other, and as base64
(at any place in a longer text) or hexadecimal digits of each of these. A server that scrambles it in another way is not
met: give secrets only to servers that you trust.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

_ESCAPE = re.compile(r"%[0-9A-F]{2}")


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
        for form, marker in self._longest_first:
            text = text.replace(form, marker)  # far quicker than one pattern of all forms
        return text

    def value(self, value: Any) -> Any:
        """The same for all texts in a value of lists, tuples and dicts, keys included."""
        match value:
            case str():
                return self.text(value)
            case bytes():
                # Latin-1 maps each byte to one character and back.
                return self.text(value.decode("latin-1")).encode("latin-1", errors="replace")
            case Mapping():
                return {self.value(key): self.value(item) for key, item in value.items()}
            case list():
                return [self.value(item) for item in value]
            case tuple():
                return tuple(self.value(item) for item in value)
            case _:
                return value


def _forms(value: str) -> Iterator[str]:
    """Each spelling in which a server may send it back, most of which are the same for an ordinary key."""
    once = set(_escaped(value))
    spellings = {value} | once | {twice for text in once for twice in _escaped(text)}
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


def _base64_forms(raw: bytes) -> Iterator[str]:
    """Its characters that do not depend on what stands before and after, for each of the three alignments."""
    for before, unsure in ((0, 0), (1, 2), (2, 3)):
        encoded = base64.b64encode(bytes(before) + raw)
        whole = encoded.rstrip(b"=")
        if len(whole) < len(encoded):
            whole = whole[:-1]  # it also holds bits of what comes next
        for form in (whole, whole.replace(b"+", b"-").replace(b"/", b"_")):
            yield form[unsure:].decode()
