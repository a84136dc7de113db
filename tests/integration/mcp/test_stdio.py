"""`greatwheel mcp` as a process that an MCP client starts: against a server, and on an installation."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import TextResourceContents

from greatwheel.core.tasks import Task
from greatwheel.database.database import Database
from greatwheel.tenancy.first_start import ensure_first
from greatwheel.testing.servers import FakeModelServer

from .conftest import SERVER
from .test_server import MODES, Served, answered, served, text_of, while_calling

__all__ = ["served"]

COMMAND = [sys.executable, "-m", "greatwheel.channels.cli.app", "mcp"]
AGENT = """
def handle(task):
    channel.send("counting")
    return f"{task['input']} {tool.files_add(2, b=3)}"
"""
TOOLS = """
[[mcp_servers]]
name = "files"
command = {command}
env = {{ PID_FILE = "{pid_file}" }}
"""
SETTINGS = """
[server]
data = "{folder}/data"
[agents]
folder = "{folder}"
[tools]
file = "{folder}/tools.toml"
[llm]
model = "{model}"
"""


@asynccontextmanager
async def process(*arguments: str, **env: str) -> AsyncIterator[Any]:
    """The transport of a client that starts the command."""
    parameters = StdioServerParameters(command=COMMAND[0], args=[*COMMAND[1:], *arguments], env=env)
    with Path(os.devnull).open("w") as nowhere:  # noqa: ASYNC230 - it opens at once
        async with stdio_client(parameters, errlog=nowhere) as streams:
            yield streams


@MODES
async def test_a_server_is_spoken_to_through_a_process(served: Served, mode: str) -> None:
    """Tools, progress, questions, cancelling and resources are as over HTTP; a member sees their own alone."""
    admin = await served.organisation("acme")
    ada = await served.house.user(admin.org_id, "ada", "member")
    await admin.submit("the admin's")
    key = ada.client.headers["authorization"].removeprefix("Bearer ")
    told: list[str | None] = []
    tasks: list[Task] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append(message)

    async def ask() -> None:
        tasks.append(await served.begun(ada))
        await served.house.tell(tasks[0], "message.sent", text="half way")
        await served.house.ask(tasks[0], "Which colour?")

    async def finish() -> None:
        await served.house.end(await answered(served, admin, tasks[0]), answer="painted")

    async with Client(process("--server", served.url, GREATWHEEL_API_KEY=key), mode=mode, cache=None) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == {"worker", "answer", "wait"}
        call = client.call_tool("worker", {"input": "paint"}, progress_callback=note)
        waiting = await while_calling(call, ask)
        [question] = waiting.structured_content["questions"]
        arguments = {"task_id": question["task_id"], "answer": "red"}
        result = await while_calling(client.call_tool("answer", arguments), finish)
        assert text_of(result) == "painted"
        [resource] = (await client.list_resources()).resources
        [content] = (await client.read_resource(resource.uri)).contents
        assert isinstance(content, TextResourceContents)
        assert json.loads(content.text)["user_id"] == ada.user_id

        calling = asyncio.create_task(client.call_tool("worker", {"input": "more"}))
        task = await served.begun(ada, earlier=1)
        calling.cancel()
        await asyncio.wait({calling})
        for _ in range(100):
            if (await served.house.task(admin.org_id, task.task_id)).cancel_requested:
                break
            await asyncio.sleep(0.05)
        assert (await served.house.task(admin.org_id, task.task_id)).cancel_requested
    assert "half way" in told


async def test_an_installation_is_served_by_the_process_alone(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    """An MCP client asks an agent, which uses a tool of an MCP server: both are real processes, and end with it."""
    key = await ensure_first(database)
    assert key is not None
    pid_file = tmp_path / "pid"
    command = json.dumps([sys.executable, str(SERVER), "stdio"])
    with FakeModelServer(lambda request: "?") as model:
        texts = {
            "agents.toml": '[agents.counter]\nfile = "counter.py"\ndescription = "Counts."\n',
            "counter.py": AGENT,
            "tools.toml": TOOLS.format(command=command, pid_file=pid_file),
            "greatwheel.toml": SETTINGS.format(folder=tmp_path, model=f"{model.openai_url}#fake"),
        }
        for name, text in texts.items():
            (tmp_path / name).write_text(text)
        config = ("--config", str(tmp_path / "greatwheel.toml"))
        env = {"GREATWHEEL_API_KEY": key.text, "DATABASE_URL": database_url}
        async with asyncio.timeout(60), Client(process(*config, **env), cache=None) as client:
            tools = {tool.name: tool.description for tool in (await client.list_tools()).tools}
            assert tools["counter"] == "Counts."
            result = await client.call_tool("counter", {"input": "two and three are"})
            assert text_of(result) == "two and three are 5"
            assert result.structured_content["messages"] == ["counting"]
            started = int(pid_file.read_text())
            os.kill(started, 0)
        with pytest.raises(ProcessLookupError):
            os.kill(started, 0)


def test_a_key_that_is_worth_nothing_is_told_at_the_start(database_url: str, tmp_path: Path) -> None:
    """In one line on stderr, nothing on stdout."""
    rest = {name: value for name, value in os.environ.items() if not name.startswith("GREATWHEEL_")}
    (tmp_path / "greatwheel.toml").write_text(f'[server]\ndata = "{tmp_path}/data"\n')
    command = [*COMMAND, "--config", str(tmp_path / "greatwheel.toml")]
    for key, said in (("gwk_wrong", "unknown, revoked or expired"), ("", "An API key is needed")):
        env = rest | {"DATABASE_URL": database_url, "GREATWHEEL_API_KEY": key}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False, input="")
        assert done.returncode in (2, 77)
        assert said in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
