"""`greatwheel chat`: talk with an agent."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from greatwheel.channels.cli.chat_lines import (
    Lines,
    Order,
    PipedLines,
    TerminalLines,
    Words,
    history_file,
    parse_line,
)
from greatwheel.channels.cli.chat_orders import Desk, carry_out
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
from greatwheel.core.errors import GreatwheelError
from greatwheel.runtime.contexts import read_paths


def chat_command(
    agent: Annotated[
        str | None,
        typer.Option("--agent", "-a", help="Whom to talk to; without, the triage agent.", autocompletion=agent_names),
    ] = None,
    session: Annotated[str | None, typer.Option("--session", "-s", help="A session to go on in.")] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="The model that answers.", autocompletion=model_names)
    ] = None,
    file: Annotated[
        list[Path] | None, typer.Option("--file", "-f", help="Context of the first message; may be repeated.")
    ] = None,
    instructions: InstructionsOption = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show code and output whole.")] = False,
    embedded: EmbeddedOption = False,
    server: NearServerOption = None,
    key: KeyOption = "",
    org: OrgOption = None,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print each event as a line of JSON.")] = False,
) -> None:
    """Talk with an agent: its words and steps are shown as they come, and its questions answered in place.

    With a server that was named, or that answers on this machine; else everything runs in this process. In a pipe each
    line is a message, or the answer to a question. /help shows what else can be typed.
    """
    where = nearest(Where(server=server, key=key, org=org, config=config), embedded=embedded)
    view: View = JsonView() if as_json else PersonsView(verbose=verbose)
    lines: Lines = TerminalLines(history_file(os.environ)) if sys.stdin.isatty() else PipedLines()
    context = read_paths(file) if file else None
    with reached(where, working=True) as client:
        desk = Desk(
            client=client,
            view=view,
            agent=agent,
            session=session,
            model=model,
            instructions=instructions_of(instructions),
            context=context,
        )
        if session is not None:
            desk.enter(session)
        elif agent is not None:
            client.call("GET", client.path("/api/agents/{}", agent))  # a wrong name is told before anything is typed
        done = _Chat(desk, lines).run()
    if not done and isinstance(lines, PipedLines):  # a person has seen it, a program reads the exit code
        raise typer.Exit(UNANSWERED)


class _Chat:
    """One conversation."""

    def __init__(self, desk: Desk, lines: Lines) -> None:
        self._desk = desk
        self._lines = lines
        self._good = True

    def run(self) -> bool:
        """Until the lines end or the person leaves; whether all that was asked was answered."""
        with suppress(KeyboardInterrupt):  # the second in a row, whenever it comes
            self._talk()
        return self._good

    def _talk(self) -> None:
        if self._desk.session is not None and not self._attach():
            return
        leaving = False
        while True:
            try:
                line = self._lines.read(f"{self._desk.whom} › ")
                leaving = False
                if line is None or not self._take(line):
                    return
            except KeyboardInterrupt:
                if leaving:
                    return
                leaving = True
                say("\nCtrl-C again leaves")
            except GreatwheelError as error:
                self._good = False
                self._desk.view.note(str(error), {"type": "error", "code": error.code, "message": str(error)})

    def _take(self, line: str) -> bool:
        """Do what a line says; False to leave."""
        given = parse_line(line)
        match given:
            case None:
                return True
            case Words(text):
                return self._ask(text)
            case Order("session", (_, *_)):
                return carry_out(self._desk, given) and self._attach()
            case _:
                return carry_out(self._desk, given)

    def _ask(self, text: str) -> bool:
        desk = self._desk
        task = submitted(desk.client, desk.order(text))
        desk.begun(task)
        desk.view.event("task.submitted", {"task_id": task["task_id"], "session_id": task["session_id"]})
        return self._follow(str(task["task_id"]))

    def _attach(self) -> bool:
        """See what the session is doing to its end, as `_follow`."""
        return all(self._follow(task_id) for task_id in self._desk.open_tasks())

    def _follow(self, task_id: str) -> bool:
        """See a task to its end; False when its question stays open, and nothing more is said."""
        ended = Watch(self._desk.client, self._desk.view, self._lines).follow(task_id)
        self._good = self._good and bool(ended)
        return ended is not None
