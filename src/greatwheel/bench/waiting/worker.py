"""The worker process under measurement: the product's own parts, an instant model, and marks of when what happened."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from greatwheel.bench.overhead.wheel_side import InstantModel
from greatwheel.core.clock import SystemClock
from greatwheel.core.context import CallContext
from greatwheel.core.ids import TaskId
from greatwheel.core.tasks import Task
from greatwheel.llm.port import ChatModel, ChatReply, ChatRequest
from greatwheel.scheduler.port import Runner
from greatwheel.scheduler.rationed import RationedModel
from greatwheel.server.assembly import opened, opened_runner, work
from greatwheel.server.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerOrder:
    """What the process works on, and where it writes its marks."""

    settings: Settings
    marks: Path
    concurrency: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Marks:
    """Moments by the machine's monotonic clock, which all its processes share: a line each, at once."""

    out: TextIO

    def mark(self, what: str, task: str) -> None:
        """It happens now."""
        self.out.write(f"{what} {task} {time.monotonic()}\n")


class MarkedModel(InstantModel):
    """Marks each request."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks

    async def chat(self, context: CallContext, request: ChatRequest) -> ChatReply:
        """The reply of the instant model."""
        self._marks.mark("asked", context.run_id)
        return await super().chat(context, request)


@dataclass(frozen=True, kw_only=True, slots=True)
class MarkedRunner:
    """Marks the beginning of each attempt."""

    inner: Runner
    marks: Marks = field(repr=False)

    async def run(self, task: Task) -> None:
        """See `scheduler.port.Runner`."""
        self.marks.mark("claimed", task.task_id)
        await self.inner.run(task)

    def cancel(self, task_id: TaskId) -> None:
        """See `scheduler.port.Runner`."""
        self.inner.cancel(task_id)


def run_worker(order: WorkerOrder) -> None:
    """The process's life, until SIGTERM."""
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(_work(order))


async def _work(order: WorkerOrder) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    with order.marks.open("a", buffering=1, encoding="ascii") as out:
        marks = Marks(out=out)
        async with opened(order.settings) as installation:

            async def opener(name: str | None) -> ChatModel:
                return RationedModel(MarkedModel(marks), installation.database, SystemClock())

            async with opened_runner(installation, opener=opener) as runner:
                marked = MarkedRunner(inner=runner, marks=marks)
                await work(installation, marked, stop, concurrency=order.concurrency)
