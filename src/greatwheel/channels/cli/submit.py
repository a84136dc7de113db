"""`greatwheel submit`: give an agent a task, and watch it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from greatwheel.channels.cli.chat_lines import TerminalLines, history_file
from greatwheel.channels.cli.chat_view import JsonView, PersonsView, View
from greatwheel.channels.cli.reach import (
    ConfigOption,
    EmbeddedOption,
    KeyOption,
    NearServerOption,
    OrgOption,
    Where,
    nearest,
    reached,
)
from greatwheel.channels.cli.suggestions import agent_names, model_names
from greatwheel.channels.cli.terminal import UNANSWERED, say
from greatwheel.channels.cli.watching import InstructionsOption, Watch, instructions_of, submitted
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
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="The model that does it.", autocompletion=model_names)
    ] = None,
    instructions: InstructionsOption = None,
    priority: Annotated[int, typer.Option(help="Higher ones go first.")] = 0,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the answer, or print the task's id.")] = True,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show code and output whole.")] = False,
    embedded: EmbeddedOption = False,
    server: NearServerOption = None,
    key: KeyOption = "",
    org: OrgOption = None,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print each event as a line of JSON.")] = False,
) -> None:
    """Give an agent a task, and watch it to its end. Ctrl-C cancels it.

    With a server that was named, or that answers on this machine; else everything runs in this process. A question is
    answered at the terminal; without one, or with --json, the task waits until somebody answers it elsewhere.
    """
    where = nearest(Where(server=server, key=key, org=org, config=config), embedded=embedded)
    given = {
        "agent": agent,
        "session_id": session,
        "model": model,
        "instructions": instructions_of(instructions),
        "context": read_paths(file) if file else None,
    }
    order = {"input": task, "priority": priority, **{name: value for name, value in given.items() if value is not None}}
    with reached(where, working=wait) as client:
        made = submitted(client, order)
        if not wait:
            print(json.dumps(made) if as_json else made["task_id"])
            return
        say(f"task {made['task_id']} in session {made['session_id']}")
        asks = sys.stdin.isatty() and not as_json
        lines = TerminalLines(history_file(os.environ)) if asks else None
        view: View = JsonView() if as_json else PersonsView(verbose=verbose)
        if not Watch(client, view, lines).follow(made["task_id"]):
            raise typer.Exit(UNANSWERED)
