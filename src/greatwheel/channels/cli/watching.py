"""Following a task as a person or a program: its events are shown, its questions answered where they are asked."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from greatwheel.channels.cli.chat_lines import Lines
from greatwheel.channels.cli.chat_view import View, answered
from greatwheel.channels.cli.client import ApiClient
from greatwheel.channels.cli.following import cancelled_by_ctrl_c
from greatwheel.channels.cli.terminal import say
from greatwheel.core.errors import BadInput, NotFound
from greatwheel.core.ids import new_id

InstructionsOption = Annotated[
    str | None,
    typer.Option("--instructions", "-i", help="What the model is told first: the words, or a file that holds them."),
]
_CANCEL = "/cancel"


def instructions_of(given: str | None) -> str | None:
    """The words of `--instructions`: those of the file, if it names one. Raises BadInput when it can't be read."""
    if given is None or "\n" in given or not (path := Path(given).expanduser()).is_file():
        return given
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{given} can't be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}.") from error


def submitted(client: ApiClient, order: Mapping[str, Any]) -> dict[str, Any]:
    """The task of an order; it is repeated while the server is away, and counts once."""
    headers = {"idempotency-key": new_id("cli")}
    task: dict[str, Any] = client.patiently("POST", "/api/tasks", order, headers=headers, tell=_tell_away)
    return task


class Watch:
    """Follows tasks. Without `lines`, questions are left to whoever answers them elsewhere."""

    def __init__(self, client: ApiClient, view: View, lines: Lines | None) -> None:
        self._client = client
        self._view = view
        self._lines = lines

    def follow(self, task_id: str) -> bool | None:
        """To the task's end: whether it ended with an answer. None: its question stays open, for the lines are over.

        The first Ctrl-C cancels the task; the second is a KeyboardInterrupt.
        """
        with cancelled_by_ctrl_c(self._client, task_id):
            for kind, data in self._client.events(task_id, tell=_tell_away):
                self._view.event(kind, data)
                if kind == "question.asked" and self._lines is not None and not self._answer(task_id, data):
                    return None
                if kind == "task.ended":
                    return answered(data)
        raise AssertionError("a task's events end with its end")

    def _answer(self, task_id: str, asked: Mapping[str, Any]) -> bool:
        """Answer a question; False when there is nobody to do it, and it stays open."""
        client, choices = self._client, asked["choices"] or []
        while True:
            text = self._answer_line()
            if text is None:
                self._view.note(f"task {task_id} waits for the answer", {"type": "question.open", "task_id": task_id})
                return False
            if text.strip() == _CANCEL:
                client.call("POST", client.path("/api/tasks/{}/cancel", task_id))
                return True
            try:
                answer(client, task_id, chosen(text, choices), asked["call"])
            except BadInput as error:
                say(str(error))
            except NotFound as error:  # answered elsewhere, or too late
                say(str(error))
                return True
            else:
                return True

    def _answer_line(self) -> str | None:
        """The person's answer; Ctrl-C stands for the order to cancel."""
        assert self._lines is not None
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return self._lines.read("answer › ", secret=True)
        except KeyboardInterrupt:
            say("\ncancelling")
            return _CANCEL
        finally:
            signal.signal(signal.SIGINT, before)


def answer(client: ApiClient, task_id: str, text: str, call: int | None = None) -> dict[str, Any]:
    """Answer a question of a task, that one or the oldest that waits; the question.

    Raises:
        BadInput: none of the choices.
        NotFound: nothing is asked, or it was answered elsewhere.
    """
    body = {"answer": text} if call is None else {"answer": text, "call": call}
    question: dict[str, Any] = client.call("POST", client.path("/api/tasks/{}/answer", task_id), body)
    return question


def chosen(text: str, choices: list[str]) -> str:
    """The choice that a number stands for; else the text itself."""
    number = text.strip()
    if choices and text not in choices and number.isascii() and number.isdecimal():
        index = int(number[:6]) - 1
        if 0 <= index < len(choices):
            return str(choices[index])
    return text


def _tell_away(error: Exception) -> None:
    say("the server is away; waiting for it")
