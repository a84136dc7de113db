"""What an installation's processes are made of: the parts of the durable runtime, put together in one place."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from greatwheel.bus.children import ChildServices
from greatwheel.bus.services import BusServices
from greatwheel.channels.services import ChannelServices
from greatwheel.core.clock import SystemClock
from greatwheel.core.ids import AgentId, OrgId, SessionId
from greatwheel.database.connection import OrgConnection
from greatwheel.database.database import Database
from greatwheel.llm.offered import OfferedModels
from greatwheel.llm.port import ChatModel
from greatwheel.memory.port import MemoryStore
from greatwheel.memory.postgres import PostgresMemory
from greatwheel.memory.services import MemoryServices
from greatwheel.registry.registry import Registry
from greatwheel.runtime import contexts, sessions
from greatwheel.runtime.attempt import AgentCode
from greatwheel.runtime.group_commit import GroupCommit, Store
from greatwheel.runtime.keeping import keep_context
from greatwheel.runtime.lifecycle import LiveSessions
from greatwheel.runtime.postgres import PostgresStore, connector
from greatwheel.runtime.runner import TaskRunner
from greatwheel.runtime.services import Service, Services
from greatwheel.sandbox.port import Engine
from greatwheel.scheduler.port import Runner
from greatwheel.scheduler.rationed import RationedModel
from greatwheel.scheduler.retrying import Retrying
from greatwheel.scheduler.submission import Submission
from greatwheel.scheduler.tasks import TaskStore
from greatwheel.scheduler.worker import Worker, WorkerSettings
from greatwheel.server.agents import registry_of
from greatwheel.server.composition import open_engine, open_model
from greatwheel.server.deployment import database_of, sealer_of
from greatwheel.server.errands import courier_of
from greatwheel.server.models import ModelPool, Opener
from greatwheel.server.settings import Settings
from greatwheel.tenancy.sealing import Sealer
from greatwheel.tenancy.secrets import SecretStore
from greatwheel.tools.configuration import ToolsSettings, all_tools, tool_settings
from greatwheel.tools.mcp import McpServers
from greatwheel.tools.services import ToolServices

LOG = logging.getLogger("greatwheel")


@dataclass(frozen=True, kw_only=True, slots=True)
class AllServices:
    """Asks one after the other."""

    parts: tuple[Services, ...]

    def find(self, name: str) -> Service | None:
        """The first that has it."""
        for part in self.parts:
            service = part.find(name)
            if service is not None:
                return service
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """What every process of an installation has."""

    settings: Settings
    database: Database
    sealer: Sealer
    tasks: TaskStore
    registry: Registry
    secrets: SecretStore
    memory: MemoryStore


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Installation]:
    """The installation of these settings, with its database open.

    Raises:
        BadInput, DatabaseError: it can't be opened.
    """
    sealer = sealer_of(settings)
    database = await database_of(settings)
    try:
        yield assembled(settings, database, sealer)
    finally:
        await database.close()


def assembled(settings: Settings, database: Database, sealer: Sealer) -> Installation:
    """The installation on a database that is open."""
    return Installation(
        settings=settings,
        database=database,
        sealer=sealer,
        tasks=task_store(settings, sealer),
        registry=registry_of(settings, database),
        secrets=SecretStore(sealer),
        memory=PostgresMemory(),
    )


def task_store(settings: Settings, sealer: Sealer) -> TaskStore:
    """The scheduler's store."""

    async def keep(connection: OrgConnection, org: OrgId, context: Any) -> bytes:
        return await keep_context(connection, org, sealer, contexts.checked(context))

    chosen = settings.scheduler
    submission = Submission(
        keep=keep,
        budget=settings.limits.budget,
        engine=settings.sandbox.engine,
        max_attempts=chosen.max_attempts,
        most_tasks=chosen.tasks_per_order,
    )
    return TaskStore(
        submission, retrying=Retrying(base_seconds=chosen.backoff_seconds, cap_seconds=chosen.backoff_most_seconds)
    )


def tools_of(installation: Installation, tools: ToolsSettings, servers: McpServers) -> ToolServices:
    """The tools that agents may call."""
    return ToolServices(tools=all_tools(tools), db=installation.database, secrets=installation.secrets, more=servers)


def services_of(installation: Installation, tools: ToolServices) -> Services:
    """All that agents may call, beside the models."""
    database = installation.database
    return AllServices(
        parts=(
            ChannelServices(),
            BusServices(tasks=installation.tasks),
            ChildServices(tasks=installation.tasks),
            MemoryServices(store=installation.memory, db=database),
            tools,
        )
    )


