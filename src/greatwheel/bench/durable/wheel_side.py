"""Greatwheel's half: the product's own parts on the same Postgres, with a model that replies at once."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from greatwheel.bench.overhead.wheel_side import InstantModel
from greatwheel.bench.tenant import new_tenant
from greatwheel.bench.waiting.worker import WorkerOrder, run_worker
from greatwheel.core.clock import SystemClock
from greatwheel.core.context import CallContext
from greatwheel.core.ids import OrgId, SessionId, TaskId, UserId
from greatwheel.core.tasks import SubmitTask, Task
from greatwheel.llm.gate import GatePolicy, gated
from greatwheel.llm.port import ChatModel, ChatReply, ChatRequest
from greatwheel.registry.agents import DefineAgent, Inline
from greatwheel.runtime.runner import TaskRunner
from greatwheel.scheduler.rationed import RationedModel
from greatwheel.server.assembly import Installation, opened, opened_runner
from greatwheel.server.settings import Settings

AGENT = "caller"
SOURCE = """
def handle(task):
    kind, count = task["input"].split()
    for i in range(int(count)):
        if kind == "model":
            llm_query("say yes")
        elif kind == "send":
            channel.send("yes")
        else:
            memory.store("said", "yes")
    return "done"
"""
"""So many host calls of one kind, one after the other."""
ROOMY = {"model_calls": 10**6, "tokens": 10**9, "seconds": 3_600.0}
_STOP_SECONDS = 30.0


@dataclass(kw_only=True, slots=True)
class TimedModel(InstantModel):
    """Notes when it is asked."""

    moments: list[float] = field(default_factory=list)

    async def chat(self, context: CallContext, request: ChatRequest) -> ChatReply:
        """The reply of the instant model."""
        self.moments.append(time.perf_counter())
        return await InstantModel.chat(self, context, request)


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """An organisation that orders tasks."""

    installation: Installation
    org: OrgId
    user: UserId

    async def order(self, text: str, *, context: Any = None, session: SessionId | None = None) -> Task:
        """A task, queued."""
        order = SubmitTask(user_id=self.user, input=text, agent=AGENT, context=context, session_id=session)
        async with self.installation.database.org(self.org) as connection:
            return await self.installation.tasks.submit(connection, order)

    async def ended(self, tasks: Sequence[TaskId], *, seconds: float = 300.0) -> None:
        """Wait until all are done. RuntimeError when one ended otherwise: its time would mean nothing."""
        left = list(tasks)
        async with asyncio.timeout(seconds):
            while left:
                async with self.installation.database.org(self.org) as connection:
                    task = await self.installation.tasks.get(connection, left[-1])
                if task.finished_at is None:
                    await asyncio.sleep(0.01)
                else:
                    checked(task)
                    left.pop()


@dataclass(frozen=True, kw_only=True, slots=True)
class InProcess:
    """A runner in this process, without a queue before it."""

    client: Client
    runner: TaskRunner
    model: TimedModel

    async def seconds_of(self, text: str, *, context: Any = None) -> float:
        """One task, from its claim until it is done and stored."""
        ordered = await self.client.order(text, context=context)
        self.model.moments.clear()
        database, tasks = self.client.installation.database, self.client.installation.tasks
        begun = time.perf_counter()
        async with database.org(self.client.org) as connection:
            task = await tasks.claim(connection, ordered.task_id)
        assert task is not None
        await self.runner.run(task)
        took = time.perf_counter() - begun
        async with database.org(self.client.org) as connection:
            checked(await tasks.get(connection, ordered.task_id))
        return took


def checked(task: Task) -> Task:
    """RuntimeError when the task is not done."""
    if task.status != "done":
        raise RuntimeError(f"a measured task is {task.status}: {task.error}")
    return task


@asynccontextmanager
async def opened_client(folder: Path, *, concurrency: int, in_memory: int = 64) -> AsyncIterator[Client]:
    """A new organisation of the installation in the folder, on the embedded server there."""
    settings = Settings.model_validate({"server": {"data": str(folder)}, "session": {"in_memory": in_memory}})
    async with opened(settings) as installation:
        agent = DefineAgent(name=AGENT, origin=Inline(source=SOURCE), budget=ROOMY)
        org, user = await new_tenant(installation, agent, concurrency=concurrency)
        yield Client(installation=installation, org=org, user=user)


@asynccontextmanager
async def in_process(client: Client) -> AsyncIterator[InProcess]:
    """A runner behind the gate and the organisation's limits, as a worker has it."""
    model = TimedModel()

    async def opener(name: str | None) -> ChatModel:
        return RationedModel(gated(model, GatePolicy()), client.installation.database, SystemClock())

    async with opened_runner(client.installation, opener=opener) as runner:
        yield InProcess(client=client, runner=runner, model=model)


@asynccontextmanager
async def workers(client: Client, marks: Path, count: int, concurrency: int) -> AsyncIterator[None]:
    """So many worker processes, each of which has done a task."""
    context = multiprocessing.get_context("spawn")
    order = WorkerOrder(settings=client.installation.settings, marks=marks, concurrency=concurrency)
    processes = [context.Process(target=run_worker, args=(order,), daemon=False) for _ in range(count)]
    for process in processes:
        process.start()
    try:
        await client.ended([(await client.order("model 20")).task_id for _ in range(8 * count)])
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            await asyncio.to_thread(process.join, _STOP_SECONDS)
            if process.is_alive():
                process.kill()


def read_marks(file: Path) -> dict[str, dict[str, list[float]]]:
    """What a worker marked → task → moments."""
    marks: dict[str, dict[str, list[float]]] = {}
    for line in file.read_text("ascii").splitlines():
        what, task, at = line.split()
        marks.setdefault(what, {}).setdefault(task, []).append(float(at))
    return marks
