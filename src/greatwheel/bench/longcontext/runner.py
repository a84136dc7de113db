"""Runs a system over planned tasks, one at a time, and keeps a record of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from greatwheel.bench.longcontext.machine import describe_machine
from greatwheel.bench.longcontext.records import Record, append_record, read_records
from greatwheel.bench.longcontext.splits import Planned
from greatwheel.bench.longcontext.systems.port import Outcome, System
from greatwheel.bench.longcontext.task import BenchTask, size_of


@dataclass(frozen=True, kw_only=True)
class Run:
    """Where the records go and for how long it may go on."""

    out: Path
    model: str
    settings: str
    minutes: float | None = None
    """No task is begun after so many minutes."""


async def run(
    system: System, planned: Iterable[Planned], order: Run, told: Callable[[Record], None]
) -> tuple[int, int]:
    """Try the tasks that have no record yet; gives how many were tried and how many are left."""
    done = {record.task for record in read_records(order.out) if record.system == system.name}
    waiting = [item for item in planned if (item.split, item.family, item.seed) not in done]
    begun, tried = time.monotonic(), 0
    for item in waiting:
        if order.minutes is not None and time.monotonic() - begun > order.minutes * 60:
            break
        record = await _try(system, item, order)
        append_record(order.out, record)
        told(record)
        tried += 1
    return tried, len(waiting) - tried


async def _try(system: System, item: Planned, order: Run) -> Record:
    task = item.generate()
    begun = time.monotonic()
    outcome = await system.answer(task)
    return _record(system.name, item, task, outcome, time.monotonic() - begun, order)


def _record(system: str, item: Planned, task: BenchTask, outcome: Outcome, seconds: float, order: Run) -> Record:
    return Record(
        system=system,
        split=item.split,
        family=item.family,
        seed=item.seed,
        size_chars=size_of(task.context),
        question=task.question,
        expected=str(task.expected),
        answer=outcome.answer[:2_000],
        solved=not outcome.error and task.solved_by(outcome.answer),
        error=outcome.error[:500],
        prompt_tokens=outcome.usage.prompt_tokens,
        completion_tokens=outcome.usage.completion_tokens,
        model_calls=outcome.usage.model_calls,
        steps=outcome.steps,
        seconds=round(seconds, 2),
        model=order.model,
        settings=order.settings,
        machine=describe_machine(),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
