"""Tools as services: permission, schema, secrets and cleaning of each call, against Postgres and a real server."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from greatwheel.core.context import CallContext
from greatwheel.core.errors import InDoubt, KeyRefused, NotAvailable, PermissionDenied, ToolFailed
from greatwheel.core.ids import AgentId, OrgId, RunId, SessionId, TaskId, UserId
from greatwheel.core.tasks import Task
from greatwheel.database.database import Database
from greatwheel.memory.postgres import PostgresMemory
from greatwheel.memory.services import MemoryServices
from greatwheel.runtime.services import Effect, Read, Record, ServiceCall
from greatwheel.tenancy import orgs, session_keys, users
from greatwheel.tenancy.key_format import hash_session_key
from greatwheel.tenancy.sealing import MasterKey, Sealer
from greatwheel.tenancy.secrets import SecretStore
from greatwheel.tenancy.users import UserChange
from greatwheel.tools.addresses import parse_network
from greatwheel.tools.functions import FunctionTool, tool
from greatwheel.tools.http import HttpTool, HttpToolSettings
from greatwheel.tools.port import Invocation
from greatwheel.tools.registry import ToolRegistry
from greatwheel.tools.services import ToolServices

from .conftest import EchoServer

MARKED = "marked+secret/4711&value"
Caller = Callable[..., Awaitable[Any]]


@tool(kind="read")
def add(one: int, other: int = 1) -> int:
    """Adds."""
    return one + other


@tool(kind="effect", repeatable=True, secrets=("KEY",))
def leak(how: str, invocation: Invocation) -> Any:
    """Gives the secret away in every way there is."""
    secret = invocation.secrets["KEY"]
    match how:
        case "result":
            return {"deep": [secret, {secret: 1}]}
        case "value":
            raise ValueError(f"bad {secret}")
        case "key":
            raise KeyError(secret)
        case "json":
            raise json.JSONDecodeError(f"no JSON: {secret}", secret, 0)
        case "doubt":
            raise InDoubt(f"perhaps {secret}")
        case "refused":
            raise ToolFailed(f"not with {secret}")
        case "exit":
            sys.exit(secret)
        case _:
            raise OSError(f"cannot reach https://user:{secret}@host")


@tool(kind="read")
def flood(kind: str) -> Any:
    """Gives too much."""
    return "x" * 300_000 if kind == "text" else ["x"] * 300_000


@tool(kind="effect")
def pour() -> list[str]:
    """Does something, and gives too much."""
    return ["x"] * 300_000


@tool(kind="read")
def look(kind: str) -> str:
    """Fails to read."""
    raise {"key": KeyError, "json": UnicodeError}.get(kind, OSError)("in the middle")


class Tenant:
    """One organisation, and calls by its user's task."""

    def __init__(self, database: Database, tools: ToolServices, org_id: OrgId, user_id: UserId) -> None:
        self.database, self.tools, self.org_id, self.user_id = database, tools, org_id, user_id
        self.agent_id = AgentId("agt_1")

    def service_call(self, name: str, *args: Any, **kwargs: Any) -> ServiceCall:
        ids = {"task_id": TaskId("tsk_1"), "session_id": SessionId("ses_1"), "root_id": TaskId("tsk_1")}
        task = Task(
            org_id=self.org_id, user_id=self.user_id, agent_id=self.agent_id, agent_version=1, kind="agent", input="",
            status="running", **ids,  # type: ignore[arg-type]
        )  # fmt: skip
        context = CallContext(
            session_id=SessionId("ses_1"), run_id=RunId("tsk_1"), organisation=self.org_id, user_id=self.user_id
        )
        return ServiceCall(context=context, task=task, seq=7, name=name, args=args, kwargs=kwargs)

    async def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        service = self.tools.find(f"tool.{name}")
        assert isinstance(service, Read | Effect)
        return await service.handle(self.service_call(f"tool.{name}", *args, **kwargs))


