"""A run as a person sees it: each step's code, host calls and output, as they happen."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.syntax import Syntax
from rich.text import Text

from greatwheel.channels.cli.terminal import safe
from greatwheel.core.events import (
    Event,
    HostCallServed,
    HostCallStarted,
    ModelReplied,
    RunCompleted,
    RunStarted,
    StepCompleted,
    StepStarted,
)
from greatwheel.core.usage import Usage

SHOWN_LINES = 12
SHOWN_CHARS = 100


class LiveView:
    """An observer that prints to a terminal. Text of models and guests is shown as it is, never as markup."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._depths: dict[str, int] = {}

    def __call__(self, event: Event) -> None:
        """Show an event."""
        indent = "  " * self._depths.get(event.run_id, 0)
        match event:
            case RunStarted():
                self._depths[event.run_id] = event.depth
                self._start(event, "  " * event.depth)
            case StepStarted():
                self._line(f"{indent}[bold]step {event.step}[/]")
            case ModelReplied():
                self._code(event, indent)
            case HostCallStarted():
                pass  # shown when it is served, with what it took
            case HostCallServed():
                self._call(event, indent)
            case StepCompleted():
                self._output(event, indent)
            case RunCompleted():
                if event.outcome != "answered":
                    self._line(f"{indent}[yellow]{event.outcome}[/]: {escape(event.reason)}")

    def _line(self, text: str) -> None:
        self._console.print(text, soft_wrap=True)

    def _start(self, event: RunStarted, indent: str) -> None:
        self._line(f"{indent}[bold cyan]question[/] {escape(_clip(event.question, 300))}")
        for variable in event.variables:
            self._line(
                f"{indent}[dim]{escape(str(variable['name']))}: {variable['type']}, {variable['chars']:,} characters[/]"
            )

    def _code(self, event: ModelReplied, indent: str) -> None:
        usage = event.usage
        self._line(
            f"{indent}[dim]{usage.prompt_tokens} + {usage.completion_tokens} tokens, {usage.model_seconds:.1f} s[/]"
        )
        code = event.code or "# (no code in the reply)"
        self._console.print(
            Syntax(
                safe(code),
                "python",
                theme="ansi_dark",
                background_color="default",
                word_wrap=True,
                padding=(0, 2 + len(indent)),
            )
        )

    def _call(self, event: HostCallServed, indent: str) -> None:
        shown = event.error if event.error is not None else repr(event.result)
        spent = f", {event.usage.tokens} tokens" if event.usage.tokens else ""
        again = ", from the record" if event.replayed else ""
        text = Text(f"{indent}  → {event.call} {event.name} ", style="magenta")
        text.append(f"({event.seconds:.2f} s{spent}{again}) ", style="dim")
        text.append(_clip(safe(shown), SHOWN_CHARS))
        self._console.print(text, soft_wrap=True)

    def _output(self, event: StepCompleted, indent: str) -> None:
        lines = safe(event.stdout).rstrip().splitlines()
        for line in lines[:SHOWN_LINES]:
            self._console.print(Text(f"{indent}  {_clip(line, 200)}"), soft_wrap=True)
        if len(lines) > SHOWN_LINES:
            self._line(f"{indent}  [dim]… {len(lines) - SHOWN_LINES} more lines[/]")
        if event.error or event.outcome in ("raised", "limit"):
            last = (event.error or event.observation.rstrip().splitlines()[-1]).strip()
            self._console.print(Text(f"{indent}  {_clip(safe(last), 300)}", style="red"), soft_wrap=True)


def usage_line(usage: Usage, steps: int, seconds: float) -> str:
    """What a run took, for people."""
    calls = usage.model_calls
    return (
        f"{steps} step{'s' if steps != 1 else ''}, {calls} model call{'s' if calls != 1 else ''},"
        f" {usage.prompt_tokens:,} + {usage.completion_tokens:,} tokens, {seconds:.1f} s"
    )


def _clip(text: str, limit: int) -> str:
    line = text.replace("\n", "⏎")
    return line if len(line) <= limit else line[: limit - 1] + "…"
