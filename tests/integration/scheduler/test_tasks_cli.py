"""`greatwheel tasks`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from greatwheel.channels.cli.app import app
from greatwheel.core.errors import Conflict, NotFound
from greatwheel.database.database import Database
from greatwheel.scheduler.port import ChildOrder

from .office import make_office


def test_tasks_are_listed_shown_retried_and_cancelled(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead task is found by its state, shown with its reason, queued again by hand, and cancelled; a part of another
    one is retried with that."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("GREATWHEEL_SERVER__DATA", str(tmp_path))
    run = CliRunner()

    async def dead_task() -> tuple[str, str]:
        database = await Database.open(database_url, folder=tmp_path)
        office = await make_office(database, "acme")
        await office.submit(text="of another kind")
        task = await office.started(text="words\nand more words")
        async with office.conn() as conn:
            [part] = await office.tasks.submit_children(conn, task, 1, [ChildOrder(input="part")])
        await office.finish(await office.claim(part), "failed", error="ValueError: no")
        await office.finish(task, "dead", error="its model is gone")
        await database.close()
        return task.task_id, part.task_id

    def tasks(*arguments: str) -> str:
        result = run.invoke(app, ["tasks", *arguments, "--org", "acme"], catch_exceptions=False)
        assert result.exit_code == 0
        return result.stdout

    def rows(*arguments: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(tasks(*arguments, "--json"))
        return found

    def status(*arguments: str) -> str:
        return str(json.loads(tasks(*arguments, "--json"))["status"])

    dead, part = asyncio.run(dead_task())
    assert len(rows("list")) == 3
    assert len(rows("list", "--limit", "2")) == 2
    with pytest.raises(Conflict, match=f"The task {part} is a part of {dead}, .* retry that one"):
        tasks("retry", part)
    assert [row["task_id"] for row in rows("list", "--status", "dead")] == [dead]
    assert "its model is gone" in tasks("show", dead)
    assert dead in tasks("list", "--agent", "a0")
    assert status("retry", dead) == "queued"
    assert status("show", dead) == "admitted"
    assert status("cancel", dead) == "cancelled"
    with pytest.raises(Conflict, match="cancelled"):
        tasks("retry", dead)
    with pytest.raises(NotFound):
        tasks("show", "tsk_none")