@pytest.fixture
async def tenant(database: Database, echo: EchoServer) -> Tenant:
    """An organisation with a user, an agent and the secret KEY."""
    asking = HttpToolSettings.model_validate(
        {
            "name": "ask",
            "description": "Asks.",
            "url": echo.url + "/echo?key={secret:KEY}&q={q}",
            "method": "POST",
            "headers": {"Authorization": "Bearer {secret:KEY}"},
            "body": {"key": "{secret:KEY}"},
            "parameters": {"q": "string"},
            "result": "text",
        }
    )
    lacking = HttpToolSettings(name="lacking", description="", url=echo.url, headers={"X": "{secret:OTHER_KEY}"})
    loopback = [parse_network("127.0.0.1")]
    registry = ToolRegistry(
        [
            *map(FunctionTool, (add, leak, flood, pour, look)),
            HttpTool(asking, loopback),
            HttpTool(lacking, loopback),
            HttpTool(asking.model_copy(update={"name": "outside"})),
        ]
    )
    store = SecretStore(Sealer([MasterKey(os.urandom(32))]))
    org_id = orgs.new_org_id()
    async with database.org(org_id) as conn:
        await orgs.create(conn, org_id, "acme")
        user_id = await users.create(conn, org_id, "ada")
        await conn.execute(
            "insert into agent_defs (org_id, agent_id, name, source_kind) values (%s, 'agt_1', 'helper', 'bare')",
            (org_id,),
        )
        await conn.execute(
            "insert into sessions (org_id, session_id, user_id, agent_id, seed, session_key)"
            " values (%s, 'ses_1', %s, 'agt_1', 1, %s)",
            (org_id, user_id, hash_session_key("gws_key")),
        )
        await store.put(conn, org_id, "KEY", MARKED)
    return Tenant(database, ToolServices(tools=registry, db=database, secrets=store), org_id, user_id)


async def test_each_tool_has_its_kind_of_service(tenant: Tenant) -> None:
    """Reads may be repeated, effects only when they say so, and other names are no business of tools."""
    assert isinstance(tenant.tools.find("tool.add"), Read)
    assert tenant.tools.find("memory.store") is None
    kinds = {name: tenant.tools.find(f"tool.{name}") for name in ("leak", "ask", "authorized_action")}
    assert {name: found.repeatable for name, found in kinds.items() if isinstance(found, Effect)} == {
        "leak": True,
        "ask": False,
        "authorized_action": False,
    }


async def test_a_call_gives_the_tools_result(tenant: Tenant) -> None:
    """A tool is called by its name, or by authorized_action with a name and arguments."""
    assert await tenant.call("add", 2, other=3) == 5
    assert await tenant.call("authorized_action", action="add", params={"one": 4}) == 5
    assert await tenant.call("authorized_action", action="tool.add", params={"one": 4}) == 5


async def test_a_call_that_does_not_fit_is_told_clearly(tenant: Tenant) -> None:
    """Unknown tools, wrong arguments and results that are too long each have their error."""
    with pytest.raises(NotAvailable, match="'ad'; there is add"):
        await tenant.call("ad", 1)
    for name in ("x" * 5_000_000, "far_" + "x" * 5_000_000):
        with pytest.raises(NotAvailable, match=r"no tool of 5,000,00\d characters"):
            await tenant.call("authorized_action", action=name)
    with pytest.raises(TypeError, match="needs one"):
        await tenant.call("add")
    with pytest.raises(ValueError, match="'x' is not of type 'integer'"):
        await tenant.call("authorized_action", action="add", params={"one": "x"})
    with pytest.raises(TypeError, match="params is a dict"):
        await tenant.call("authorized_action", action="add", params=[1])
    with pytest.raises(TypeError, match="needs action"):
        await tenant.call("authorized_action", action=None)
    with pytest.raises(ToolFailed, match="are passed on"):
        await tenant.call("flood", "list")
    assert (await tenant.call("flood", "text")).endswith("[cut: the result has 300,000 characters]")
    poured = await tenant.call("pour")
    assert poured.startswith('["x", "x", ')
    assert poured.endswith("[cut: the result has 1,500,000 characters]")
    for kind, error in (("key", KeyError), ("json", ValueError), ("other", ToolFailed)):
        with pytest.raises(error, match="in the middle"):
            await tenant.call("look", kind)


