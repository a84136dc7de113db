"""The matrix: an undisturbed run shows the points, then each trial is disturbed at one of them."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

import psycopg

from greatwheel.database import embedded
from greatwheel.testing.chaos.lane import (
    Disturbance,
    Freeze,
    KillAfter,
    KillAt,
    KillTwice,
    Lane,
    RestartPostgres,
    Undisturbed,
    World,
    opened_lane,
)
from greatwheel.testing.chaos.points import TAKEOVER, Point, Side
from greatwheel.testing.chaos.servers import CountingModel, CountingReceiver
from greatwheel.testing.chaos.verdict import Expected, Verdict, as_lines, expected_of, judge
from greatwheel.testing.chaos.worker import TIMES, warm


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is to be tried."""

    lanes: int = 3
    """Tasks that are disturbed at the same time, each in a database of its own."""
    share: float = 1.0
    """Of the points; less than 1 takes some by chance."""
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
    only: Sequence[Disturbance] = ()
    """These alone."""


@dataclass(kw_only=True, slots=True)
class Report:
    """What was tried, and what came of it."""

    seed: int
    points: int = 0
    left_out: int = 0
    """Disturbances for which there was no time."""
    verdicts: list[Verdict] = field(default_factory=list)
    keyless: int = 0
    """Model requests without an idempotency key: each would be paid again."""

    @property
    def broken(self) -> bool:
        """Whether anything was lost, paid twice or left over."""
        return self.keyless > 0 or any(verdict.violations for verdict in self.verdicts)

    def lines(self) -> Iterator[str]:
        """The counts."""
        hits = [verdict for verdict in self.verdicts if verdict.trial.hits]
        for kind, name in _NAMES.items():
            tried = [verdict for verdict in self.verdicts if isinstance(verdict.trial.disturbance, kind)]
            hit = sum(verdict.trial.hits > 0 for verdict in tried)
            yield f"{name:<44}{len(tried):>7}   of which before the task had ended: {hit}"
        yield f"{'points of the undisturbed run':<44}{self.points:>7}   seed {self.seed}"
        if self.left_out:
            yield f"{'left out for want of time':<44}{self.left_out:>7}"
        yield f"{'host calls of each root task':<44}{min((v.host_calls for v in hits), default=0):>7}"
        for name, attribute in _SUMS.items():
            yield f"{name:<44}{sum(getattr(verdict, attribute) for verdict in self.verdicts):>7}"
        yield f"{'violations':<44}{sum(len(verdict.violations) for verdict in self.verdicts) + self.keyless:>7}"


SEEN_DEAD_SECONDS = TIMES.stalled_after_seconds
"""For so long nobody knows that the first worker is dead."""
_SIDES: tuple[Side, Side] = ("before", "after")
_NAMES: dict[type[Disturbance], str] = {
    KillAt: "kills at a write",
    KillAfter: "kills at a random moment",
    KillTwice: "two workers killed, one after the other",
    Freeze: "workers frozen for a while",
    RestartPostgres: "restarts of Postgres",
}
_SUMS = {
    "model calls paid, each once": "paid",
    "requests sent again with their key": "sent_again",
    "effects that happened once": "effects",
    "effects in doubt that happened once": "doubts_done",
    "effects in doubt that did not happen": "doubts_undone",
}


async def run(plan: Plan, tell: Callable[[str], None]) -> Report:
    """Try it all; `tell` gets a line for each failure, and now and then one that says how far it is."""
    report = Report(seed=plan.seed)
    with tempfile.TemporaryDirectory(prefix="greatwheel-chaos-", ignore_cleanup_errors=True) as name:
        async with _world(Path(name)) as world, AsyncExitStack() as stack:
            lanes = [
                await stack.enter_async_context(opened_lane(world, Path(name) / f"lane{number}", url))
                for number, url in enumerate(_databases(world.server, plan.lanes))
            ]
            record = Path(name) / "points"
            await lanes[0].run(Undisturbed())  # warms up, so that the next one takes as long as others will
            first = await lanes[0].run(Undisturbed(), record)
            expected = expected_of(first, world)
            report.verdicts.append(judge(first, expected, world))
            points = _points(record)
            report.points = len(points)
            calm, stormy = _disturbances(plan, points, first.seconds)
            until = time.monotonic() + plan.minutes * 60
            await _try(stormy, lanes[:1], expected, world, report, tell, until)
            await _try(calm, lanes, expected, world, report, tell, until)
            report.keyless = world.model.keyless
    return report


