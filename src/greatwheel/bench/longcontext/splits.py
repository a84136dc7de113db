"""Which families are for development and which are looked at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from greatwheel.bench.longcontext.families.dev import DEV_GENERATORS
from greatwheel.bench.longcontext.task import BenchTask, Generator

Split: TypeAlias = Literal["dev", "held_out"]

DEV: tuple[str, ...] = tuple(DEV_GENERATORS)
"""The loop, its prompt and its helpers may be changed after looking at these."""

JUDGED: tuple[str, ...] = ("judge_sentiment", "judge_topic")
"""Families that need a model's judgement on each item; reported apart."""

SIZES = (100_000, 1_000_000, 300_000, 4_000_000, 2_000_000)
"""Characters; a family's tasks go through them in turn, each family from another start."""


def generators(split: Split) -> Mapping[str, Generator]:
    """The families of a split, by name."""
    return DEV_GENERATORS


def tasks(split: Split, per_family: int, families: Sequence[str] = (), first_seed: int = 0) -> Iterator[BenchTask]:
    """The tasks of a split, family by family; one task's context is in memory at a time."""
    for number, (name, generate) in enumerate(generators(split).items()):
        if families and name not in families:
            continue
        for seed in range(first_seed, first_seed + per_family):
            yield generate(seed, SIZES[(seed + number) % len(SIZES)])
