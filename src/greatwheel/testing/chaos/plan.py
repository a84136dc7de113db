"""What is tried: which kind of task, and how it is disturbed. Decided from the undisturbed runs; no I/O."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from greatwheel.testing.chaos.lane import (
    KINDS,
    Disturbance,
    Freeze,
    KillAfter,
    KillAt,
    KillTwice,
    Kind,
    RestartPostgres,
    Trial,
)
from greatwheel.testing.chaos.points import TAKEOVER, Point, Side
from greatwheel.testing.chaos.verdict import Expected
from greatwheel.testing.chaos.worker import TIMES

SEEN_DEAD_SECONDS = TIMES.stalled_after_seconds
"""For so long nobody knows that the first worker is dead."""
_SIDES: tuple[Side, Side] = ("before", "after")


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is to be tried."""

    lanes: int = 3
    """Tasks that are disturbed at the same time, each in a database of its own."""
    share: float = 1.0
    """Of the points of a task on Monty; less than 1 takes some by chance."""
    others: float = 0.15
    """Of that share, on each other kind of task."""
    moments: int = 100
    """Kills at random moments."""
    twice: int = 40
    """Two workers killed one after the other: every second time the second one while it takes tasks over."""
    restarts: int = 5
    """Restarts of Postgres, at random moments; every second one by force."""
    freezes: int = 10
    """Workers that are taken for dead, at random moments, and go on later."""
    seed: int = 1
    minutes: float = inf
    """What was not tried by then is left out."""
    kinds: Sequence[Kind] = KINDS
    only: Sequence[Disturbance] = ()
    """These alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Usual:
    """How a kind of task goes when nothing happens to it."""

    trial: Trial
    expected: Expected
    points: Sequence[Point]


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A task, and what happens to it."""

    kind: Kind
    disturbance: Disturbance


def points_of(record: str) -> list[Point]:
    """Both sides of each point that a worker wrote down, in the order in which they were passed."""
    points: list[Point] = []
    for line in record.splitlines():
        nth, _, name = line.partition(":")
        points += [Point(name=name, nth=int(nth), side=side) for side in _SIDES]
    return points


def hits_of(plan: Plan, usual: Mapping[Kind, Usual]) -> tuple[list[Hit], list[Hit]]:
    """Those that disturb one lane, and those that disturb the server of all."""
    chance = random.Random(plan.seed)
    hits = list(_ordered(plan) if plan.only else _chosen(plan, usual, chance))
    stormy = [hit for hit in hits if isinstance(hit.disturbance, RestartPostgres)]
    calm = [hit for hit in hits if hit not in stormy]
    if not plan.only:
        chance.shuffle(calm)  # so that a run that is stopped early has tried some of each
    return calm, stormy


def _ordered(plan: Plan) -> Iterator[Hit]:
    for kind in plan.kinds:
        for disturbance in plan.only:
            yield Hit(kind=kind, disturbance=disturbance)


def _chosen(plan: Plan, usual: Mapping[Kind, Usual], chance: random.Random) -> Iterator[Hit]:
    for kind, each in usual.items():
        share = plan.share if kind == KINDS[0] else plan.share * plan.others
        for point in each.points:
            if share >= 1 or chance.random() < share:
                yield Hit(kind=kind, disturbance=KillAt(point))
    for number in range(plan.moments):
        kind, seconds = _turn(usual, number)
        yield Hit(kind=kind, disturbance=KillAfter(chance.uniform(0, seconds)))
    for number in range(plan.twice):
        kind, seconds = _turn(usual, number)
        again = _again(number, chance, seconds)
        yield Hit(kind=kind, disturbance=KillTwice(chance.uniform(0, seconds), again))
    for number in range(plan.freezes):
        kind, seconds = _turn(usual, number)
        yield Hit(kind=kind, disturbance=Freeze(chance.uniform(0.2, 0.9) * seconds))
    for number in range(plan.restarts):
        kind, seconds = _turn(usual, number)
        when = chance.uniform(0.2, 0.9) * seconds
        yield Hit(kind=kind, disturbance=RestartPostgres(when, crash=number % 2 == 1))


def _turn(usual: Mapping[Kind, Usual], number: int) -> tuple[Kind, float]:
    """The kinds take turns; with how long such a task takes."""
    kind = list(usual)[number % len(usual)]
    return kind, usual[kind].trial.seconds


def _again(number: int, chance: random.Random, seconds: float) -> Point | float:
    """Where the second worker dies."""
    if number % 2:
        return chance.uniform(0, seconds) + SEEN_DEAD_SECONDS
    return Point(name=TAKEOVER, nth=1 + number // 4 % 2, side=_SIDES[number // 2 % 2])
