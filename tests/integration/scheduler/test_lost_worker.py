"""A worker that is killed."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from greatwheel.core.tasks import Task

from .office import Office, Script, working

PROGRAM = Path(__file__).with_name("lost_worker.py")


async def test_the_task_of_a_killed_worker_is_picked_up(office: Office, database_url: str, tmp_path: Path) -> None:
    """After SIGKILL another worker begins the task anew within the time after which a worker counts as dead."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), database_url, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    try:
        task = await office.submit()
        assert process.stdout is not None
        async with asyncio.timeout(30):
            begun = (await process.stdout.readline()).decode().strip()
    finally:
        process.kill()
        await process.wait()
    first = await office.get(task)
    assert (begun, first.status) == (task.task_id, "running")

    async def do(task: Task) -> None:
        await office.finish(task, answer="by another")

    killed = time.monotonic()
    async with working(office, Script(do)):
        done = await office.until(task, "done")
    assert time.monotonic() - killed < 10
    assert (done.answer, done.attempts) == ("by another", 2)
    assert done.epoch > first.epoch
