"""A task as a person in a chat sees it: the model's words as they come, each step's code and output, the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from rich.console import Console
from rich.live import Live
from rich.padding import Padding
from rich.syntax import Syntax
from rich.text import Text

from greatwheel.channels.cli.rows import cut
from greatwheel.channels.cli.terminal import safe, say

FOLDED_LINES = 6
LIVE_LINES = 8
_LIVE_CHARS = 4_000
_CALL_CHARS = 100


class View(Protocol):
    """What is shown of a chat."""

    def event(self, kind: str, data: Mapping[str, Any]) -> None:
        """Something happened in a task."""
        ...

    def note(self, line: str, facts: Mapping[str, Any]) -> None:
        """Something else to be told: in words, and as data."""
        ...


class JsonView:
    """Each event as a line of JSON on stdout."""

    def event(self, kind: str, data: Mapping[str, Any]) -> None:
        """See View."""
        print(json.dumps({"type": kind, **data}), flush=True)

    def note(self, line: str, facts: Mapping[str, Any]) -> None:
        """See View."""
        print(json.dumps(dict(facts)), flush=True)


class PersonsView:
    """Answers on stdout, all else on stderr. Text of models and guests is shown as it is, never as markup."""

    def __init__(self, *, verbose: bool, console: Console | None = None) -> None:
        self._verbose = verbose
        self._console = console or Console(stderr=True, highlight=False)
        self._live: Live | None = None
        self._written = ""

    def note(self, line: str, facts: Mapping[str, Any]) -> None:
        """See View."""
        self._settle()
        say(line)

    def event(self, kind: str, data: Mapping[str, Any]) -> None:
        """See View."""
        if kind == "model.delta":
            self._write(str(data["text"]))
            return
        self._settle()
        match kind:
            case "model.replied":
                self._reply(data)
            case "host_call.served":
                self._call(data)
            case "step.completed":
                self._output(data)
            case "message.sent":
                self._line("says: ", str(data["text"]), "cyan")
            case "question.asked":
                self._question(str(data["question"]), data["choices"] or ())
            case "limit.warned":
                say("a limit is near: " + ", ".join(f"{name} {value}" for name, value in data.items() if name != "at"))
            case "task.ended":
                self._end(data)
            case _:
                pass  # of interest to programs

    def _write(self, text: str) -> None:
        """The end of what the model is writing, until it has written all."""
        if not self._console.is_terminal:
            return
        self._written = (self._written + safe(text))[-_LIVE_CHARS:]
        if self._live is None:
            self._live = Live(console=self._console, transient=True, refresh_per_second=8)
            self._live.start()
        lines = self._written.splitlines()[-LIVE_LINES:]
        self._live.update(Text("\n".join(lines), style="dim", overflow="ellipsis", no_wrap=True))

    def _settle(self) -> None:
        """Take the words away that were shown while they came."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        self._written = ""

    def _reply(self, data: Mapping[str, Any]) -> None:
        usage = data.get("usage") or {}
        spent = f"{usage.get('prompt_tokens', 0):,} + {usage.get('completion_tokens', 0):,} tokens"
        self._console.print(Text(f"step {data['step']} · {spent}", style="bold"))
        code = str(data["code"]) or "# (no code in the reply)"
        shown, left = self._folded(safe(code).rstrip().splitlines())
        text = "\n".join(shown)
        self._console.print(
            Syntax(text, "python", theme="ansi_dark", background_color="default", word_wrap=True, padding=(0, 2))
        )
        self._more(left)

    def _call(self, data: Mapping[str, Any]) -> None:
        told = data.get("error") or data.get("request") or ""
        text = Text(f"  → {safe(str(data['name']))} ", style="magenta")
        text.append(f"({data.get('seconds') or 0:.2f} s) ", style="dim")
        text.append(safe(cut(str(told), _CALL_CHARS)))
        self._console.print(text, soft_wrap=True)

    def _output(self, data: Mapping[str, Any]) -> None:
        shown, left = self._folded(safe(str(data.get("stdout") or "")).rstrip().splitlines())
        if shown:
            self._console.print(Padding(Text("\n".join(shown)), (0, 0, 0, 2)))
        self._more(left)
        if data.get("error"):
            self._console.print(Text(f"  {safe(str(data['error']).strip())}", style="red"), soft_wrap=True)

    def _question(self, question: str, choices: Sequence[Any]) -> None:
        self._line("asks: ", question, "yellow")
        for number, choice in enumerate(choices, start=1):
            self._console.print(Text(f"  {number}. {safe(str(choice))}"), soft_wrap=True)

    def _end(self, task: Mapping[str, Any]) -> None:
        if task["answer"] is not None:
            print(safe(str(task["answer"])), flush=True)
        if not answered(task):
            why = cut(str(task["error"] or task["outcome"] or ""), 500)
            self._console.print(Text(safe(f"{task['status']}: {why}" if why else str(task["status"])), style="red"))
        usage = task["usage"] or {}
        tokens = f"{usage.get('prompt_tokens', 0):,} + {usage.get('completion_tokens', 0):,} tokens"
        self._console.print(Text(f"{tokens}, session {task['session_id']}", style="dim"))

    def _line(self, before: str, text: str, style: str) -> None:
        self._console.print(Text(before, style=style).append(safe(text), style="default"), soft_wrap=True)

    def _folded(self, lines: list[str]) -> tuple[list[str], int]:
        if self._verbose or len(lines) <= FOLDED_LINES + 1:  # a line about one line more would be no shorter
            return lines, 0
        return lines[:FOLDED_LINES], len(lines) - FOLDED_LINES

    def _more(self, left: int) -> None:
        if left:
            self._console.print(Text(f"  … {left} more lines", style="dim"))


def answered(task: Mapping[str, Any]) -> bool:
    """Whether a task ended with an answer."""
    return bool(task["status"] == "done" and task["outcome"] == "answered")
