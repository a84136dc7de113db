"""MCP server processes, and an organisation whose agents use them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from greatwheel.core.context import CallContext
from greatwheel.core.ids import AgentId, OrgId, RunId, SessionId, TaskId, UserId
from greatwheel.core.tasks import Task
from greatwheel.database.database import Database
from greatwheel.runtime.services import Effect, Read, ServiceCall, Varying
from greatwheel.tenancy import orgs, users
from greatwheel.tenancy.key_format import hash_session_key
from greatwheel.tenancy.sealing import MasterKey, Sealer
from greatwheel.tenancy.secrets import SecretStore
from greatwheel.tools.configuration import all_tools, parse_settings
from greatwheel.tools.mcp import McpServers
from greatwheel.tools.services import ToolServices

SERVER = Path(__file__).with_name("server.py")
SECRET = "swordfish-7421/x"


@contextmanager
def http_server(port: int = 0, **env: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server process and its address."""
    command = [sys.executable, str(SERVER), "http", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | env) as process:
        try:
            assert process.stdout is not None
            yield process, f"http://127.0.0.1:{int(process.stdout.readline())}/mcp"
        finally:
            process.kill()


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    """The address of a server that the module's tests share."""
    with http_server() as (_, url):
        yield url


@dataclass(kw_only=True)
class Tenant:
    """An organisation with a user, an agent and a session, in a worker that has these tools."""

    database: Database
    secrets: SecretStore
    settings: Mapping[str, Any]
    org_id: OrgId = field(default_factory=orgs.new_org_id)
    user_id: UserId = field(init=False)

    def __post_init__(self) -> None:
        settings = parse_settings(self.settings, "tools.toml")
        self.servers = McpServers(settings, self.database)
        tools = all_tools(settings)
        self.tools = ToolServices(tools=tools, db=self.database, secrets=self.secrets, more=self.servers)

    async def move_in(self, name: str) -> None:
        """Make the rows."""
        async with self.database.org(self.org_id) as conn:
            await orgs.create(conn, self.org_id, name)
            self.user_id = await users.create(conn, self.org_id, "ada")
            await conn.execute(
                "insert into agent_defs (org_id, agent_id, name, source_kind) values (%s, 'agt_1', 'helper', 'bare')",
                (self.org_id,),
            )
            await conn.execute(
                "insert into sessions (org_id, session_id, user_id, agent_id, seed, session_key)"
                " values (%s, 'ses_1', %s, 'agt_1', 1, %s)",
                (self.org_id, self.user_id, hash_session_key(f"gws_{name}")),
            )
            await self.secrets.put(conn, self.org_id, "TOKEN", SECRET)

    def asked(self, name: str, *args: Any, **kwargs: Any) -> ServiceCall:
        task = Task(
            org_id=self.org_id, user_id=self.user_id, agent_id=AgentId("agt_1"), agent_version=1, kind="agent",
            input="", status="running", task_id=TaskId("tsk_1"), session_id=SessionId("ses_1"),
        )  # fmt: skip
        context = CallContext(
            session_id=SessionId("ses_1"), run_id=RunId("tsk_1"), organisation=self.org_id, user_id=self.user_id
        )
        return ServiceCall(context=context, task=task, seq=1, name=f"tool.{name}", args=args, kwargs=kwargs)

    async def kind(self, name: str) -> Read | Effect:
        """The service that a call of the tool is."""
        service = self.tools.find(f"tool.{name}")
        if isinstance(service, Varying):
            service = await service.choose(self.asked(name))
        assert isinstance(service, Read | Effect)
        return service

    async def told(self) -> dict[str, str]:
        """What models are told of the tools: their descriptions by the lines of their calls."""
        return {each.call: each.description for each in (await self.tools.listed(self.asked("x").task)).tools}

    async def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """What the tool gives."""
        return await (await self.kind(name)).handle(self.asked(name, *args, **kwargs))


@pytest.fixture
async def tenants(database: Database) -> AsyncIterator[Any]:
    """Makes organisations in workers with given tools."""
    made: list[Tenant] = []
    secrets = SecretStore(Sealer([MasterKey(b"k" * 32)]))

    async def make(name: str = "acme", **settings: Any) -> Tenant:
        tenant = Tenant(database=database, secrets=secrets, settings=settings)
        await tenant.move_in(name)
        made.append(tenant)
        return tenant

    yield make
    for tenant in made:
        await tenant.servers.close()


def stdio(name: str = "files", **more: Any) -> dict[str, Any]:
    """The declaration of the server as a command."""
    return {"name": name, "command": [sys.executable, str(SERVER), "stdio"], **more}
