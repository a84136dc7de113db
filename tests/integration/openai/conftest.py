"""A whole installation at work: API under a real uvicorn, real workers and sandboxes; models are scripted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi import FastAPI
from openai import AsyncOpenAI

from greatwheel.channels.http.app import create_app
from greatwheel.core.ids import OrgId
from greatwheel.core.tasks import Task
from greatwheel.database.database import Database
from greatwheel.llm.port import ChatModel, ChatRequest
from greatwheel.registry.agents import DefineAgent, Inline
from greatwheel.server.assembly import Installation, assembled, opened_runner, work
from greatwheel.server.settings import Settings
from greatwheel.tenancy import api_keys, orgs, users
from greatwheel.tenancy.principal import Role
from greatwheel.tenancy.sealing import MasterKey, Sealer
from greatwheel.testing.models import ScriptedModel

from ..websocket.conftest import serving

AGENTS = {
    "talker": """
        def handle(task):
            channel.send("Looking it up.")
            return llm.complete(task["input"])
    """,
    "twice": """
        def handle(task):
            answer = llm.complete(task["input"])
            channel.send(answer)
            return answer
    """,
    "reader": """
        import json

        def handle(task):
            given = context if task["context"] else None
            return json.dumps([task["input"], given, task["instructions"]])
    """,
    "asker": """
        def handle(task):
            llm.complete("before")
            channel.send("I need to know something.")
            year = channel.ask("Which year?")
            llm.complete("after")
            return "It was " + year + "."
    """,
    "curious": """
        def handle(task):
            first = channel.ask("First?")
            channel.send("Thanks for " + first + ".")
            return first + " and " + channel.ask("Second?")
    """,
    "chooser": """
        def handle(task):
            return "You like " + channel.ask("Which one?", choices=["Tea", "Coffee"]) + "."
    """,
    "caller": """
        def handle(task):
            return "The asker said: " + agent.call("asker", "ask")
    """,
    "failing": """
        def handle(task):
            raise ValueError("no such luck")
    """,
    "counter": """
        def handle(task):
            global told
            try:
                told += 1
            except NameError:
                told = 1
            return str(told) + " " + ("with context" if task["context"] else "without")
    """,
}


@dataclass
class Mind:
    """What the model says, and when."""

    held: asyncio.Event = field(default_factory=asyncio.Event)
    """Requests that say `wait` are answered once it is set."""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once such a request has come."""
    requests: list[str] = field(default_factory=list)

    async def __call__(self, request: ChatRequest) -> str:
        """The reply."""
        last = request.messages[-1].content
        self.requests.append(last)
        if "wait" in last:
            self.asked.set()
            await self.held.wait()
        everything = "".join(message.content for message in request.messages)
        if "FINAL" in everything:  # a loop asks for code, whose first line is begun already
            return "\nFINAL('done')\n```" if "loop on" in everything else "\nprint(1)\n```"
        return f"I heard: {last}"


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A running installation."""

    installation: Installation
    app: FastAPI
    port: int
    mind: Mind
    org_id: OrgId
    key: str
    """An admin's."""

    @property
    def url(self) -> str:
        """Of the server."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, key: str | None = None) -> AsyncOpenAI:
        """OpenAI's own client."""
        return AsyncOpenAI(base_url=f"{self.url}/v1", api_key=key or self.key)

    async def tasks(self) -> list[Task]:
        """All tasks that nobody called, oldest first."""
        async with self.installation.database.org(self.org_id) as conn:
            found = await self.installation.tasks.list(conn)
        return [task for task in reversed(found) if task.parent_id is None]

    async def until(self, status: str) -> Task:
        """The first task, once it has that state."""
        async with asyncio.timeout(20):
            while (task := (await self.tasks())[0]).status != status:  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0.02)
        return task


async def new_key(database: Database, org_id: OrgId, name: str, role: Role) -> str:
    """A new user's key."""
    async with database.org(org_id) as conn:
        user_id = await users.create(conn, org_id, name, role=role)
        return (await api_keys.create(conn, org_id, user_id)).text


async def new_org(installation: Installation, name: str) -> tuple[OrgId, str]:
    """A new organisation with these agents, whose triage agent is `talker`; and its admin's key."""
    org_id = orgs.new_org_id()
    async with installation.database.org(org_id) as conn:
        await orgs.create(conn, org_id, name)
        await conn.execute("update orgs set triage_agent = 'talker'")
    for agent, source in AGENTS.items():
        lines = [line.removeprefix("        ") for line in source.splitlines()]
        await installation.registry.define(org_id, DefineAgent(name=agent, origin=Inline(source="\n".join(lines))))
    await installation.registry.define(org_id, DefineAgent(name="loop", budget={"steps": 2}))
    return org_id, await new_key(installation.database, org_id, "admin", "admin")


@pytest.fixture
async def wheel(database: Database, tmp_path: Path) -> AsyncIterator[Wheel]:
    """An installation at work."""
    settings = Settings.model_validate({"server": {"data": str(tmp_path)}})
    installation = assembled(settings, database, Sealer([MasterKey(secret=b"k" * 32)]))
    mind = Mind()

    async def opener(name: str | None) -> ChatModel:
        return ScriptedModel(mind)

    app, stop = create_app(installation), asyncio.Event()
    async with opened_runner(installation, opener=opener) as runner, serving(app) as (port, _):
        org_id, key = await new_org(installation, "acme")
        worker = asyncio.create_task(work(installation, runner, stop, concurrency=4))
        try:
            yield Wheel(installation=installation, app=app, port=port, mind=mind, org_id=org_id, key=key)
        finally:
            mind.held.set()
            stop.set()
            await worker
