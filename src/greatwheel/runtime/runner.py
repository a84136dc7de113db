"""Carries tasks out: a claimed task goes on from its last boundary until it ends or waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from greatwheel.core.budgets import Budget
from greatwheel.core.clock import Clock
from greatwheel.core.context import CallContext
from greatwheel.core.errors import KeyRefused, LeaseLost, NotAvailable
from greatwheel.core.ids import AgentId, RunId, TaskId
from greatwheel.core.tasks import Ending, Task
from greatwheel.database.connection import OrgConnection
from greatwheel.database.database import Database
from greatwheel.llm.port import ChatModel
from greatwheel.runtime import points, sessions
from greatwheel.runtime.agent_run import AgentRun
from greatwheel.runtime.attempt import (
    AgentCode,
    Attempt,
    ending_of_agent,
    ending_of_loop,
    observer_of,
    possible_keys,
    prefix_of,
    world_time,
)
from greatwheel.runtime.bridge import Bridge
from greatwheel.runtime.desk import Desk
from greatwheel.runtime.group_commit import GroupCommit, Run
from greatwheel.runtime.journal import decoded
from greatwheel.runtime.keeping import Keeping
from greatwheel.runtime.ledger import Ledger
from greatwheel.runtime.lifecycle import LiveSessions
from greatwheel.runtime.loop import Loop, LoopSettings
from greatwheel.runtime.opening import Sessions, Wanted
from greatwheel.runtime.postgres import PostgresJournal, forget_deltas, read_calls
from greatwheel.runtime.services import Services, ToolLister
from greatwheel.runtime.state import LoopState, TaskWaits
from greatwheel.runtime.tool_lines import tool_lines
from greatwheel.sandbox.port import Engine, Limits, World
from greatwheel.tenancy import session_keys
from greatwheel.tenancy.key_format import hash_session_key
from greatwheel.tenancy.sealing import Sealer

TELLING_SECONDS = 5.0
"""That a cancelled attempt waits for its last rows."""


class Tasks(Protocol):
    """What the runner asks of the scheduler's store, on a connection of the task's organisation."""

    async def wait(self, conn: OrgConnection, task: Task) -> Any:
        """The task waits, unless all its answers have come meanwhile."""
        ...

    async def finish(self, conn: OrgConnection, task: Task, ending: Ending) -> Any:
        """The task has ended."""
        ...


class Models(Protocol):
    """The models of this process."""

    async def open(self, name: str | None) -> ChatModel:
        """The one that a definition, an order or a guest names, if it may be used; None: the installation's."""
        ...


Agents = Callable[[OrgConnection, AgentId, int], Awaitable[AgentCode]]


