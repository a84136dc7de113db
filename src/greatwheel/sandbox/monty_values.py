"""Values on their way into and out of a Monty guest.

Monty gives what it can't convert as a text such as `<function 'f' at 0x1>` or `[...]`; such texts are doubted here.
Sharing is kept by Monty, so a small guest value may stand for an endless tree: the weight is that of the tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from pydantic_monty import MontyClassProxy

from greatwheel.core.errors import ValueNotPortable
from greatwheel.sandbox.port import Record

MAX_DEPTH = 200
"""The deepest nesting that crosses."""
MAX_WEIGHT = 512 * 1024 * 1024
"""Characters, bytes and eight for each item: the heaviest value that crosses."""

_DOUBTFUL = re.compile(r"<[^<>\n]{1,200}(?:<[^<>\n]{0,200}>[^<>\n]{0,200})?>|\[\.\.\.\]|\{\.\.\.\}|\(\.\.\.\)|\.\.\.")
_PLAIN = frozenset({type(None), bool, int, float})
_SEQUENCES = (list, tuple, set, frozenset)


def check_portable(value: Any) -> None:
    """Whether a host value may enter a guest.

    Raises:
        ValueNotPortable: it is, or holds, something else than the port's kinds of value.
    """
    _Scale(leaf=_check_host_leaf).weigh(value)


def from_guest(value: Any, doubt: Callable[[str], None]) -> Any:
    """A guest's value as the port gives it; `doubt` is called with each text that may stand for something else.

    Raises:
        ValueNotPortable: it is, or holds, something that can't leave.
    """
    scale = _Scale(leaf=lambda leaf: _check_guest_leaf(leaf, doubt))
    scale.weigh(value)
    return _rebuild(value, {}) if scale.foreign else value


def refuse_doubtful(text: str) -> None:
    """The strictest doubt: such a text is taken for the thing that it names."""
    raise ValueNotPortable(f"{text[:80]} can't leave the sandbox; pass text, numbers, lists, sets or dicts.")


class _Scale:
    """Weighs a value as a tree, visiting shared parts once."""

    def __init__(self, leaf: Callable[[Any], int]) -> None:
        self.leaf = leaf
        self.foreign = False
        self.weights: dict[int, int] = {}

    def weigh(self, value: Any, depth: int = 0) -> int:
        kind = type(value)
        if kind in _PLAIN:
            return 8
        if kind in _SEQUENCES:
            return self.whole(value, value, depth)
        if kind is dict:
            return self.whole(value, (part for item in value.items() for part in item), depth)
        fields = fields_of(value)
        if fields is not None:
            self.foreign = True
            return self.whole(value, fields.values(), depth)
        return 8 + self.leaf(value)

    def whole(self, value: Any, parts: Iterable[Any], depth: int) -> int:
        known = self.weights.get(id(value))
        if known is not None:
            return known
        if depth >= MAX_DEPTH:
            raise ValueNotPortable(f"The value is nested deeper than {MAX_DEPTH} levels, or contains itself.")
        weight = 8
        for part in parts:
            weight += 8 if type(part) in _PLAIN else self.weigh(part, depth + 1)
        if weight > MAX_WEIGHT:
            raise ValueNotPortable("The value is larger than 512 MiB once written out.")
        self.weights[id(value)] = weight
        return weight


def fields_of(value: Any) -> dict[str, Any] | None:
    """The fields of a guest's dataclass or named tuple."""
    if isinstance(value, MontyClassProxy):
        return value.attributes if value.is_dataclass else None
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return dict(value._asdict())
    return None


def _check_text(text: str) -> int:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueNotPortable("A str with lone surrogates is no text; remove or replace them.") from None
    return len(text)


def _check_host_leaf(value: Any) -> int:
    if type(value) is str:
        return _check_text(value)
    if type(value) is bytes:
        return len(value)
    raise ValueNotPortable(f"A {_name(type(value))} can't enter the sandbox; use text, numbers, lists, sets or dicts.")


def _check_guest_leaf(value: Any, doubt: Callable[[str], None]) -> int:
    if type(value) is str:
        if len(value) < 1000 and _DOUBTFUL.fullmatch(value):
            doubt(value)
        return len(value)
    if type(value) is bytes:
        return len(value)
    raise ValueNotPortable(f"A {_name(value)} can't leave the sandbox; use text, numbers, lists, sets or dicts.")


def _name(value: Any) -> str:
    if isinstance(value, MontyClassProxy):
        return f"{value.name} object"
    return value.__name__ if isinstance(value, type) else type(value).__name__


def _rebuild(value: Any, done: dict[int, Any]) -> Any:
    """A copy in which guest instances are Records; shared parts stay shared."""
    if type(value) in _PLAIN or type(value) in (str, bytes):
        return value
    if id(value) not in done:
        fields = fields_of(value)
        if fields is not None:
            name = value.name if isinstance(value, MontyClassProxy) else type(value).__name__
            done[id(value)] = Record(type=name, fields={k: _rebuild(v, done) for k, v in fields.items()})
        elif type(value) is dict:
            done[id(value)] = {_rebuild(k, done): _rebuild(v, done) for k, v in value.items()}
        else:
            done[id(value)] = type(value)(_rebuild(part, done) for part in value)
    return done[id(value)]