class Engines:
    """The sandbox engines of a process, each opened when it is first needed."""

    def __init__(self) -> None:
        self._open: dict[str, Engine] = {}

    def __call__(self, name: str) -> Engine:
        """The engine of that name."""
        if name not in self._open:
            self._open[name] = open_engine(name)
        return self._open[name]

    async def close(self) -> None:
        """End all their sessions."""
        engines, self._open = list(self._open.values()), {}
        for engine in engines:
            await engine.close()


def _opener(settings: Settings, database: Database, tell: Callable[[str], None]) -> Opener:
    chosen = settings.llm

    async def open_rationed(name: str | None) -> ChatModel:
        model = await open_model(
            name, tell=tell, environment=chosen.environment(os.environ), concurrency=chosen.concurrency or None,
            seconds=chosen.seconds,
        )  # fmt: skip
        return RationedModel(model, database, SystemClock())

    return open_rationed


@asynccontextmanager
async def opened_runner(
    installation: Installation,
    *,
    tell: Callable[[str], None] = LOG.warning,
    store: Callable[[Store], Store] = lambda store: store,
    opener: Opener | None = None,
) -> AsyncIterator[TaskRunner]:
    """What carries out an installation's tasks.

    `store` may wrap what is written, `opener` may open other models than the settings' (tracing, tests).
    """
    settings, database, clock = installation.settings, installation.database, SystemClock()

    async def evicted(org: OrgId, session: SessionId, before: float) -> None:
        async with database.org(org) as connection:
            await sessions.evict(connection, org, session, before=datetime.fromtimestamp(before, UTC))

    async def agents(connection: OrgConnection, agent: AgentId, version: int) -> AgentCode:
        pinned = await installation.registry.at(connection, agent, version)
        if pinned.agent.managed and pinned.agent.model:
            models.allow(pinned.agent.model)  # the agents.toml that has it need not be on this machine
        return AgentCode(
            name=pinned.agent.name,
            source=pinned.version.source,
            model=pinned.agent.model,
            budget=pinned.agent.budget,
            instructions=pinned.agent.instructions,
        )

    async with AsyncExitStack() as stack:
        engines = Engines()
        stack.push_async_callback(engines.close)
        offered = OfferedModels(settings.llm.model or None, settings.llm.environment(os.environ))
        models = ModelPool(
            opener or _opener(settings, database, tell), settings.llm.model or None,
            offered=offered.list, configured=installation.registry.configured_models,
        )  # fmt: skip
        stack.push_async_callback(models.close)
        commits = GroupCommit(store(PostgresStore(connector(database.url))), tell=tell)
        stack.push_async_callback(commits.close)
        live = LiveSessions(clock, evicted, most=settings.session.in_memory)
        stack.push_async_callback(live.close)
        stack.callback(asyncio.create_task(live.sweeping()).cancel)
        declared = tool_settings(settings.resolve(settings.tools.file) if settings.tools.file else None)
        servers = McpServers(declared, database)
        stack.push_async_callback(servers.close)
        tools = tools_of(installation, declared, servers)
        yield TaskRunner(
            database=database,
            commits=commits,
            tasks=installation.tasks,
            agents=agents,
            models=models,
            engines=engines,
            services=services_of(installation, tools),
            tools=tools.listed,
            sealer=installation.sealer,
            live=live,
            clock=clock,
            limits=settings.sandbox.limits,
            budget=settings.limits.budget,
        )


async def load_everybodys_agents(installation: Installation, tell: Callable[[str], None]) -> None:
    """Give every organisation the agents of agents.toml; `tell` gets a line for each that was refused."""
    for loaded in await installation.registry.load():
        if loaded.outcome == "refused":
            tell(f"agent {loaded.name} was not loaded: {loaded.reason}")


async def work(
    installation: Installation, runner: Runner, stop: asyncio.Event, *, concurrency: int | None = None
) -> None:
    """Carry out tasks, and run the channels' errands, until `stop` is set."""
    chosen = installation.settings.scheduler
    courier = courier_of(
        installation.settings,
        installation.database,
        installation.sealer,
        tasks=installation.tasks,
        secrets=installation.secrets,
    )
    worker = Worker(
        installation.database,
        installation.tasks,
        runner,
        WorkerSettings(
            concurrency=concurrency or chosen.concurrency,
            heartbeat_seconds=chosen.heartbeat_seconds,
            stalled_after_seconds=chosen.stalled_after_seconds,
            tick_seconds=min(2.0, chosen.stalled_after_seconds / 2),
        ),
    )

    async def stopping() -> None:
        await stop.wait()
        worker.stop()

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(stopping())
        group.create_task(courier.run(stop))
        await worker.run()
        waiting.cancel()
