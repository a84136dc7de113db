"""`greatwheel chat`: talk with an agent."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from greatwheel.channels.cli.chat_lines import Lines, PipedLines, TerminalLines, Words, history_file, parse_line
from greatwheel.channels.cli.chat_orders import Desk, carry_out
from greatwheel.channels.cli.chat_view import JsonView, PersonsView, View, answered
from greatwheel.channels.cli.client import ApiClient
from greatwheel.channels.cli.following import cancelled_by_ctrl_c
from greatwheel.channels.cli.reach import USUAL_SERVER, ConfigOption, KeyOption, OrgOption, Where, answers, reached
from greatwheel.channels.cli.suggestions import agent_names, model_names
from greatwheel.channels.cli.terminal import UNANSWERED, say
from greatwheel.core.errors import BadInput, GreatwheelError, NotFound
from greatwheel.core.ids import new_id
from greatwheel.runtime.contexts import read_paths

ServerOption = Annotated[
    str | None,
    typer.Option(
        "--server", envvar="GREATWHEEL_URL", help="A server's address; without, this machine's, else none is needed."
    ),
]

_CANCEL = "/cancel"


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
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show code and output whole.")] = False,
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Use this machine's installation, whatever server there is.")
    ] = False,
    server: ServerOption = None,
    key: KeyOption = "",
    org: OrgOption = None,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print each event as a line of JSON.")] = False,
) -> None:
    """Talk with an agent: its words and steps are shown as they come, and its questions answered in place.

    With a server that was named, or that answers on this machine; else everything runs in this process. In a pipe each
    line is a message, or the answer to a question. /help shows what else can be typed.
    """
    where = _place(Where(server=server, key=key, org=org, config=config), embedded=embedded)
    view: View = JsonView() if as_json else PersonsView(verbose=verbose)
    lines: Lines = TerminalLines(history_file(os.environ)) if sys.stdin.isatty() else PipedLines()
    context = read_paths(file) if file else None
    with reached(where, working=True) as client:
        desk = Desk(client=client, view=view, agent=agent, session=session, model=model, context=context)
        if session is not None:
            desk.enter(session)
        elif agent is not None:
            client.call("GET", client.path("/api/agents/{}", agent))  # a wrong name is told before anything is typed
        done = _Chat(desk, lines).run()
    if not done and isinstance(lines, PipedLines):  # a person has seen it, a program reads the exit code
        raise typer.Exit(UNANSWERED)


def _place(where: Where, *, embedded: bool) -> Where:
    """Which installation: the server that was named, this machine's if one answers, else the one in this process."""
    if embedded:
        return replace(where, server=None)
    if where.server is not None or where.org is not None or where.config is not None or not answers(USUAL_SERVER):
        return where
    if not where.key:
        raise BadInput(
            f"A server answers at {USUAL_SERVER}: put your API key into GREATWHEEL_API_KEY, or say --embedded "
            "to do without it."
        )
    return replace(where, server=USUAL_SERVER)


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
            case _:
                return carry_out(self._desk, given)

    def _ask(self, text: str) -> bool:
        desk = self._desk
        task = _submitted(desk.client, desk.order(text))
        desk.begun(task)
        task_id = str(task["task_id"])
        desk.view.event("task.submitted", {"task_id": task_id, "session_id": task["session_id"]})
        with cancelled_by_ctrl_c(desk.client, task_id):
            for kind, data in desk.client.events(task_id, tell=_tell_away):
                desk.view.event(kind, data)
                if kind == "question.asked" and not self._answer(task_id, data):
                    return False
                if kind == "task.ended":
                    self._good = self._good and answered(data)
        return True

    def _answer(self, task_id: str, asked: Mapping[str, Any]) -> bool:
        """Answer a question; False when there is nobody to do it, and it stays open."""
        client, choices = self._desk.client, asked["choices"] or []
        while True:
            text = self._answer_line()
            if text is None:
                self._good = False
                self._desk.view.note(
                    f"task {task_id} waits for the answer", {"type": "question.open", "task_id": task_id}
                )
                return False
            if text.strip() == _CANCEL:
                client.call("POST", client.path("/api/tasks/{}/cancel", task_id))
                return True
            try:
                answer = {"answer": chosen(text, choices), "call": asked["call"]}
                client.call("POST", client.path("/api/tasks/{}/answer", task_id), answer)
            except BadInput as error:
                say(str(error))
            except NotFound as error:  # answered elsewhere, or too late
                say(str(error))
                return True
            else:
                return True

    def _answer_line(self) -> str | None:
        """The person's answer; Ctrl-C stands for the order to cancel."""
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return self._lines.read("answer › ", secret=True)
        except KeyboardInterrupt:
            say("\ncancelling")
            return _CANCEL
        finally:
            signal.signal(signal.SIGINT, before)


def chosen(text: str, choices: list[str]) -> str:
    """The choice that a number stands for; else the text itself."""
    number = text.strip()
    if choices and text not in choices and number.isascii() and number.isdecimal():
        index = int(number[:6]) - 1
        if 0 <= index < len(choices):
            return str(choices[index])
    return text


def _submitted(client: ApiClient, order: Mapping[str, Any]) -> dict[str, Any]:
    """The task of an order; it is repeated while the server is away, and counts once."""
    headers = {"idempotency-key": new_id("chat")}
    task: dict[str, Any] = client.patiently("POST", "/api/tasks", order, headers=headers, tell=_tell_away)
    return task


def _tell_away(error: Exception) -> None:
    say("the server is away; waiting for it")
