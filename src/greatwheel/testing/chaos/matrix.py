"""The matrix: an undisturbed run shows the points, then each trial is disturbed at one of them."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from greatwheel.database import embedded
from greatwheel.testing.chaos.lane import (
    Disturbance,
    Freeze,
    KillAfter,
    KillAt,
    KillTwice,
    Kind,
    Lane,
    RestartPostgres,
    Undisturbed,
    World,
    opened_lane,
)
from greatwheel.testing.chaos.plan import Hit, Plan, Usual, hits_of, points_of
from greatwheel.testing.chaos.servers import CountingModel, CountingReceiver
from greatwheel.testing.chaos.verdict import Verdict, as_lines, expected_of, judge
from greatwheel.testing.chaos.worker import warm


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
        for disturbance, name in _NAMES.items():
            tried = [verdict for verdict in self.verdicts if isinstance(verdict.trial.disturbance, disturbance)]
            hit = sum(verdict.trial.hits > 0 for verdict in tried)
            yield f"{name:<44}{len(tried):>7}   of which before the task had ended: {hit}"
        kinds = Counter(verdict.trial.kind for verdict in hits)
        told = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        yield f"{'tasks that were disturbed':<44}{len(hits):>7}   {told}"
        yield f"{'points of the undisturbed runs':<44}{self.points:>7}   seed {self.seed}"
        if self.left_out:
            yield f"{'left out for want of time':<44}{self.left_out:>7}"
        yield f"{'host calls of each root task':<44}{min((v.host_calls for v in hits), default=0):>7}"
        for name, attribute in _SUMS.items():
            yield f"{name:<44}{sum(getattr(verdict, attribute) for verdict in self.verdicts):>7}"
        yield f"{'violations':<44}{sum(len(verdict.violations) for verdict in self.verdicts) + self.keyless:>7}"


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
    "of which completed and asked again": "completed_again",
    "texts embedded": "embedded",
    "embeddings completed and asked for again": "embedded_again",
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
            usual = {
                kind: await _undisturbed(lanes[0], kind, Path(name) / f"points-{kind}", world) for kind in plan.kinds
            }
            for each in usual.values():
                report.verdicts.append(judge(each.trial, each.expected, world))
                report.points += len(each.points)
            calm, stormy = hits_of(plan, usual)
            until = time.monotonic() + plan.minutes * 60
            await _try(stormy, lanes[:1], usual, world, report, tell, until)
            await _try(calm, lanes, usual, world, report, tell, until)
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


async def _undisturbed(lane: Lane, kind: Kind, record: Path, world: World) -> Usual:
    trial = await lane.run(kind, Undisturbed(), record)
    points = points_of(await asyncio.to_thread(record.read_text, encoding="utf-8"))
    return Usual(trial=trial, expected=expected_of(trial, world), points=points)


async def _try(
    hits: Iterable[Hit],
    lanes: Sequence[Lane],
    usual: Mapping[Kind, Usual],
    world: World,
    report: Report,
    tell: Callable[[str], None],
    until: float,
) -> None:
    """Each once, in whichever lane is free."""
    left = list(hits)[::-1]
    whole = len(left)

    async def work(lane: Lane) -> None:
        while left and time.monotonic() < until:
            hit = left.pop()
            verdict = judge(await lane.run(hit.kind, hit.disturbance), usual[hit.kind].expected, world)
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
