"""One whole measurement: a worker process, sessions that wait, answers, and further tasks of evicted sessions."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.context import SpawnProcess
from pathlib import Path

from greatwheel.bench.waiting.figures import Figures, Resident, Spread
from greatwheel.bench.waiting.machine import resident
from greatwheel.bench.waiting.office import Office, opened_office
from greatwheel.bench.waiting.worker import WorkerOrder, run_worker
from greatwheel.core.ids import TaskId
from greatwheel.server.assembly import opened
from greatwheel.server.settings import Settings

STAGES = 4
MARKS = "marks.txt"
REPLY_SECONDS = 0.1
RESUME_SECONDS = 0.02
_STOP_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How much is measured."""

    sessions: int
    answers: int
    concurrency: int
    """Tasks at once in the worker."""
    folder: Path
    """Of a data folder of its own, and the worker's marks."""
    database_url: str = ""
    """Empty: the embedded server, in the folder."""
    warm_up: int = 20
    """Sessions that are carried through before anything is measured."""
    seconds: float = 1_800.0
    """For each stage at most."""


async def measure(plan: Plan, tell: Callable[[str], None]) -> Figures:
    """Carry the plan out."""
    settings = Settings.model_validate(
        {
            "server": {"data": str(plan.folder)},
            "database": {"url": plan.database_url},
            "session": {"in_memory": 0},
        }
    )
    async with opened(settings) as installation, _worker(settings, plan) as worker:
        office = await opened_office(installation, concurrency=plan.concurrency)
        await office.bring_to_wait(plan.warm_up, 0, seconds=plan.seconds)
        warm = await office.waiting()
        for task, session in warm:
            await office.answer(task)
            await office.order_again(session)
        return await _measured(office, plan, worker, tell)


async def _measured(office: Office, plan: Plan, worker: SpawnProcess, tell: Callable[[str], None]) -> Figures:
    pid = worker.pid
    assert pid is not None
    rows, disk = await office.row_bytes(), await office.database_bytes()
    residents: list[Resident] = []

    def look(waiting: int) -> None:
        own, below = resident(pid)
        residents.append(Resident(waiting=waiting, worker=own, sandboxes=below))
        tell(residents[-1].line())

    look(0)
    begun = time.monotonic()
    for stage in range(STAGES):
        before, after = (plan.sessions * number // STAGES for number in (stage, stage + 1))
        await office.bring_to_wait(after - before, before, seconds=plan.seconds)
        look(after)
    took = time.monotonic() - begun
    grown = {name: size - rows[name] for name, size in (await office.row_bytes()).items()}
    grown["all"] = await office.database_bytes() - disk
    spreads = await _times(office, plan)
    stored = {name: size / plan.sessions for name, size in grown.items()}
    return Figures(residents=residents, seconds=took, stored=stored, spreads=spreads)


async def _times(office: Office, plan: Plan) -> list[Spread]:
    chosen = random.Random(7).sample(await office.waiting(), plan.answers)
    answered = {task: await office.answer(task) for task, _ in chosen}
    again = dict([await office.order_again(session) for _, session in chosen])
    marks = _read(plan.folder / MARKS)

    def spread(
        what: str, first: Callable[[TaskId], float], then: str, tasks: Sequence[TaskId], **goals: float
    ) -> Spread:
        # The last one: a task that waited was claimed, and asked its model, before it waited, too.
        return Spread(what=what, seconds=[marks[then, task][-1] - first(task) for task in tasks], **goals)

    def claimed(task: TaskId) -> float:
        return marks["claimed", task][-1]

    tasks, further = list(answered), list(again)
    return [
        spread("a reply, to the agent's next act", answered.__getitem__, "asked", tasks, goal_max=REPLY_SECONDS),
        spread("… of it until a worker has the task", answered.__getitem__, "claimed", tasks),
        spread("… of it to load the session and go on", claimed, "asked", tasks, goal_p50=RESUME_SECONDS),
        spread("a further task of an evicted session, to its first act", again.__getitem__, "asked", further),
        spread("… of it to load the session and begin", claimed, "asked", further, goal_p50=RESUME_SECONDS),
    ]


@asynccontextmanager
async def _worker(settings: Settings, plan: Plan) -> AsyncIterator[SpawnProcess]:
    order = WorkerOrder(settings=settings, marks=plan.folder / MARKS, concurrency=plan.concurrency)
    process = multiprocessing.get_context("spawn").Process(target=run_worker, args=(order,), daemon=False)
    process.start()
    try:
        yield process
    finally:
        process.terminate()
        await asyncio.to_thread(process.join, _STOP_SECONDS)
        if process.is_alive():
            process.kill()


def _read(file: Path) -> dict[tuple[str, str], list[float]]:
    marks: dict[tuple[str, str], list[float]] = {}
    for line in file.read_text("ascii").splitlines():
        what, task, at = line.split()
        marks.setdefault((what, task), []).append(float(at))
    return marks
