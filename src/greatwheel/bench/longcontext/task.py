"""One question over one large context."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from greatwheel.bench.longcontext.scoring import Expected

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Context: TypeAlias = "str | list[str] | dict[str, Json]"
Fact: TypeAlias = "str | int | float"


@dataclass(frozen=True, kw_only=True, slots=True)
class BenchTask:
    """A task with the one right answer, computed from the data that the context was written from."""

    family: str
    seed: int
    question: str
    context: Context
    expected: Expected
    facts: Mapping[str, Fact] = field(default_factory=dict)
    """What the question names (entity, column, date …), so that a solver needs no language to check the answer."""

    def solved_by(self, answer: str) -> bool:
        """Whether the answer is right."""
        return self.expected.accepts(answer, self.question)


Generator: TypeAlias = Callable[[int, int], BenchTask]
"""From a seed and a size in characters to a task; the same arguments always give the same task."""


def as_text(context: Context) -> str:
    """The context as one text, for systems that take nothing else."""
    if isinstance(context, str):
        return context
    if isinstance(context, list):
        return "\n\n".join(context)
    if all(isinstance(value, str) for value in context.values()):
        return "\n\n".join(f"=== {name} ===\n{value}" for name, value in context.items())
    return json.dumps(context, ensure_ascii=False)


def size_of(context: Context) -> int:
    """Characters of the context as text."""
    return len(as_text(context))
