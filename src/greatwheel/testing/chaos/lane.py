"""One installation with a database of its own, in which a task is carried out, disturbed, and looked at afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from importlib.resources import files
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Literal, TypeAlias

from greatwheel.channels.questions import answer_question, open_questions
from greatwheel.core.errors import GreatwheelError
from greatwheel.core.ids import OrgId, TaskId, UserId
from greatwheel.core.tasks import SubmitTask
from greatwheel.database import embedded
from greatwheel.registry.agents import DefineAgent, EngineName, Inline
from greatwheel.runtime.session import PAUSED_CHARS
from greatwheel.server.assembly import Installation, opened
from greatwheel.server.settings import load_settings
from greatwheel.tenancy import orgs, users
from greatwheel.testing.chaos import portrait
from greatwheel.testing.chaos.points import Point
from greatwheel.testing.chaos.servers import MODEL, CountingModel, CountingReceiver, tools_toml
from greatwheel.testing.chaos.worker import WorkerOrder, start

ENGINES: tuple[EngineName, ...] = ("monty", "ouros")
AGENTS = ("everything", "helper", "leaf", "failing", "noted")
POLL_SECONDS = 0.05
THAW_SECONDS = 1.0
"""For so long a worker that was frozen tries to go on where it was."""
TOO_LONG_SECONDS = 60.0
"""A task that has not ended by then never will."""


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """Nothing happens."""

    def __str__(self) -> str:
        return "undisturbed"


@dataclass(frozen=True, slots=True)
class KillAt:
    """The worker kills itself at a point."""

    point: Point

    def __str__(self) -> str:
        return f"--at '{self.point}'"


@dataclass(frozen=True, slots=True)
class KillAfter:
    """The worker is killed so many seconds after the task was queued."""

    seconds: float

    def __str__(self) -> str:
        return f"--after {self.seconds:.4f}"


@dataclass(frozen=True, slots=True)
class KillTwice:
    """The worker is killed so many seconds after the task was queued, and then the one that takes its tasks over."""

    seconds: float
    again: Point | float
    """Where, or how many seconds after its start."""

    def __str__(self) -> str:
        return f"--twice {self.seconds:.4f} '{self.again}'"


@dataclass(frozen=True, slots=True)
class RestartPostgres:
    """The server is restarted so many seconds after the task was queued; the workers live on."""

    seconds: float
    crash: bool = False
    """It is ended by force, and begins with its log."""

    def __str__(self) -> str:
        return f"--{'crash' if self.crash else 'restart'} {self.seconds:.4f}"


@dataclass(frozen=True, slots=True)
class Freeze:
    """The worker is stopped so many seconds after the task was queued, and goes on when another has done its work."""

    seconds: float

    def __str__(self) -> str:
        return f"--freeze {self.seconds:.4f}"


Kind: TypeAlias = Literal["monty", "ouros", "large"]
"""Of tasks: by the engine that runs them; `large`: on Monty, with so much context that its session is not dumped in the
middle of a call that waits, and its step runs again."""
KINDS: tuple[Kind, ...] = ("monty", "ouros", "large")
LARGE_CONTEXT = "What the task may read. " * (PAUSED_CHARS // 20)
Disturbance: TypeAlias = Undisturbed | KillAt | KillAfter | KillTwice | RestartPostgres | Freeze


@dataclass(kw_only=True, slots=True)
class Trial:
    """What became of one task."""

    kind: Kind
    disturbance: Disturbance
    root: TaskId
    hits: int = 0
    """How many workers, or servers, were disturbed before the task had ended."""
    tree: portrait.Tree | None = None
    """None: it did not end in time."""
    seconds: float = 0.0
    stuck: str = ""
    """What it was doing when time was over."""


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """What all lanes share."""

    workers: ForkServerContext
    model: CountingModel
    receiver: CountingReceiver
    server: embedded.EmbeddedServer


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenant:
    """An organisation whose agents run on one engine, and its user."""

    org_id: OrgId
    user_id: UserId


@dataclass(kw_only=True, slots=True)
class Lane:
    """See the module. Made by `opened_lane`."""

    world: World
    folder: Path
    installation: Installation
    tenants: Mapping[EngineName, Tenant]
    _tenant: Tenant
    """Whose task is carried out just now."""
    _processes: list[ForkServerProcess] = field(default_factory=list)

    async def run(self, kind: Kind, disturbance: Disturbance, record: Path | None = None) -> Trial:
        """Carry out one task; `record`: where its worker writes the points that it passes."""
        self._tenant = self.tenants["ouros" if kind == "ouros" else "monty"]
        trial = Trial(kind=kind, disturbance=disturbance, root=await self._submit(kind))
        began = time.monotonic()
        human = asyncio.create_task(self._answering(trial.root))
        try:
            async with asyncio.timeout(TOO_LONG_SECONDS):
                await self._disturb(trial, record)
                await self._ended(trial.root)
                trial.tree = await self._tree(trial.root)
        except TimeoutError:
            trial.stuck = await self._doing(trial.root)
        finally:
            human.cancel()
            await asyncio.gather(human, return_exceptions=True)
            trial.seconds = time.monotonic() - began
            await self._kill_all()
        return trial

    async def _submit(self, kind: Kind) -> TaskId:
        context = LARGE_CONTEXT if kind == "large" else None
        order = SubmitTask(user_id=self._tenant.user_id, agent="everything", input="Do everything.", context=context)
        async with self.installation.database.org(self._tenant.org_id) as connection:
            return (await self.installation.tasks.submit(connection, order)).task_id

    async def _disturb(self, trial: Trial, record: Path | None) -> None:
        """Start a worker and do to it what is to be done; another is at work when this returns."""
        match trial.disturbance:
            case Undisturbed():
                self._start(record=record)
            case KillAt(point=point):
                trial.hits += await self._killed(trial.root, point)
            case KillAfter(seconds=seconds):
                trial.hits += await self._killed(trial.root, seconds)
            case KillTwice(seconds=seconds, again=again):
                trial.hits += await self._killed(trial.root, seconds)
                trial.hits += await self._killed(trial.root, again)
            case RestartPostgres(seconds=seconds, crash=crash):
                self._start()
                trial.hits += not await self._ended_within(trial.root, seconds)
                await asyncio.to_thread(_restart, self.world.server.data, crash=crash)
            case Freeze(seconds=seconds):
                worker = self._start()
                trial.hits += not await self._ended_within(trial.root, seconds)
                await self._freeze(worker, trial.root)
        if trial.hits and isinstance(trial.disturbance, (KillAt, KillAfter, KillTwice)):
            self._start()

    async def _killed(self, root: TaskId, when: Point | float) -> bool:
        """Start a worker that dies at a point, or so many seconds later; False: the task ended before."""
        if isinstance(when, Point):
            return await self._died(self._start(kill=when), root)
        worker = self._start()
        ended = await self._ended_within(root, when)
        _kill(worker)
        return not ended

    async def _freeze(self, worker: ForkServerProcess, root: TaskId) -> None:
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGSTOP)
        self._start()
        await self._ended(root)
        os.kill(worker.pid, signal.SIGCONT)
        await asyncio.sleep(THAW_SECONDS)

    def _start(self, *, kill: Point | None = None, record: Path | None = None) -> ForkServerProcess:
        config, log = self.folder / "greatwheel.toml", self.folder / "workers.log"
        order = WorkerOrder(config=config, log=log, kill=kill, record=record)
        self._processes.append(start(self.world.workers, order))
        return self._processes[-1]

    async def _died(self, worker: ForkServerProcess, root: TaskId) -> bool:
        """Wait until the worker has killed itself, or the task has ended without it."""
        while worker.exitcode is None:
            if await self._has_ended(root):
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True

    async def _ended_within(self, root: TaskId, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ended(root)
                return True
        return False

    async def _ended(self, root: TaskId) -> None:
        while True:
            if await self._has_ended(root):
                return
            await asyncio.sleep(POLL_SECONDS)

    async def _has_ended(self, root: TaskId) -> bool:
        with suppress(GreatwheelError):  # Postgres may be away just now
            async with self.installation.database.org(self._tenant.org_id) as connection:
                return await portrait.has_ended(connection, root)
        return False

    async def _tree(self, root: TaskId) -> portrait.Tree:
        async with self.installation.database.org(self._tenant.org_id) as connection:
            return await portrait.read(connection, root)

    async def _doing(self, root: TaskId) -> str:
        tree = await self._tree(root)
        lines = [f"{tree.labels[task['task_id']]} is {task['status']}" for task in tree.tasks]
        return "; ".join([*lines, *portrait.stray(tree)])

    async def _answering(self, root: TaskId) -> None:
        """The person whom the task asks."""
        tasks, org = self.installation.tasks, self._tenant.org_id
        while True:
            with suppress(GreatwheelError):
                async with self.installation.database.org(org) as connection:
                    for question in await open_questions(connection, org, task=root):
                        said = question.choices[0] if question.choices else "seven"
                        await answer_question(connection, org, tasks, root, said, call=question.call)
            await asyncio.sleep(POLL_SECONDS)

    async def _kill_all(self) -> None:
        for process in self._processes:
            _kill(process)
            await asyncio.to_thread(process.join)
            process.close()
        self._processes.clear()


def _restart(data: Path, *, crash: bool) -> None:
    if crash:
        lock = data / "postmaster.pid"
        os.kill(int(lock.read_text(encoding="ascii").split()[0]), signal.SIGQUIT)  # "immediate shutdown"
        while lock.exists():
            time.sleep(POLL_SECONDS)
    else:
        embedded.stop(data)
    embedded.start(data)


def _kill(process: ForkServerProcess) -> None:
    if process.pid is not None and process.exitcode is None:
        os.kill(process.pid, signal.SIGKILL)


@asynccontextmanager
async def opened_lane(world: World, folder: Path, url: str) -> AsyncIterator[Lane]:
    """A lane on an empty database."""
    config = await asyncio.to_thread(_configure, world, folder, url)
    async with opened(load_settings(config)) as installation:
        tenants = {engine: await _tenant(installation, engine) for engine in ENGINES}
        yield Lane(
            world=world, folder=folder, installation=installation, tenants=tenants, _tenant=tenants["monty"]
        )  # fmt: skip


async def _tenant(installation: Installation, engine: EngineName) -> Tenant:
    org_id = orgs.new_org_id()
    async with installation.database.org(org_id) as connection:
        await orgs.create(connection, org_id, engine)
        user_id = await users.create(connection, org_id, "tester", role="admin")
    for name in AGENTS:
        source = (files("greatwheel.testing.chaos") / "guests" / f"{name}.py").read_text(encoding="utf-8")
        order = DefineAgent(name=name, origin=Inline(source=source), engine=engine)
        await installation.registry.define(org_id, order)
    return Tenant(org_id=org_id, user_id=user_id)


def _configure(world: World, folder: Path, url: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "tools.toml").write_text(tools_toml(world.receiver.url), encoding="utf-8")
    config = folder / "greatwheel.toml"
    config.write_text(
        f"""[server]
data = "."

[database]
url = "{url}"

[llm]
model = "ollama:{MODEL}"
ollama_url = "{world.model.url}"

[tools]
file = "tools.toml"

[scheduler]
max_attempts = 5
backoff_seconds = 0.2
""",
        encoding="utf-8",
    )
    return config
