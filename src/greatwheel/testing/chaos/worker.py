"""A worker process that is to be killed: the product's own parts, with points in what they write."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from greatwheel.llm import ollama as _ollama
from greatwheel.sandbox import monty as _monty
from greatwheel.sandbox import ouros as _ouros
from greatwheel.scheduler.worker import Worker, WorkerSettings
from greatwheel.server.assembly import assembled, opened_runner
from greatwheel.server.deployment import sealer_of
from greatwheel.server.settings import load_settings
from greatwheel.testing.chaos.points import Killer, KillingDatabase, KillingStore, Point

TIMES = WorkerSettings(concurrency=8, heartbeat_seconds=0.3, stalled_after_seconds=2.0, tick_seconds=0.3)
PRELOADED = (_ollama.__name__, _monty.__name__, _ouros.__name__, __name__)
"""What the process that workers are forked from has imported; it has opened nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerOrder:
    """Start a worker on the installation of this settings file."""

    config: Path
    log: Path
    kill: Point | None = None
    record: Path | None = None
    """Where it writes the points that it passes."""


def warm() -> ForkServerContext:
    """Forks workers from a process of its own, which has neither threads nor connections."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    return context


def start(context: ForkServerContext, order: WorkerOrder) -> ForkServerProcess:
    """A new worker process."""
    process = context.Process(target=work, args=(order,), daemon=True)
    process.start()
    return process


def work(order: WorkerOrder) -> None:
    """The process's life."""
    logging.basicConfig(filename=order.log, format=f"%(asctime)s {os.getpid()} %(name)s %(message)s")
    asyncio.run(_work(order))


async def _work(order: WorkerOrder) -> None:
    settings = load_settings(order.config)
    killer = Killer(order.kill, order.record)
    # By its URL even if it is the embedded server: a worker is not what starts that again, see `lane`.
    database = await KillingDatabase.open(
        settings.database.url, folder=settings.data_folder, size=settings.database.size
    )
    assert isinstance(database, KillingDatabase)
    database.killer = killer
    installation = assembled(settings, database, sealer_of(settings))
    async with opened_runner(installation, store=lambda inner: KillingStore(inner, killer)) as runner:
        await Worker(database, installation.tasks, runner, TIMES).run()
