"""`greatwheel tasks`: what agents are doing, and what to do about it."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer

from greatwheel.channels.cli.chat_lines import TerminalLines, history_file
from greatwheel.channels.cli.chat_view import JsonView, PersonsView, View
from greatwheel.channels.cli.reach import Where, placed, reached
from greatwheel.channels.cli.rows import JsonOption, Row, cut, moment, show, show_one, tell
from greatwheel.channels.cli.terminal import UNANSWERED
from greatwheel.channels.cli.watching import Watch, answer
from greatwheel.core.tasks import TaskStatus

tasks_app = typer.Typer(
    help="See tasks, follow them, answer their questions, try dead ones again, cancel.", no_args_is_help=True
)

TaskArgument = Annotated[str, typer.Argument(help="The task's id.")]
_INPUT_SHOWN = 60


@tasks_app.command("list")
@placed
def list_tasks(
    where: Where,
    status: Annotated[TaskStatus | None, typer.Option(help="Only those in this state.")] = None,
    session: Annotated[str | None, typer.Option(help="Only those of this session.")] = None,
    agent: Annotated[str | None, typer.Option(help="Only those of this agent.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Show tasks, newest first."""
    query = {"status": status, "session": session, "agent": agent, "limit": min(limit, 500)}
    with reached(where) as client:
        found = client.pages("/api/tasks", query, most=limit)
    show(found if as_json else [_brief(task) for task in found], as_json=as_json)


@tasks_app.command("show")
@placed
def show_task(
    where: Where,
    task: TaskArgument,
    as_json: JsonOption = False,
) -> None:
    """Show everything about a task."""
    _call("GET", task, "", where, as_json=as_json)


@tasks_app.command("retry")
@placed
def retry_task(
    where: Where,
    task: TaskArgument,
    as_json: JsonOption = False,
) -> None:
    """Queue a dead task again (it goes on where it was) or a failed one (it begins anew)."""
    _call("POST", task, "/retry", where, as_json=as_json)


@tasks_app.command("cancel")
@placed
def cancel_task(
    where: Where,
    task: TaskArgument,
    as_json: JsonOption = False,
) -> None:
    """Cancel a task and all that it started. What runs is stopped by its worker."""
    _call("POST", task, "/cancel", where, as_json=as_json)


@tasks_app.command("watch")
@placed
def watch_task(
    where: Where,
    task: TaskArgument,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show code and output whole.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print each event as a line of JSON.")] = False,
) -> None:
    """Follow a task to its end, from its beginning; its question is answered at the terminal. Ctrl-C cancels it."""
    lines = TerminalLines(history_file(os.environ)) if sys.stdin.isatty() and not as_json else None
    view: View = JsonView() if as_json else PersonsView(verbose=verbose)
    with reached(where) as client:
        client.call("GET", client.path("/api/tasks/{}", task))
        ended = Watch(client, view, lines).follow(task)
    if not ended:
        raise typer.Exit(UNANSWERED)


@tasks_app.command("questions")
@placed
def list_questions(
    where: Where,
    as_json: JsonOption = False,
) -> None:
    """Show the questions that wait for a person, oldest first."""
    with reached(where) as client:
        found = client.pages("/api/questions")
    show(found if as_json else [_asked(each) for each in found], as_json=as_json)


@tasks_app.command("answer")
@placed
def answer_task(
    where: Where,
    task: TaskArgument,
    text: Annotated[str, typer.Argument(metavar="ANSWER", help="The answer; one of the choices, if there are any.")],
    as_json: JsonOption = False,
) -> None:
    """Answer the question that a task has waited on longest; the task goes on."""
    with reached(where) as client:
        question = answer(client, task, text)
    tell(f"answered: {cut(question['question'], _INPUT_SHOWN)}", question, as_json=as_json)


def _asked(question: dict[str, Any]) -> Row:
    return {
        "task": question["task_id"],
        "agent": question["agent"],
        "asked": moment(question["asked_at"]),
        "question": question["question"],
        "choices": question["choices"],
    }


def _call(method: str, task: str, what: str, where: Where, *, as_json: bool) -> None:
    with reached(where) as client:
        found = client.call(method, client.path("/api/tasks/{}", task) + what)
    show_one(found, as_json=as_json)


def _brief(task: dict[str, Any]) -> Row:
    """A line of a table."""
    return {
        "task": task["task_id"],
        "status": "stopping" if task["cancel_requested"] and task["status"] == "running" else task["status"],
        "agent": task["agent"],
        "created": moment(task["created_at"]),
        "input": cut(task["input"], _INPUT_SHOWN),
        "error": task["error"],
    }
