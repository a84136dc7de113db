"""Which families are for development and which are looked at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from greatwheel.bench.longcontext.families.dev import DEV_GENERATORS
from greatwheel.bench.longcontext.families.held_out.registry import HELD_OUT_GENERATORS
from greatwheel.bench.longcontext.task import BenchTask, Generator
from greatwheel.core.errors import BadInput

Split: TypeAlias = Literal["dev", "held_out"]

DEV: tuple[str, ...] = tuple(DEV_GENERATORS)
"""The loop, its prompt and its helpers may be changed after looking at these."""

HELD_OUT: tuple[str, ...] = tuple(HELD_OUT_GENERATORS)
"""Looked at once at the end: whoever works on the loop neither reads these families nor runs them before, and what
their run shows changes nothing but the report."""

JUDGED: frozenset[str] = frozenset({"judge_sentiment", "judge_topic", "judge_language"})
"""Families that need a model's judgement on each item; reported apart."""

SIZES = (100_000, 1_000_000, 300_000, 4_000_000, 2_000_000)
"""Characters; a family's tasks go through them in turn, each family from another start."""

_GENERATORS: Mapping[Split, Mapping[str, Generator]] = {"dev": DEV_GENERATORS, "held_out": HELD_OUT_GENERATORS}


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """A task that is not generated yet."""

    split: Split
    family: str
    seed: int
    size_chars: int

    def generate(self) -> BenchTask:
        """The task itself."""
        return _GENERATORS[self.split][self.family](self.seed, self.size_chars)


def plan(split: Split, per_family: int, families: Sequence[str] = (), first_seed: int = 0) -> Iterator[Planned]:
    """Every family's first task, then every family's second, and so on.

    Raises:
        BadInput: a family that the split does not have.
    """
    names = tuple(_GENERATORS[split])
    if unknown := [name for name in families if name not in names]:
        raise BadInput(f"There is no family {unknown[0]!r} in {split}; it has {', '.join(names)}.")
    for seed in range(first_seed, first_seed + per_family):
        for number, name in enumerate(names):
            if not families or name in families:
                yield Planned(split=split, family=name, seed=seed, size_chars=SIZES[(seed + number) % len(SIZES)])