@asynccontextmanager
async def _world(folder: Path) -> AsyncIterator[World]:
    await asyncio.to_thread(folder.chmod, 0o755)  # the server's user must get through
    server = await asyncio.to_thread(embedded.start, folder / "postgres")
    try:
        with CountingModel() as model, CountingReceiver() as receiver:
            yield World(workers=warm(), model=model, receiver=receiver, server=server)
    finally:
        await asyncio.to_thread(embedded.stop, server.data)


def _databases(server: embedded.EmbeddedServer, count: int) -> Iterator[str]:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        for number in range(count):
            connection.execute(f"create database lane{number}")
            yield server.url(f"lane{number}")


def _points(record: Path) -> list[Point]:
    """Both sides of each point, in the order in which they were passed."""
    sides: list[Point] = []
    for line in record.read_text(encoding="utf-8").splitlines():
        nth, _, name = line.partition(":")
        sides += [Point(name=name, nth=int(nth), side=side) for side in ("before", "after")]
    return sides


def _disturbances(plan: Plan, points: Sequence[Point], seconds: float) -> tuple[list[Disturbance], list[Disturbance]]:
    """Those that disturb one lane, and those that disturb the server of all."""
    if plan.only:
        stormy = [each for each in plan.only if isinstance(each, RestartPostgres)]
        return [each for each in plan.only if each not in stormy], list(stormy)
    chance = random.Random(plan.seed)
    chosen = [point for point in points if plan.share >= 1 or chance.random() < plan.share]
    calm: list[Disturbance] = [KillAt(point) for point in chosen]
    calm += [KillAfter(chance.uniform(0, seconds)) for _ in range(plan.moments)]
    calm += [KillTwice(chance.uniform(0, seconds), _again(number, chance, seconds)) for number in range(plan.twice)]
    calm += [Freeze(chance.uniform(0.2, 0.9) * seconds) for _ in range(plan.freezes)]
    chance.shuffle(calm)  # so that a run that is stopped early has tried some of each kind
    return calm, [
        RestartPostgres(chance.uniform(0.2, 0.9) * seconds, crash=number % 2 == 1) for number in range(plan.restarts)
    ]


def _again(number: int, chance: random.Random, seconds: float) -> Point | float:
    """Where the second worker dies."""
    if number % 2:
        return chance.uniform(0, seconds) + SEEN_DEAD_SECONDS
    return Point(name=TAKEOVER, nth=1 + number // 4 % 2, side=_SIDES[number // 2 % 2])


async def _try(
    disturbances: Iterable[Disturbance],
    lanes: Sequence[Lane],
    expected: Expected,
    world: World,
    report: Report,
    tell: Callable[[str], None],
    until: float,
) -> None:
    """Each disturbance once, in whichever lane is free."""
    left = list(disturbances)[::-1]
    whole = len(left)

    async def work(lane: Lane) -> None:
        while left and time.monotonic() < until:
            disturbance = left.pop()
            verdict = judge(await lane.run(disturbance), expected, world)
            report.verdicts.append(verdict)
            if verdict.violations:
                for line in as_lines(verdict):
                    tell(line)
            if len(left) % 50 == 0:
                tell(f"{whole - len(left)} of {whole}")

    async with asyncio.TaskGroup() as group:
        for lane in lanes:
            group.create_task(work(lane))
    report.left_out += len(left)
