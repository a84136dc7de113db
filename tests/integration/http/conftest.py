"""The API on a real Postgres, called in this process; a worker is played by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from psycopg.types.json import Jsonb

from greatwheel.channels.http.app import create_app
from greatwheel.core.ids import OrgId, TaskId, UserId
from greatwheel.core.tasks import Ending, Task
from greatwheel.database.connection import OrgConnection
from greatwheel.database.database import Database
from greatwheel.memory.postgres import PostgresMemory
from greatwheel.registry.registry import Registry, RegistrySettings
from greatwheel.runtime.contexts import checked
from greatwheel.runtime.keeping import keep_context
from greatwheel.scheduler.submission import Submission
from greatwheel.scheduler.tasks import TaskStore
from greatwheel.tenancy import api_keys, orgs, users
from greatwheel.tenancy.principal import Role
from greatwheel.tenancy.sealing import MasterKey, Sealer
from greatwheel.tenancy.secrets import SecretStore

SOURCE = "def handle(task):\n    return 1\n"


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the API works with."""

    database: Database
    tasks: TaskStore
    registry: Registry
    secrets: SecretStore
    sealer: Sealer
    memory: PostgresMemory


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A user with a key."""

    org_id: OrgId
    user_id: UserId
    client: httpx.AsyncClient

    async def __call__(self, method: str, path: str, status: int = 200, **request: Any) -> Any:
        """The JSON that a call gives."""
        answer = await self.client.request(method, path, **request)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.json() if answer.content else None

    async def submit(self, text: str = "do it", **order: Any) -> dict[str, Any]:
        """A new task of the agent `worker`."""
        made: dict[str, Any] = await self("POST", "/api/tasks", 202, json={"input": text, "agent": "worker", **order})
        return made


@dataclass(kw_only=True)
class House:
    """An installation with its API."""

    app: FastAPI
    parts: Parts
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    def client(self, key: str | None = None, address: str = "10.0.0.1") -> httpx.AsyncClient:
        """Somebody who calls the API."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(address, 1))
        headers = {"authorization": f"Bearer {key}"} if key else {}
        client = httpx.AsyncClient(transport=transport, base_url="http://wheel", headers=headers)
        self.clients.append(client)
        return client

    async def user(self, org_id: OrgId, name: str, role: Role) -> Caller:
        """A new user of the organisation."""
        async with self.parts.database.org(org_id) as conn:
            user_id = await users.create(conn, org_id, name, role=role)
            key = await api_keys.create(conn, org_id, user_id)
        return Caller(org_id=org_id, user_id=user_id, client=self.client(key.text))

    async def organisation(self, name: str) -> Caller:
        """The admin of a new organisation, which has the agent `worker`."""
        org_id = orgs.new_org_id()
        async with self.parts.database.org(org_id) as conn:
            await orgs.create(conn, org_id, name)
        admin = await self.user(org_id, "admin", "admin")
        await admin("POST", "/api/agents", 201, json={"name": "worker", "source": SOURCE})
        return admin

    async def task(self, org_id: OrgId, task_id: str) -> Task:
        """The task as it stands."""
        async with self.parts.database.org(org_id) as conn:
            return await self.parts.tasks.get(conn, TaskId(task_id))

    async def begin(self, org_id: OrgId, task_id: str) -> Task:
        """What a worker does first."""
        async with self.parts.database.org(org_id) as conn:
            await conn.execute("delete from procrastinate_jobs where args ->> 'task' = %s", (task_id,))
            task = await self.parts.tasks.claim(conn, TaskId(task_id))
        assert task is not None
        return task

    async def end(self, task: Task, status: str = "done", **ending: Any) -> None:
        """What a worker does last."""
        async with self.parts.database.org(task.org_id) as conn:
            await self.parts.tasks.finish(conn, task, Ending(status=status, **ending))  # type: ignore[arg-type]

    async def tell(self, task: Task | Mapping[str, Any], kind: str, org_id: OrgId | None = None, **data: Any) -> None:
        """An event of the task."""
        org, task_id = (task.org_id, task.task_id) if isinstance(task, Task) else (org_id, task["task_id"])
        assert org is not None
        async with self.parts.database.org(org) as conn:
            await tell(conn, org, task_id, kind, data)

    async def ask(self, task: Task, question: str, seq: int = 1, choices: list[str] | None = None) -> None:
        """The running task asks a person, and waits."""
        async with self.parts.database.org(task.org_id) as conn:
            await conn.execute(
                "insert into host_calls (org_id, task_id, seq, step, name, digest, state, request)"
                " values (%s, %s, %s, 1, 'channel.ask', '', 'waiting', 'x')",
                (task.org_id, task.task_id, seq),
            )
            data = {"question": question, "choices": choices, "call": seq}
            await tell(conn, task.org_id, task.task_id, "question.asked", data)
            await self.parts.tasks.wait(conn, task)


async def tell(conn: OrgConnection, org_id: OrgId, task_id: str, kind: str, data: Mapping[str, Any]) -> None:
    """Write an event."""
    await conn.execute(
        "insert into task_events (org_id, task_id, type, data) values (%s, %s, %s, %s)",
        (org_id, task_id, kind, Jsonb(dict(data))),
    )


def parts_of(database: Database, folder: Path) -> Parts:
    """The parts of an installation on that database."""
    sealer = Sealer([MasterKey(secret=b"k" * 32)])

    async def keep(conn: OrgConnection, org: OrgId, context: Any) -> bytes:
        return await keep_context(conn, org, sealer, checked(context))

    return Parts(
        database=database,
        tasks=TaskStore(Submission(keep=keep)),
        registry=Registry(database, RegistrySettings(folder=folder)),
        secrets=SecretStore(sealer),
        sealer=sealer,
        memory=PostgresMemory(),
    )


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    """An installation and its API."""
    parts = parts_of(database, tmp_path)
    app = create_app(parts)
    house = House(app=app, parts=parts)
    async with app.router.lifespan_context(app):
        yield house
    for client in house.clients:
        await client.aclose()


@pytest.fixture
async def admin(house: House) -> Caller:
    """The admin of an organisation with the agent `worker`."""
    return await house.organisation("acme")


@pytest.fixture
async def member(house: House, admin: Caller) -> Caller:
    """A member of the same organisation."""
    return await house.user(admin.org_id, "ada", "member")


@pytest.fixture
async def stranger(house: House) -> Caller:
    """The admin of another organisation."""
    return await house.organisation("other")


Make = Callable[..., Any]
