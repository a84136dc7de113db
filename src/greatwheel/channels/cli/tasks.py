"""`greatwheel tasks`: what agents are doing, and what to do about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from greatwheel.channels.cli.tenants import ConfigOption, JsonOption, OrgOption, Row, facts, in_org, show
from greatwheel.core.ids import SessionId, TaskId
from greatwheel.core.tasks import Task, TaskStatus
from greatwheel.database.connection import OrgConnection
from greatwheel.scheduler.tasks import TaskStore
from greatwheel.server.assembly import task_store
from greatwheel.server.deployment import sealer_of
from greatwheel.server.settings import load_settings
from greatwheel.tenancy.first_start import FIRST_ORG
from greatwheel.tenancy.orgs import Org

tasks_app = typer.Typer(help="See tasks, try dead ones again, cancel.", no_args_is_help=True)

TaskArgument = Annotated[str, typer.Argument(help="The task's id.")]
_BYTES = ("context", "boundary", "snapshot")
_INPUT_SHOWN = 60

_Result = TypeVar("_Result")


@tasks_app.command("list")
def list_tasks(
    status: Annotated[TaskStatus | None, typer.Option(help="Only those in this state.")] = None,
    session: Annotated[str | None, typer.Option(help="Only those of this session.")] = None,
    agent: Annotated[str | None, typer.Option(help="Only those of this agent.")] = None,
    after: Annotated[str | None, typer.Option(help="The next page: those older than this task.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    org: OrgOption = FIRST_ORG,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show tasks, newest first."""

    async def listed(conn: OrgConnection, tasks: TaskStore) -> list[Task]:
        return await tasks.list(
            conn,
            status=status,
            session=SessionId(session) if session else None,
            agent=agent,
            after=TaskId(after) if after else None,
            limit=limit,
        )

    found = _with_tasks(config, org, listed)
    show([_whole(task) if as_json else _brief(task) for task in found], as_json=as_json)


@tasks_app.command("show")
def show_task(
    task: TaskArgument, org: OrgOption = FIRST_ORG, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Show everything about a task."""
    found = _with_tasks(config, org, lambda conn, tasks: tasks.get(conn, TaskId(task)))
    _show_one(found, as_json=as_json)


@tasks_app.command("retry")
def retry_task(
    task: TaskArgument, org: OrgOption = FIRST_ORG, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Queue a dead task again (it goes on where it was) or a failed one (it begins anew)."""
    found = _with_tasks(config, org, lambda conn, tasks: tasks.retry(conn, TaskId(task)))
    _show_one(found, as_json=as_json)


@tasks_app.command("cancel")
def cancel_task(
    task: TaskArgument, org: OrgOption = FIRST_ORG, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Cancel a task and all that it started. What runs is stopped by its worker."""
    found = _with_tasks(config, org, lambda conn, tasks: tasks.cancel(conn, TaskId(task)))
    _show_one(found, as_json=as_json)


def _with_tasks(
    config: Path | None, org: str, work: Callable[[OrgConnection, TaskStore], Awaitable[_Result]]
) -> _Result:
    settings = load_settings(config)
    tasks = task_store(settings, sealer_of(settings))

    async def done(conn: OrgConnection, org: Org) -> _Result:
        return await work(conn, tasks)

    return in_org(config, org, done)


def _whole(task: Task) -> Row:
    """All of a task, the stored bytes left out."""
    return facts(task, *_BYTES)


def _brief(task: Task) -> Row:
    """A line of a table."""
    text = " ".join(task.input.split())
    return {
        "task": task.task_id,
        "status": "stopping" if task.cancel_requested and task.status == "running" else task.status,
        "agent": task.path[-1] if task.path else "",
        "created": task.created_at,
        "input": text if len(text) <= _INPUT_SHOWN else f"{text[: _INPUT_SHOWN - 1]}…",
        "error": task.error,
    }


def _show_one(task: Task, *, as_json: bool) -> None:
    whole = _whole(task)
    if as_json:
        show([whole], as_json=True)
        return
    show([{"field": name, "value": str(value)} for name, value in whole.items() if value is not None], as_json=False)
