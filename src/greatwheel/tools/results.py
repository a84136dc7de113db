"""What a tool gives, made fit for an agent: cleaned of secrets, not too long, not too deep, and texts that are texts.

An effect was done when it gave something, so what is wrong with that costs it its shape and is no error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from greatwheel.core.errors import ToolFailed
from greatwheel.tenancy.redaction import Redactor
from greatwheel.tools.doubt import unanswered
from greatwheel.tools.port import ToolSpec

DEEPEST = 50
"""Lists and dicts within each other: each engine takes so many."""


def passed_on(spec: ToolSpec, result: Any, redactor: Redactor) -> Any:
    """What the agent gets of a tool's result.

    Raises:
        ToolFailed: it is too long or too deep, and comes from a read.
        InDoubt: it is no value of JSON's types, and comes from an effect.
    """
    try:
        result = redactor.value(result)
        text = json.dumps(result, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise unanswered(spec.kind, f"tool.{spec.name} gave a value that is not of JSON's types: {error}") from None
    if not text.isascii():
        clean = text.encode(errors="replace").decode()  # without halves of surrogate pairs, which no sandbox takes
        text, result = clean, result if clean == text else json.loads(clean)
    if isinstance(result, str):
        return _cut(spec, result)
    wrong = _wrong(spec, result, text)
    if wrong and spec.kind == "read":
        raise ToolFailed(f"tool.{spec.name}: the result {wrong}.")
    return _cut(spec, text) if wrong else result


def _wrong(spec: ToolSpec, result: Any, text: str) -> str:
    if len(text) > spec.max_result_chars:
        return f"has {len(text):,} characters and at most {spec.max_result_chars:,} are passed on"
    if _is_deep(result):
        return f"has more than {DEEPEST} lists and dicts within each other"
    return ""


def _cut(spec: ToolSpec, text: str) -> str:
    if len(text) <= spec.max_result_chars:
        return text
    return f"{text[: spec.max_result_chars]}\n[cut: the result has {len(text):,} characters]"


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for each in level
            if isinstance(each, Mapping | list | tuple)
            for inner in (each.values() if isinstance(each, Mapping) else each)
        ]
    return bool(level)
