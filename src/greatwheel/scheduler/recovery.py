"""Picks up what was dropped: tasks of dead workers, pauses that are over, questions that nobody answered.

Every worker does this every few seconds; they do not disturb each other, because each change is made under the task's
lock and only if it is still due.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence

from psycopg.rows import DictRow

from greatwheel.core.errors import Conflict, NotFound
from greatwheel.core.ids import OrgId, TaskId
from greatwheel.database.database import Database
from greatwheel.scheduler.delivery import SQL, admit, fetch
from greatwheel.scheduler.tasks import TaskStore

LOG = logging.getLogger("greatwheel.scheduler")


class Recovery:
    """One round is `tick`."""

    def __init__(self, database: Database, tasks: TaskStore, *, stalled_after: float) -> None:
        self._database = database
        self._tasks = tasks
        self._stalled_after = stalled_after

    async def tick(self, unknown_jobs: Sequence[int] = (), own_jobs: Collection[int] = ()) -> None:
        """Do all that is due. `unknown_jobs`: this worker was given them, and never learnt of it. `own_jobs`: it is at
        work on them, so they are not stalled, even if its heart was too slow.
        """
        for row in await self._system("stalled_jobs", seconds=self._stalled_after, unknown=list(unknown_jobs)):
            if row["id"] not in own_jobs:
                await self._take_over(OrgId(row["org_id"]), TaskId(row["task_id"]), job=row["id"])
        for row in await self._system("lost_tasks"):
            await self._take_over(OrgId(row["org_id"]), TaskId(row["task_id"]))
        for row in await self._system("due_orgs"):
            async with self._database.org(OrgId(row["org_id"])) as conn:
                await admit(conn)
        for row in await self._system("orgs_with_expired"):
            while await self._expire(OrgId(row["org_id"])):
                pass

    async def jobs_of(self, worker: int) -> set[int]:
        """The jobs that a worker has fetched, as the database has it."""
        return {row["id"] for row in await self._system("jobs_of_worker", worker=worker)}

    async def _take_over(self, org_id: OrgId, task_id: TaskId, job: int | None = None) -> None:
        try:
            async with self._database.org(org_id) as conn:
                if job is not None and await fetch(conn, "close_job", job=job) is None:
                    return
                status = await self._tasks.take_over(conn, task_id)
        except NotFound:
            await self._close(job)  # its task was removed
        except Conflict as error:
            LOG.info("task %s is left for the next round: %s", task_id, error)
        else:
            if status is not None:
                LOG.warning("task %s had lost its worker and is %s", task_id, status)

    async def _close(self, job: int | None) -> None:
        async with self._database.system() as conn:
            await conn.execute(SQL["close_job"], {"job": job})

    async def _expire(self, org_id: OrgId) -> bool:
        async with self._database.org(org_id) as conn:
            return await self._tasks.expire_waiting(conn)

    async def _system(self, name: str, **values: object) -> list[DictRow]:
        async with self._database.system() as conn:
            return await (await conn.execute(SQL[name], values)).fetchall()
