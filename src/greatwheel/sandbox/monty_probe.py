"""Trusted code that the Monty adapter runs in a guest to look at its variables without running the guest's code.

The functions are defined when a session is opened, before any guest code, and keep the built-ins in a closure, so
that a guest that redefines `len` or `type` changes nothing. Their names hold a random token.
"""

from __future__ import annotations

from typing import Any

from greatwheel.sandbox.port import PREVIEW_CHARS, Variable

_SOURCE = """
def TOKEN_make(type, len, isinstance, str, bytes, int, float, bool, list, tuple, set, frozenset, dict, id):
    portable = [str, bytes, int, float, bool, type(None)]
    nested = [list, tuple, set, frozenset, dict]
    def tell(x, depth):
        kind = type(x)
        name = kind.__name__
        if type(name) is not str or len(name) > 100:
            name = 'object'
        if kind is str or kind is bytes:
            n = len(x)
            return [name, n, 'whole', x] if n <= 200 else [name, n, 'ends', x[:120], x[-80:]]
        if kind is int:
            return [name, None, 'whole', x] if -10**60 < x < 10**60 else [name, None, 'large']
        if kind in portable:
            return [name, None, 'whole', x]
        if not isinstance(x, (list, tuple, set, frozenset, dict)):
            return [name, None, 'opaque']
        items = []
        if depth:
            for y in x:
                if len(items) == 12:
                    break
                items.append([tell(y, depth - 1), tell(x[y], depth - 1)] if isinstance(x, dict) else tell(y, depth - 1))
        return [name, len(x), 'pairs' if isinstance(x, dict) else 'items', items]
    def stranger(x, texts):
        found = 0
        seen = {0}
        stack = [x]
        while stack:
            y = stack.pop()
            kind = type(y)
            if kind is str and y in texts:
                found += 1
            if kind in portable:
                continue
            if kind not in nested:
                return [kind.__name__, found]
            if id(y) in seen:
                continue
            seen.add(id(y))
            for z in y:
                stack.append(z)
                if kind is dict:
                    stack.append(y[z])
        return ['', found]
    return tell, stranger
TOKEN_tell, TOKEN_stranger = TOKEN_make(
    type, len, isinstance, str, bytes, int, float, bool, list, tuple, set, frozenset, dict, id)
TOKEN_make = None
"""

_MARKS = {"list": "[]", "tuple": "()", "set": "{}", "frozenset": "{}", "dict": "{}"}


def preparing(token: str) -> str:
    """The block that defines the probe."""
    return _SOURCE.replace("TOKEN", token)


def describing(token: str, names: list[str]) -> str:
    """The block whose value is `[[name, told], …]` of those names that are bound."""
    lines = [f"{token}_out = []"]
    for name in names:
        lines += ["try:", f"    {token}_out.append([{name!r}, {token}_tell({name}, 2)])", "except:", "    pass"]
    return "\n".join([*lines, f"{token}_out"])


def getting(token: str, name: str) -> str:
    """The block whose value is `(type's name, value)`."""
    return f"({token}_tell({name}, 0)[0], {name})"


def doubting(token: str, name: str, texts: list[str]) -> str:
    """The block whose value is `[name of the first type in a variable's value that can't cross or '', number]`,
    the number being that of the strings in it that are among the texts."""
    return f"{token}_stranger({name}, {texts!r})"


def variable(name: str, told: Any) -> Variable:
    """What is told of a variable, as the port gives it; the guest is not trusted to have told the truth."""
    kind, size = _type_and_size(told)
    preview = _preview(told)
    if len(preview) > PREVIEW_CHARS:
        preview = f"{preview[: PREVIEW_CHARS - 81]}…{preview[-80:]}" if kind in ("str", "bytes") else _cut(preview)
    return Variable(name=name, type=kind, size=size, preview=preview)


def _cut(text: str) -> str:
    return text[: PREVIEW_CHARS - 1] + "…"


def _type_and_size(told: Any) -> tuple[str, int | None]:
    match told:
        case [str(kind), int() | None as size, *_]:
            return kind[:100], size
    return "object", None


def _preview(told: Any) -> str:
    match told:
        case [_, _, "whole", value]:
            return repr(value)
        case [_, _, "ends", start, end]:
            return f"{repr(start)[:-1]}…{repr(end)[2 if isinstance(end, bytes) else 1 :]}"
        case [_, _, "large"]:
            return "an int of more than 60 digits"
        case [str(kind), int(size), "pairs", list(pairs)]:
            parts = [f"{_preview(pair[0])}: {_preview(pair[1])}" for pair in pairs]
            return _container(kind, parts, size)
        case [str(kind), int(size), "items", list(items)]:
            return _container(kind, [_preview(item) for item in items], size)
        case [str(kind), *_]:
            return f"<{kind[:100]}>"
    return "<object>"


def _container(kind: str, parts: list[str], size: int) -> str:
    if size > len(parts):
        parts = [*parts, "…"]
    inside = ", ".join(parts)
    if kind == "tuple" and size == 1:
        inside += ","
    marks = _MARKS.get(kind)
    if kind in ("set", "frozenset") and not size:
        return f"{kind}()"
    return f"{marks[0]}{inside}{marks[1]}" if marks else f"{kind[:100]}({inside})"