class TaskRunner:
    """The scheduler's `Runner`: one for a worker process."""

    def __init__(
        self,
        *,
        database: Database,
        commits: GroupCommit,
        tasks: Tasks,
        agents: Agents,
        models: Models,
        engines: Callable[[str], Engine],
        services: Services,
        sealer: Sealer,
        live: LiveSessions,
        clock: Clock,
        limits: Limits,
        budget: Budget,
        settings: LoopSettings | None = None,
        tools: ToolLister | None = None,
    ) -> None:
        self._database = database
        self._commits = commits
        self._tasks = tasks
        self._agents = agents
        self._models = models
        self._services = services
        self._sealer = sealer
        self._live = live
        self._clock = clock
        self._budget = budget
        self._settings = settings or LoopSettings()
        self._tools = tools
        self._sessions = Sessions(database=database, engines=engines, models=models.open, live=live, limits=limits)
        self._running: dict[TaskId, asyncio.Task[Any]] = {}
        self._cancelled: set[TaskId] = set()

    async def run(self, task: Task) -> None:
        """One attempt. See `greatwheel.scheduler.port.Runner`."""
        running = asyncio.current_task()
        assert running is not None
        self._running[task.task_id] = running
        run = Run(org_id=task.org_id, task_id=task.task_id, epoch=task.epoch)
        try:
            await self._stoppable(task, run)
        except KeyRefused as error:
            await self._refuse(task, error)
        except LeaseLost:
            async with self._database.org(task.org_id) as connection:
                refusal = await session_keys.refusal(connection, task.session_id)
            if refusal is None:
                raise
            await self._refuse(task, refusal)
        finally:
            if self._running.get(task.task_id) is running:  # not a later attempt's, of a worker that was slow
                del self._running[task.task_id]
                self._cancelled.discard(task.task_id)
            self._commits.forget(run)

    async def _stoppable(self, task: Task, run: Run) -> None:
        """An attempt. Raises LeaseLost when the task is not to go on here."""
        try:
            await self._attempt(task, run)
        except asyncio.CancelledError:
            if task.task_id in self._cancelled:
                await self._told(run)
                raise LeaseLost("The task was cancelled.") from None
            raise

    async def _told(self, run: Run) -> None:
        """Wait until people can read what the attempt told: the worker is about to end the task."""
        with suppress(TimeoutError):  # a database that is away would hold up the worker's own end
            async with asyncio.timeout(TELLING_SECONDS):
                await self._commits.committed(run)

    async def open_model(self) -> None:
        """Open the installation's model before the first task asks for it. Raises as the model's adapter does."""
        await self._models.open(None)

    def cancel(self, task_id: TaskId) -> None:
        """Stop the task's attempt, if it is under way here."""
        running = self._running.get(task_id)
        if running is not None:
            self._cancelled.add(task_id)
            running.cancel()

    async def _attempt(self, task: Task, run: Run) -> None:
        attempt = await self._open(task, run)
        try:
            own_code = attempt.code.source and task.kind == "agent"  # a child is a loop below its agent's code
            ending = await self._run_agent(attempt) if own_code else await self._run_loop(attempt)
        except TaskWaits:
            await attempt.workspace.close()
            async with self._database.org(task.org_id) as connection:
                shown = attempt.workspace.variables
                await self._tasks.wait(connection, task)  # first: whoever ends a task locks its session after it
                await sessions.suspend(connection, task.org_id, task.session_id, variables=shown)
            return
        except BaseException:
            await attempt.workspace.close()
            raise
        await self._finish(attempt, ending)

    async def _refuse(self, task: Task, error: KeyRefused) -> None:
        """The task ends at once: nothing may be done for its session or its user any more."""
        ending = Ending(status="failed", error_code=error.code, error=f"{type(error).__name__}: {error}")
        async with self._database.org(task.org_id) as connection:
            await self._tasks.finish(connection, task, ending)

    async def _open(self, task: Task, run: Run) -> Attempt:
        org = task.org_id
        keeping = Keeping(org_id=org, session_id=task.session_id, sealer=self._sealer)
        state = None if task.boundary is None else LoopState.from_wire(decoded(task.boundary))
        keys = {hash_session_key(key): key for key in possible_keys(self._sealer, org, task.session_id)}
        async with self._database.org(org) as connection:
            session = await sessions.begin_task(
                connection, org, task.session_id, keys=list(keys), anew=task.snapshot is None
            )
            if task.epoch > 1:
                await forget_deltas(connection, org, task.task_id)
            code = await self._agents(connection, task.agent_id, task.agent_version)
            calls = await read_calls(
                connection, org, task.task_id,
                after_call=state.calls if state else 0,
                after_step=state.step if state else 0,
            )  # fmt: skip
        key = keys.get(session.key_hash or b"", "")  # a sandbox whose key is none of these was dumped with it
        world = World(seed=session.seed, now=world_time(task, state))
        workspace = await self._sessions.open(Wanted(task=task, session=session, world=world, key=key, keeping=keeping))
        journal = PostgresJournal(self._database, self._commits, run, keeping, task.snapshot)
        context = CallContext(
            session_id=task.session_id, run_id=RunId(task.task_id), organisation=org, user_id=task.user_id
        )
        ledger = Ledger(replace(self._budget, **{**code.budget, **task.budget}), self._clock)
        return Attempt(
            desk=Desk(context=context, task=task, journal=journal, services=self._services, ledger=ledger),
            session=session,
            code=code,
            workspace=workspace,
            state=state,
            prefix=prefix_of(calls),
            keeping=keeping,
        )

    async def _run_loop(self, attempt: Attempt) -> Ending:
        model = await self._model(attempt)
        loop = Loop(
            workspace=attempt.workspace,
            model=model,
            question=attempt.task.input,
            ledger=attempt.desk.ledger,
            observer=observer_of(attempt, model),
            settings=self._settings,
            clock=self._clock,
            run_id=attempt.desk.context.run_id,
            prefix=attempt.prefix,
            depth=attempt.task.depth,
            desk=attempt.desk,
            resume=attempt.state,
            instructions=attempt.instructions,
            tools=await self._told_tools(attempt),
            over=lambda error: isinstance(error, asyncio.CancelledError) and attempt.task.task_id in self._cancelled,
        )
        return ending_of_loop(await loop.run())

    async def _told_tools(self, attempt: Attempt) -> str:
        """What the loop's model is told of tools: found out when the task begins, then kept with its boundaries.

        Grants and servers change, and the prompt must not within a run. After a crash before the first boundary it may
        be another list; that does no harm, since the replies so far are taken from the journal.
        """
        if self._tools is None or attempt.state is not None:
            return ""
        return tool_lines(await self._tools(attempt.task))

    async def _model(self, attempt: Attempt) -> ChatModel:
        named = attempt.task.model  # by an order, or by a guest's rlm_query
        return await self._models.open(attempt.code.model if named is None else named)

    async def _run_agent(self, attempt: Attempt) -> Ending:
        task, model = attempt.task, await self._model(attempt)
        bridge = Bridge(
            context=attempt.desk.context,
            model=model,
            ledger=attempt.desk.ledger,
            clock=self._clock,
            observer=observer_of(attempt, model),
            child=_no_child,
            show_vars=attempt.workspace.variable_lines,
            prefix=attempt.prefix,
            desk=attempt.desk,
            models=self._models.open,
            streams=True,
        )
        run = AgentRun(
            workspace=attempt.workspace,
            bridge=bridge,
            source=attempt.code.source,
            task={
                "id": task.task_id,
                "input": task.input,
                "user": task.user_id,
                "context": attempt.workspace.context is not None,
                "instructions": attempt.instructions,
            },
            resume=attempt.state,
        )
        return ending_of_agent(await run.run(), bridge.ledger)

    async def _finish(self, attempt: Attempt, ending: Ending) -> None:
        task, workspace = attempt.task, attempt.workspace
        single = task.parent_id is not None  # a session made for this task alone: it ends with it
        snapshot: bytes | None = None
        unused = {attempt.session.snapshot}
        try:
            await attempt.desk.journal.committed()
            await attempt.desk.journal.live()
            if not single:
                await workspace.save()
            async with self._database.org(task.org_id) as connection:
                if not single:
                    snapshot = await attempt.keeping.keep_dump(connection, await workspace.kept())
                    unused.update(await _leave(connection, attempt, ending, snapshot))
                idle = await sessions.idle_seconds(connection, task.org_id)
                await self._tasks.finish(connection, task, ending)
                for digest in unused - {snapshot}:
                    await attempt.keeping.drop_unused(connection, digest)
        except BaseException:
            await workspace.close()
            raise
        if snapshot is None:
            await workspace.close()
        else:
            await self._live.keep(task.org_id, workspace, snapshot, idle)


async def _leave(connection: OrgConnection, attempt: Attempt, ending: Ending, snapshot: bytes) -> list[bytes]:
    """What the session's next task will find, and a point to come back to; the dumps that this takes the place of."""
    task, variables = attempt.task, attempt.workspace.variables or []
    context = task.context or attempt.session.context
    earlier = [each for each in attempt.session.history if each.task_id != task.task_id]
    exchange = sessions.Exchange(asked=task.input, answer=ending.answer or "", task_id=task.task_id)
    await sessions.end_task(
        connection, task.org_id, task.session_id, snapshot=snapshot, context=context,
        history=[*earlier, exchange][-sessions.MOST_EXCHANGES:], variables=variables,
    )  # fmt: skip
    return await points.keep(
        connection, task.org_id, task.session_id, task.task_id,
        snapshot=snapshot, context=context, variables=variables,
    )  # fmt: skip


async def _no_child(question: str, context: Any, model: str | None, ledger: Ledger) -> str:
    raise NotAvailable("rlm_query needs the scheduler's service; this installation has none.")
