"""An installation as users have it: agents in the registry, real worker processes, and a model server that counts."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greatwheel.core.ids import OrgId, SessionId, TaskId, UserId
from greatwheel.core.tasks import SubmitTask, Task
from greatwheel.registry.agents import Bare, DefineAgent, Inline
from greatwheel.server.assembly import Installation, opened
from greatwheel.server.settings import load_settings
from greatwheel.tenancy import orgs, users
from greatwheel.testing.server_formats import FakeRequest
from greatwheel.testing.servers import FakeModelServer

POLL_SECONDS = 0.03
START_SECONDS = 60.0
STOP_SECONDS = 30.0
READY = "taking tasks"


def prompt_of(request: FakeRequest) -> str:
    """What a model was asked last."""
    return str(request.body["messages"][-1]["content"])


@dataclass(frozen=True, kw_only=True)
class Plant:
    """One installation with one organisation and one user, who is an admin."""

    folder: Path
    installation: Installation
    org: OrgId
    user: UserId
    model: FakeModelServer | None = None

    async def define(self, name: str, source: str = "", **rest: Any) -> None:
        """There is an agent of that code; without any it is the loop alone."""
        order = DefineAgent(name=name, origin=Inline(source=source) if source else Bare(), **rest)
        await self.installation.registry.define(self.org, order)

    async def submit(self, agent: str | None, text: str = "do it", **rest: Any) -> TaskId:
        """Queue a task."""
        async with self.installation.database.org(self.org) as conn:
            order = SubmitTask(user_id=self.user, input=text, agent=agent, **rest)
            return (await self.installation.tasks.submit(conn, order)).task_id

    async def get(self, task: TaskId) -> Task:
        """The task as it is now."""
        async with self.installation.database.org(self.org) as conn:
            return await self.installation.tasks.get(conn, task)

    async def session_status(self, session: SessionId) -> str:
        """What became of a session."""
        (row,) = await self.rows("select status from sessions where session_id = %(s)s", s=session)
        return str(row["status"])

    async def rows(self, statement: str, **values: Any) -> list[Mapping[str, Any]]:
        """What a statement finds in the organisation."""
        async with self.installation.database.org(self.org) as conn:
            return list(await (await conn.execute(statement, values)).fetchall())

    async def doing(self) -> dict[TaskId, int]:
        """Which worker each task runs on just now, as the queue knows it."""
        async with self.installation.database.system() as conn:
            rows = await (
                await conn.execute(
                    "select args ->> 'task' as task, worker_id from procrastinate_jobs where status = 'doing'"
                )
            ).fetchall()
        return {TaskId(row["task"]): row["worker_id"] for row in rows}

    async def until(self, task: TaskId, *statuses: str, seconds: float = 30.0) -> Task:
        """The task, once it has one of the states."""
        async with asyncio.timeout(seconds):
            while True:
                seen = await self.get(task)
                if seen.status in statuses:
                    return seen
                await asyncio.sleep(POLL_SECONDS)

    @asynccontextmanager
    async def worker(self, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """A worker process that takes tasks; at the end it is stopped."""
        log = self.folder / f"worker-{len(list(self.folder.glob('worker-*')))}.log"
        own = {name: value for name, value in os.environ.items() if not name.startswith("GREATWHEEL_")}
        with log.open("wb") as said:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "greatwheel.channels.cli.app", "worker", *options),
                env={**own, "GREATWHEEL_CONFIG": str(self.folder / "greatwheel.toml")},
                cwd=self.folder,
                stderr=said,
            )
        try:
            async with asyncio.timeout(START_SECONDS):
                while READY not in log.read_text():
                    assert process.returncode is None, log.read_text()
                    await asyncio.sleep(POLL_SECONDS)
            yield process
        finally:
            await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


@asynccontextmanager
async def opened_plant(
    folder: Path, url: str, *, model: FakeModelServer | None = None, named: str = "", more: str = ""
) -> AsyncIterator[Plant]:
    """An installation on an empty database, asking that model server or the model of that name."""
    chosen = f"{model.openai_url}#fake" if model is not None else named
    config = folder / "greatwheel.toml"
    config.write_text(
        f'[server]\ndata = "data"\n[database]\nurl = "{url}"\n[llm]\nmodel = "{chosen}"\n{more}', encoding="utf-8"
    )
    async with opened(load_settings(config)) as installation:
        org = orgs.new_org_id()
        async with installation.database.org(org) as conn:
            await orgs.create(conn, org, "plant")
            user = await users.create(conn, org, "tester", role="admin")
        yield Plant(folder=folder, installation=installation, org=org, user=user, model=model)
