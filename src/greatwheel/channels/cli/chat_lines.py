"""What a person types in a chat: words for the agent, or an order that begins with a slash."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from greatwheel.core.errors import BadInput

ORDERS = {
    "help": "these orders",
    "agent": "[NAME]: talk to another agent, in a new session; without a name, which there are",
    "model": "[NAME]: the model of the next messages; without a name, which there are",
    "session": "[ID]: go on in another session, and see what it is doing; without an id, your latest ones",
    "new": "begin a new session",
    "file": "PATH …: give files or folders to the next message, as its context",
    "vars": "the variables of the session",
    "fork": "[TASK]: go on in a copy of the session, as it is or as it was after a task",
    "rewind": "[NUMBER or TASK]: bring the session back to where it was after a task; without, which there are",
    "cancel": "stop what the session is doing",
    "quit": "leave; the session stays",
}
"""Each order and what it does."""
_MOST_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Words:
    """Something to say to the agent."""

    text: str


@dataclass(frozen=True, slots=True)
class Order:
    """Something to do for the person."""

    name: str
    arguments: tuple[str, ...] = ()


Line: TypeAlias = Words | Order


def parse_line(line: str) -> Line | None:
    """What a line means; None for an empty one. Two slashes at the start stand for one in words.

    Raises:
        BadInput: an order that there is not, or that can't be read.
    """
    text = line.strip()
    if not text:
        return None
    if text.startswith("//"):
        return Words(text[1:])
    if not text.startswith("/"):
        return Words(text)
    name, _, rest = text[1:].partition(" ")
    if name not in ORDERS:
        raise BadInput(f"There is no order /{name}; /help lists them. Words that begin with a slash need two.")
    try:
        return Order(name, tuple(shlex.split(rest)))
    except ValueError as error:
        raise BadInput(f"/{name} can't be read: {error}.") from error


class Lines(Protocol):
    """Where lines come from."""

    def read(self, prompt: str, *, secret: bool = False) -> str | None:
        """The next line without its end; None when there are no more. `secret`: it is not kept in the history."""
        ...


class PipedLines:
    """Lines of standard input, when that is no terminal."""

    def read(self, prompt: str, *, secret: bool = False) -> str | None:
        """See Lines."""
        try:
            line = sys.stdin.readline()
        except UnicodeDecodeError as error:
            raise BadInput("What was read is not text in UTF-8.") from error
        return line.removesuffix("\n") if line else None


class TerminalLines:
    """Lines that a person types, with earlier ones on the arrow keys and orders on the tab key."""

    def __init__(self, history: Path) -> None:
        import readline  # where there is a terminal

        self._readline = readline
        self._history = history
        readline.set_auto_history(False)
        readline.set_history_length(_MOST_REMEMBERED)
        readline.set_completer_delims(" ")
        readline.set_completer(_complete)
        readline.parse_and_bind("tab: complete")
        with suppress(OSError):
            readline.read_history_file(history)

    def read(self, prompt: str, *, secret: bool = False) -> str | None:
        """See Lines. Ctrl-C raises KeyboardInterrupt."""
        try:
            line = input(prompt)
        except EOFError:
            return None
        if line.strip() and not secret:
            self._readline.add_history(line)
            self._keep()
        return line

    def _keep(self) -> None:
        """At once: another way to the end would lose it. A folder that can't be written costs the history alone."""
        with suppress(OSError):
            self._history.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self._history, os.O_CREAT | os.O_WRONLY, 0o600))
            self._readline.write_history_file(self._history)


def history_file(environment: Mapping[str, str]) -> Path:
    """Where a user's lines are kept."""
    shared = environment.get("XDG_DATA_HOME")
    return (Path(shared) if shared else Path.home() / ".local" / "share") / "greatwheel" / "chat_history"


def _complete(text: str, state: int) -> str | None:
    """The state-th order that begins so, as readline asks for it."""
    found = [f"/{name} " for name in ORDERS if text.startswith("/") and name.startswith(text[1:])]
    return found[state] if state < len(found) else None
