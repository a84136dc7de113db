"""A worker that dies around a call of an MCP server's tool."""

from __future__ import annotations

import sys
from pathlib import Path

from greatwheel.database.database import Database
from greatwheel.runtime.postgres import PostgresStore, connector
from greatwheel.server.composition import open_engine
from greatwheel.tenancy.sealing import MasterKey, Sealer
from greatwheel.tenancy.secrets import SecretStore
from greatwheel.testing.models import ScriptedModel
from greatwheel.tools.configuration import parse_settings
from greatwheel.tools.mcp import McpServers
from greatwheel.tools.registry import ToolRegistry
from greatwheel.tools.services import ToolServices

from ..runtime.conftest import make_agent
from ..runtime.office import Dying, Office
from .conftest import SERVER

CODE = """
def handle(task):
    try:
        return tool.files_note(text="a line")
    except InDoubt:
        return "in doubt"
"""


async def test_an_effect_happens_once_or_is_in_doubt(database: Database, org_id: str, tmp_path: Path) -> None:
    """Killed before and after each write in turn: the server's effect is never repeated."""
    notes = tmp_path / "notes"
    declared = {"name": "files", "command": [sys.executable, str(SERVER), "stdio"], "env": {"NOTES": str(notes)}}
    servers = McpServers(parse_settings({"mcp_servers": [declared]}, "tools.toml"), database)
    sealer = Sealer([MasterKey(secret=b"k" * 32)])
    tools = ToolServices(tools=ToolRegistry(), db=database, secrets=SecretStore(sealer), more=servers)
    async with database.org(org_id) as conn:  # type: ignore[arg-type]
        await make_agent(conn, org_id)  # type: ignore[arg-type]
    engine = open_engine("monty")
    office = Office(
        database=database, org_id=org_id, sealer=sealer, engine=engine, outside=tools,  # type: ignore[arg-type]
        model=ScriptedModel(lambda request: "?"), source=CODE,
    )  # fmt: skip
    seen = set()
    try:
        for write in range(1, 9):
            for after in (False, True):
                notes.write_text("")
                seen.add((await survived(office, write, after), notes.read_text().count("a line")))
    finally:
        await engine.close()
        await servers.close()
    assert seen == {("noted", 1), ("in doubt", 0), ("in doubt", 1)}


async def survived(office: Office, write: int, after: bool) -> str | None:
    """What the task ends with when its first worker dies at that write."""
    task = await office.submit()
    dying = Dying(PostgresStore(connector(office.database.url)), left=write, after=after)
    try:
        task = await office.work(task, wrap=lambda store: dying)
    except Exception:
        await office.take_over(task)
        task = await office.work(task)
    else:
        if task.status != "done":
            await office.take_over(task)
            task = await office.work(task)
    assert task.status == "done", task.error
    return task.answer
