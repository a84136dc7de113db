"""A worker: takes admitted tasks from the queue and has them carried out, until it is stopped.

Postgres: gw_admit → job ──► Procrastinate worker ──► claim ──► Runner.run ──► wait | finish | fail_attempt
                                 ▲ heartbeat            │ epoch of this attempt
                                 └── Recovery of any worker takes over when it stops beating
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass

from procrastinate import App, JobContext
from procrastinate.worker import Worker as QueueWorker

from greatwheel.core.errors import DatabaseUnavailable, GreatwheelError, LeaseLost
from greatwheel.core.ids import OrgId, TaskId
from greatwheel.core.tasks import Task
from greatwheel.database.database import Database
from greatwheel.scheduler.port import Runner
from greatwheel.scheduler.queue import JOB, QUEUE, QueueConnector
from greatwheel.scheduler.recovery import Recovery
from greatwheel.scheduler.tasks import CANCEL_CHANNEL, TaskStore

LOG = logging.getLogger("greatwheel.scheduler")
_TRIES = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerSettings:
    """How a worker takes tasks."""

    concurrency: int = 16
    heartbeat_seconds: float = 2.0
    stalled_after_seconds: float = 8.0
    """A worker not heard of for so long is taken for dead."""
    tick_seconds: float = 2.0
    """How often dropped work is looked for, and the queue without being told."""
    stop_seconds: float = 20.0
    """How long a worker that is stopped lets its tasks go on before it gives them back."""


class Worker:
    """See the module. `run` once; `stop` from anywhere in the same event loop."""

    def __init__(
        self, database: Database, tasks: TaskStore, runner: Runner, settings: WorkerSettings | None = None
    ) -> None:
        self._database = database
        self._tasks = tasks
        self._runner = runner
        self._settings = settings or WorkerSettings()
        self._recovery = Recovery(database, tasks, stalled_after=self._settings.stalled_after_seconds)
        self._app = App(connector=QueueConnector(database, min_size=1, max_size=4, name="queue"))
        self._app.task(name=JOB, queue=QUEUE, pass_context=True)(self._run_job)
        self._queue: QueueWorker | None = None
        self._jobs: set[int] = set()
        self._suspects: set[int] = set()
        self._here: dict[TaskId, OrgId] = {}
        self._cancelled: set[TaskId] = set()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Take no more tasks; `run` returns when those under way have ended or were given back."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until `stop`, or until cancelled (which stops it, too)."""
        async with self._app.open_async():
            loops = [asyncio.create_task(self._recover()), asyncio.create_task(self._listen())]
            try:
                await self._work()
            finally:
                for loop in loops:
                    loop.cancel()
                await asyncio.gather(*loops, return_exceptions=True)

    async def _work(self) -> None:
        """Run Procrastinate's worker, and another when one gives up because Postgres was away for long."""
        while not self._stopping.is_set():
            self._queue = self._queue_worker()
            working = asyncio.create_task(self._queue.run())  # type: ignore[no-untyped-call]
            stopping = asyncio.create_task(self._stopping.wait())
            try:
                await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                stopping.cancel()
                self._queue.stop()  # type: ignore[no-untyped-call]
                await asyncio.gather(asyncio.shield(working), return_exceptions=True)
            if not self._stopping.is_set():
                LOG.warning("the queue's worker gave up; another one begins", exc_info=working.exception())
                await asyncio.sleep(self._settings.tick_seconds)

    def _queue_worker(self) -> QueueWorker:
        settings = self._settings
        return QueueWorker(
            self._app,
            queues=[QUEUE],
            concurrency=settings.concurrency,
            fetch_job_polling_interval=settings.tick_seconds,
            shutdown_graceful_timeout=settings.stop_seconds,
            delete_jobs="always",
            install_signal_handlers=False,
            update_heartbeat_interval=settings.heartbeat_seconds,
            stalled_worker_timeout=settings.stalled_after_seconds,
        )

    async def _run_job(self, context: JobContext, org: str, task: str) -> None:
        job = context.job.id
        assert job is not None
        self._jobs.add(job)
        task_id = TaskId(task)
        self._here[task_id] = OrgId(org)
        try:
            await self._attempt(OrgId(org), task_id)
        finally:
            self._jobs.discard(job)
            self._here.pop(task_id, None)
            self._cancelled.discard(task_id)

    async def _attempt(self, org_id: OrgId, task_id: TaskId) -> None:
        async with self._database.org(org_id) as conn:
            task = await self._tasks.claim(conn, task_id)
        if task is None:
            return  # it was cancelled, or another job of it was faster
        try:
            if task_id in self._cancelled:
                raise LeaseLost("The task was cancelled.")
            await self._runner.run(task)
        except asyncio.CancelledError:
            await asyncio.shield(self._give_back(task))
            raise
        except Exception as error:
            if not isinstance(error, LeaseLost):
                LOG.warning("an attempt at task %s failed", task_id, exc_info=error)
            await self._fail(task, error)

    async def _fail(self, task: Task, error: Exception) -> None:
        """Count the failure. Postgres may be away just now; when it stays away, recovery finds the task."""
        for pause in range(_TRIES):
            try:
                async with self._database.org(task.org_id) as conn:
                    await self._tasks.fail_attempt(conn, task, error)
            except LeaseLost:
                return  # the task goes on elsewhere, or has ended
            except DatabaseUnavailable:
                await asyncio.sleep(pause)
            else:
                return

    async def _give_back(self, task: Task) -> None:
        with suppress(GreatwheelError):  # whatever it is: recovery finds the task
            async with self._database.org(task.org_id) as conn:
                await self._tasks.give_back(conn, task)

    async def _listen(self) -> None:
        """Pass on what is cancelled; after a break in the listening, ask for each task that runs here."""
        async for notification in self._database.listen(CANCEL_CHANNEL):
            if notification.missed:
                await self._ask_cancelled()
                continue
            _, _, task_id = notification.payload.partition(" ")
            self._cancel(TaskId(task_id))

    async def _ask_cancelled(self) -> None:
        for task_id, org_id in list(self._here.items()):
            with suppress(GreatwheelError):
                async with self._database.org(org_id) as conn:
                    task = await self._tasks.get(conn, task_id)
                if task.cancel_requested:
                    self._cancel(task_id)

    def _cancel(self, task_id: TaskId) -> None:
        if task_id in self._here:
            self._cancelled.add(task_id)
            self._runner.cancel(task_id)

    async def _recover(self) -> None:
        while True:
            try:
                await self._recovery.tick(await self._unknown_jobs(), self._jobs)
            except GreatwheelError as error:
                LOG.warning("recovery will try again: %s", error)
            await asyncio.sleep(self._settings.tick_seconds)

    async def _unknown_jobs(self) -> list[int]:
        """Jobs that this worker was given twice in a row by the database's account, and not by its own."""
        if self._queue is None or self._queue.worker_id is None:
            return []
        unknown = await self._recovery.jobs_of(self._queue.worker_id) - self._jobs
        certain = unknown & self._suspects
        self._suspects = unknown
        return list(certain)