async def test_a_missing_permission_is_named_before_anything_happens(tenant: Tenant, echo: EchoServer) -> None:
    """Neither by its name nor by authorized_action is a tool called without the user's and the agent's grant."""
    async with tenant.database.org(tenant.org_id) as conn:
        await users.update(conn, tenant.user_id, UserChange(deny=["as*"]))
    with pytest.raises(PermissionDenied, match="ask is denied to the user"):
        await tenant.call("ask", "?")
    async with tenant.database.org(tenant.org_id) as conn:
        await users.update(conn, tenant.user_id, UserChange(deny=[]))
        await conn.execute("update agent_defs set tools = '{add}'")
    with pytest.raises(PermissionDenied, match="ask is not granted to the agent"):
        await tenant.call("authorized_action", action="ask", params={"q": "?"})
    assert await tenant.call("add", 1) == 2
    assert echo.received == []


async def test_a_revoked_session_key_ends_all_calls(tenant: Tenant, echo: EchoServer) -> None:
    """Once a session's key is taken away, its next call is refused, before anything happens."""
    assert await tenant.call("add", 1) == 2
    async with tenant.database.org(tenant.org_id) as conn:
        await session_keys.revoke(conn, SessionId("ses_1"))
    for name, argument in (("add", 1), ("ask", "?")):
        with pytest.raises(KeyRefused):
            await tenant.call(name, argument)
    assert echo.received == []


async def test_a_secret_that_the_organisation_lacks_is_named(tenant: Tenant, echo: EchoServer) -> None:
    """A tool whose secret was never set says which, and asks nobody."""
    with pytest.raises(NotAvailable, match="secrets set OTHER_KEY"):
        await tenant.call("lacking")
    assert echo.received == []


async def test_a_private_address_is_refused_through_the_service(tenant: Tenant, echo: EchoServer) -> None:
    """A tool whose networks are not allowed reaches nothing on this machine."""
    with pytest.raises(ToolFailed, match="not public"):
        await tenant.call("outside", "?")
    assert echo.received == []


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        *(("value", ValueError), ("doubt", InDoubt), ("refused", ToolFailed)),
        *((how, InDoubt) for how in ("key", "json", "exit", "other")),
    ],
)
async def test_an_error_of_a_tool_is_cleaned_and_keeps_its_kind(
    tenant: Tenant, how: str, kind: type[Exception]
) -> None:
    """Without the secret. Of an effect whose library failed in the middle nobody knows whether it was done."""
    with pytest.raises(kind) as raised:
        await tenant.call("leak", how)
    assert "[secret KEY]" in str(raised.value)
    assert MARKED not in str(raised.value)
    assert raised.value.__cause__ is None


async def test_a_marked_secret_is_found_nowhere(
    tenant: Tenant, echo: EchoServer, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A secret that tools use and servers echo is in no result, table, log line or file afterwards."""
    caplog.set_level(logging.DEBUG)
    memory = MemoryServices(store=PostgresMemory(), db=tenant.database)
    said = [await tenant.call("ask", "what is {secret:KEY}?"), await tenant.call("leak", "result")]
    for how in ("value", "other"):
        with pytest.raises((ValueError, InDoubt)) as raised:
            await tenant.call("leak", how)
        said.append(str(raised.value))
    storing = memory.find("memory.store")
    assert isinstance(storing, Record)
    async with tenant.database.org(tenant.org_id) as conn:
        await storing.handle(conn, tenant.service_call("memory.store", key="said", value=said))
    assert MARKED in str(echo.received)
    seen = {"said": repr(said), "log": caplog.text, **dump(database_url)}
    seen |= {str(file): file.read_bytes().decode("latin-1") for file in tmp_path.rglob("*") if file.is_file()}
    assert "what is" in seen["memories"]
    forms = (MARKED, "marked%2Bsecret", "marked+secret", MARKED.encode().hex())
    assert [place for place, text in seen.items() for form in forms if form in text] == []


def dump(database_url: str) -> dict[str, str]:
    """Every table's rows as text, for the superuser, whom no policy holds."""
    with psycopg.connect(database_url, autocommit=True) as conn:
        tables = conn.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        return {
            table: "\n".join(row[0] for row in conn.execute(f'select t::text from "{table}" t').fetchall())  # type: ignore[arg-type]
            for (table,) in tables
        }
