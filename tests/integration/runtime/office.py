"""An organisation with one agent and workers that may die at any write; models are scripted."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from greatwheel.channels.questions import answer_question
from greatwheel.channels.services import ChannelServices
from greatwheel.core.budgets import Budget
from greatwheel.core.clock import SystemClock
from greatwheel.core.errors import ModelNotFound
from greatwheel.core.ids import AgentId, OrgId, SessionId, TaskId, UserId
from greatwheel.core.tasks import SubmitTask, Task
from greatwheel.database.connection import OrgConnection
from greatwheel.database.database import Database
from greatwheel.llm.port import ChatModel
from greatwheel.runtime.attempt import AgentCode
from greatwheel.runtime.group_commit import GroupCommit, Store
from greatwheel.runtime.keeping import keep_context
from greatwheel.runtime.lifecycle import LiveSessions
from greatwheel.runtime.postgres import PostgresStore, connector
from greatwheel.runtime.runner import TaskRunner
from greatwheel.runtime.services import Effect, Service, ServiceCall, ToolLister
from greatwheel.sandbox.port import Engine, Limits
from greatwheel.scheduler.submission import Submission
from greatwheel.scheduler.tasks import TaskStore
from greatwheel.tenancy.sealing import Sealer
from greatwheel.testing.models import ScriptedModel

ADA = UserId("usr")


class Crash(BaseException):
    """The worker's process dies here."""


@dataclass
class Dying:
    """A store whose worker dies at its n-th write, before or after it."""

    inner: Store
    left: int
    after: bool = False
    dead: bool = False

    def commit(self, batch: Any) -> Any:
        if self.dead:
            return frozenset(run for run, _ in batch)  # a dead process writes nothing
        self.left -= 1
        if self.left > 0:
            return self.inner.commit(batch)
        if self.after:
            self.inner.commit(batch)
        self.dead = True
        return frozenset(run for run, _ in batch)

    def close(self) -> None:
        self.inner.close()


@dataclass
class Outside:
    """What agents may call; remembers what was done to it."""

    sent: list[str] = field(default_factory=list)
    repeatable: bool = False

    def find(self, name: str) -> Service | None:
        if name == "tool.mail":
            return Effect(handle=self._mail, repeatable=self.repeatable)
        return ChannelServices().find(name)

    async def _mail(self, call: ServiceCall) -> str:
        self.sent.append(call.idempotency_key)
        return f"mail {len(self.sent)}"


@dataclass
class Office:
    """An organisation with one agent, and workers for it."""

    database: Database
    org_id: OrgId
    sealer: Sealer
    engine: Engine
    outside: Outside
    model: ScriptedModel
    source: str = ""
    linger: float = 0.0005
    instructions: str = ""
    """The agent's."""
    named: list[str] = field(default_factory=list)
    """Models that orders and guests named."""
    tools: ToolLister | None = None
    """Tells which tools a task may call."""

    def __post_init__(self) -> None:
        async def keep(conn: OrgConnection, org: OrgId, context: Any) -> bytes:
            return await keep_context(conn, org, self.sealer, context)

        self.tasks = TaskStore(Submission(keep=keep))

    async def open(self, name: str | None) -> ChatModel:
        if name is not None:
            self.named.append(name)
        if name == "secret":
            raise ModelNotFound("There is no model 'secret' that may be named here.")
        return self.model

    async def submit(self, text: str = "do it", **rest: Any) -> Task:
        async with self.database.org(self.org_id) as conn:
            order = SubmitTask(user_id=ADA, input=text, agent="worker", **rest)
            return await self.tasks.submit(conn, order)

    async def get(self, task: Task) -> Task:
        async with self.database.org(self.org_id) as conn:
            return await self.tasks.get(conn, task.task_id)

    async def child(self, task: Task) -> Task:
        """The task that another one has started."""
        async with self.database.org(self.org_id) as conn:
            rows = await conn.execute("select task_id from tasks where parent_id = %s", (task.task_id,))
            row = await rows.fetchone()
            assert row is not None
            return await self.tasks.get(conn, TaskId(row["task_id"]))

    async def events(self, task: Task) -> list[tuple[str, dict[str, Any]]]:
        async with self.database.org(self.org_id) as conn:
            rows = await conn.execute(
                "select type, data from task_events where task_id = %s order by seq", (task.task_id,)
            )
            return [(row["type"], row["data"]) for row in await rows.fetchall()]

    async def answer(self, task: Task, text: str) -> None:
        async with self.database.org(self.org_id) as conn:
            await answer_question(conn, self.org_id, self.tasks, task.task_id, text)

    async def take_over(self, task: Task) -> None:
        async with self.database.org(self.org_id) as conn:
            await self.tasks.take_over(conn, task.task_id)

    async def work(self, task: Task, *, wrap: Callable[[Store], Store] = lambda store: store) -> Task:
        """One worker makes one attempt at the task."""
        commits = GroupCommit(wrap(PostgresStore(connector(self.database.url))), linger=self.linger, dear=math.inf)
        live = LiveSessions(SystemClock(), nothing)
        runner = self.runner(commits, live)
        try:
            await self.attempt(runner, task)
        finally:
            await live.close()
            await commits.close()
        return await self.get(task)

    async def attempt(self, runner: TaskRunner, task: Task) -> None:
        async with self.database.org(self.org_id) as conn:
            # The job that a worker would have taken from the queue.
            await conn.execute("delete from procrastinate_jobs where args ->> 'task' = %s", (task.task_id,))
            claimed = await self.tasks.claim(conn, task.task_id)
        assert claimed is not None, await self.get(task)
        await runner.run(claimed)

    def runner(self, commits: GroupCommit, live: LiveSessions) -> TaskRunner:
        async def agents(conn: OrgConnection, agent: AgentId, version: int) -> AgentCode:
            return AgentCode(name="worker", source=self.source, instructions=self.instructions)

        return TaskRunner(
            database=self.database,
            commits=commits,
            tasks=self.tasks,
            agents=agents,
            models=self,
            engines=lambda name: self.engine,
            services=self.outside,
            sealer=self.sealer,
            live=live,
            clock=SystemClock(),
            limits=Limits(),
            budget=Budget(),
            tools=self.tools,
        )


async def nothing(org: OrgId, session: SessionId, before: float) -> None:
    pass
