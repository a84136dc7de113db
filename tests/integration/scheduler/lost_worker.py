"""A worker that begins a task, says so, and never ends it: to be killed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from greatwheel.core.ids import OrgId, TaskId
from greatwheel.core.tasks import Task
from greatwheel.database.connection import OrgConnection
from greatwheel.database.database import Database
from greatwheel.scheduler.submission import Submission
from greatwheel.scheduler.tasks import TaskStore
from greatwheel.scheduler.worker import Worker, WorkerSettings


class Endless:
    """A runner."""

    async def run(self, task: Task) -> None:
        print(task.task_id, flush=True)
        await asyncio.sleep(3600)

    def cancel(self, task_id: TaskId) -> None:
        pass


async def keep(conn: OrgConnection, org: OrgId, context: Any) -> bytes:
    raise NotImplementedError


async def main(url: str, folder: str) -> None:
    database = await Database.open(url, folder=Path(folder))
    settings = WorkerSettings(heartbeat_seconds=0.2, stalled_after_seconds=1.5, tick_seconds=0.25)
    await Worker(database, TaskStore(Submission(keep=keep)), Endless(), settings).run()


asyncio.run(main(*sys.argv[1:]))
