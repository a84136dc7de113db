"""`greatwheel submit`: give a task to a server, and watch it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from greatwheel.channels.cli.client import ApiClient
from greatwheel.channels.cli.reach import USUAL_SERVER
from greatwheel.channels.cli.suggestions import agent_names
from greatwheel.channels.cli.terminal import UNANSWERED, safe, say
from greatwheel.core.errors import BadInput, NotFound
from greatwheel.runtime.contexts import read_paths


def submit_command(
    task: Annotated[str, typer.Argument(help="What is to be done.")],
    agent: Annotated[
        str | None,
        typer.Option(help="Who is to do it; without, the session's or the triage agent.", autocompletion=agent_names),
    ] = None,
    file: Annotated[
        list[Path] | None, typer.Option("--file", "-f", help="A text, CSV or JSON file, or a folder; may be repeated.")
    ] = None,
    session: Annotated[str | None, typer.Option(help="A session to go on in.")] = None,
    priority: Annotated[int, typer.Option(help="Higher ones go first.")] = 0,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the answer, or print the task's id.")] = True,
    server: Annotated[str, typer.Option(envvar="GREATWHEEL_URL", help="The server's address.")] = USUAL_SERVER,
    key: Annotated[str, typer.Option(envvar="GREATWHEEL_API_KEY", help="Your API key.", show_default=False)] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print each event as a line of JSON.")] = False,
) -> None:
    """Give a task to a server, and watch it to its end."""
    if not key:
        raise BadInput("An API key is needed: put it into GREATWHEEL_API_KEY.")
    order = {"input": task, "agent": agent, "session_id": session, "priority": priority}
    client = ApiClient(server, key)
    try:
        made = client.call("POST", "/api/tasks", order | {"context": read_paths(file) if file else None})
        if not wait:
            print(json.dumps(made) if as_json else made["task_id"])
            return
        say(f"task {made['task_id']} in session {made['session_id']}")
        for kind, data in client.events(made["task_id"]):
            if as_json:
                print(json.dumps({"type": kind, **data}), flush=True)
            else:
                _show(kind, data)
            if kind == "question.asked" and not as_json and sys.stdin.isatty():
                _answer(client, made["task_id"], data)
            if kind == "task.ended":
                _end(data, as_json=as_json)
    finally:
        client.close()


def _show(kind: str, data: Mapping[str, Any]) -> None:
    match kind:
        case "message.sent":
            say(f"says: {data['text']}")
        case "question.asked":
            choices = f" ({', '.join(data['choices'])})" if data["choices"] else ""
            say(f"asks: {data['question']}{choices}")
        case "step.completed":
            say(f"step {data['step']}: {data['outcome']}")
        case _:
            pass  # of interest to programs


def _answer(client: ApiClient, task_id: str, asked: Mapping[str, Any]) -> None:
    """Have the person answer; an answer that is none of the choices is asked for again."""
    while True:
        text = typer.prompt("answer", err=True)
        try:
            client.call("POST", f"/api/tasks/{task_id}/answer", {"answer": text, "call": asked["call"]})
        except BadInput as error:
            say(str(error))
        except NotFound as error:  # answered elsewhere, or too late
            say(str(error))
            return
        else:
            return


def _end(task: Mapping[str, Any], *, as_json: bool) -> None:
    if task["answer"] is not None and not as_json:
        print(safe(task["answer"]))
    if task["status"] != "done" or task["outcome"] != "answered":
        say(f"{task['status']}: {task['error'] or task['outcome']}")
        raise typer.Exit(UNANSWERED)
