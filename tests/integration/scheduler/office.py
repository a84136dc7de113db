"""An organisation with agents, and runners that follow a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from greatwheel.core.budgets import Budget
from greatwheel.core.errors import LeaseLost
from greatwheel.core.ids import OrgId, TaskId, UserId, new_id
from greatwheel.core.tasks import Ending, SubmitTask, Task
from greatwheel.database.connection import OrgConnection
from greatwheel.database.database import Database
from greatwheel.scheduler.port import Runner
from greatwheel.scheduler.retrying import Retrying
from greatwheel.scheduler.submission import Submission
from greatwheel.scheduler.tasks import TaskStore
from greatwheel.scheduler.worker import Worker, WorkerSettings

QUICK = WorkerSettings(
    concurrency=4, heartbeat_seconds=0.2, stalled_after_seconds=1.5, tick_seconds=0.25, stop_seconds=5.0
)


async def no_context(conn: OrgConnection, org: OrgId, context: Any) -> bytes:
    """Keeps nothing: a digest that no blob has."""
    return repr(context).encode()


def new_store(**more: Any) -> TaskStore:
    """A store whose failed attempts come back soon."""
    submission = Submission(keep=no_context, budget=Budget(depth=5), max_attempts=3, **more)
    return TaskStore(submission, retrying=Retrying(max_attempts=3, base_seconds=0.05))


@dataclass
class Office:
    """One organisation, one user, agents `a0` … `a9`."""

    database: Database
    org: OrgId
    user: UserId
    tasks: TaskStore = field(default_factory=new_store)

    @asynccontextmanager
    async def conn(self) -> AsyncIterator[OrgConnection]:
        async with self.database.org(self.org) as conn:
            yield conn

    async def submit(self, agent: str = "a0", text: str = "do it", **order: Any) -> Task:
        async with self.conn() as conn:
            return await self.tasks.submit(conn, SubmitTask(user_id=self.user, input=text, agent=agent, **order))

    async def get(self, task: Task | TaskId) -> Task:
        async with self.conn() as conn:
            return await self.tasks.get(conn, task if isinstance(task, str) else task.task_id)

    async def claim(self, task: Task) -> Task:
        async with self.conn() as conn:
            claimed = await self.tasks.claim(conn, task.task_id)
        assert claimed is not None
        return claimed

    async def started(self, agent: str = "a0", **order: Any) -> Task:
        return await self.claim(await self.submit(agent, **order))

    async def finish(self, task: Task, status: str = "done", **ending: Any) -> None:
        async with self.conn() as conn:
            await self.tasks.finish(conn, task, Ending(status=status, **ending))

    async def ask(self, task: Task, seq: int, name: str = "channel.ask") -> None:
        async with self.conn() as conn:
            await ask(conn, task, seq, name)

    async def wait(self, task: Task) -> str:
        async with self.conn() as conn:
            return await self.tasks.wait(conn, task)

    async def answer(self, task: Task, seq: int, answer: bytes | None = b'"yes"', error: str | None = None) -> bool:
        async with self.conn() as conn:
            return await self.tasks.answer(conn, task.task_id, seq, answer, error)

    async def rows(self, statement: str, **values: Any) -> list[Mapping[str, Any]]:
        async with self.conn() as conn:
            return list(await (await conn.execute(statement, values)).fetchall())

    async def until(self, task: Task | TaskId, *statuses: str, seconds: float = 15.0) -> Task:
        """The task, once it has one of the states."""
        async with asyncio.timeout(seconds):
            while True:
                seen = await self.get(task)
                if seen.status in statuses:
                    return seen
                await asyncio.sleep(0.02)


async def ask(conn: OrgConnection, task: Task, seq: int, name: str = "channel.ask", expires: str | None = None) -> None:
    """A call that waits, as the journal writes it."""
    await conn.execute(
        "insert into host_calls (org_id, task_id, seq, step, name, digest, state, expires_at)"
        " values (%s, %s, %s, 1, %s, '', 'waiting', now() + %s::interval)",
        (task.org_id, task.task_id, seq, name, expires),
    )


async def make_office(database: Database, name: str, *, concurrency: int = 4) -> Office:
    """An organisation with its agents."""
    org, user = OrgId(new_id("org")), UserId(new_id("usr"))
    async with database.org(org) as conn:
        await conn.execute(
            "insert into orgs (org_id, name, concurrency, triage_agent) values (%s, %s, %s, 'a0')",
            (org, name, concurrency),
        )
        await conn.execute("insert into users (org_id, user_id, name) values (%s, %s, 'ann')", (org, user))
        for number in range(10):
            agent = (org, f"agt_{number}")
            await conn.execute(
                "insert into agent_defs (org_id, agent_id, name, source_kind, current_version)"
                " values (%s, %s, %s, 'bare', 1)",
                (*agent, f"a{number}"),
            )
            await conn.execute(
                "insert into agent_versions (org_id, agent_id, version, source, digest, trigger)"
                " values (%s, %s, 1, '', '', 'config')",
                agent,
            )
    return Office(database=database, org=org, user=user)


@dataclass
class Script:
    """A runner that does what its function says; tasks that it was told to cancel raise as the product's does."""

    do: Callable[[Task], Awaitable[None]]
    seen: list[TaskId] = field(default_factory=list)
    cancelled: list[TaskId] = field(default_factory=list)
    running: dict[TaskId, asyncio.Task[Any]] = field(default_factory=dict)

    async def run(self, task: Task) -> None:
        self.seen.append(task.task_id)
        current = asyncio.current_task()
        assert current is not None
        self.running[task.task_id] = current
        try:
            await self.do(task)
        except asyncio.CancelledError:
            if task.task_id in self.cancelled:
                raise LeaseLost from None
            raise
        finally:
            del self.running[task.task_id]

    def cancel(self, task_id: TaskId) -> None:
        if task_id in self.running:
            self.cancelled.append(task_id)
            self.running[task_id].cancel()


@asynccontextmanager
async def working(office: Office, runner: Runner, settings: WorkerSettings = QUICK) -> AsyncIterator[Worker]:
    """A worker at work."""
    worker = Worker(office.database, office.tasks, runner, settings)
    run = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await run
