"""`greatwheel ask`: a question about files, answered by the loop."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from greatwheel.channels.cli.live import LiveView, usage_line
from greatwheel.channels.cli.suggestions import model_names
from greatwheel.channels.cli.terminal import UNANSWERED, safe, say
from greatwheel.core.budgets import Budget
from greatwheel.core.clock import SystemClock
from greatwheel.core.errors import BadInput
from greatwheel.core.events import Event, Observer
from greatwheel.rlm import RLM, Completion
from greatwheel.runtime.contexts import read_paths
from greatwheel.runtime.trajectory import event_line
from greatwheel.sandbox.port import Limits


def runs_folder() -> Path:
    """Where trajectories are kept: GREATWHEEL_RUNS, or the user's state folder."""
    given = os.environ.get("GREATWHEEL_RUNS")
    if given:
        return Path(given)
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "greatwheel" / "runs"


ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        help="A pulled model, ollama:NAME, openai:NAME, a .gguf file or a server's URL.",
        autocompletion=model_names,
    ),
]
EngineOption = Annotated[str, typer.Option("--engine", "-e", help="monty or ouros.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print each event, then the result, as a line of JSON.")]
LiveOption = Annotated[bool, typer.Option("--live/--quiet", help="Show each step as it happens, on stderr.")]


def ask_command(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    file: Annotated[
        list[Path] | None, typer.Option("--file", "-f", help="A text, CSV or JSON file, or a folder; may be repeated.")
    ] = None,
    model: ModelOption = None,
    engine: EngineOption = "monty",
    live: LiveOption = True,
    as_json: JsonOption = False,
    tokens: Annotated[int, typer.Option(help="Most tokens of all model calls together.")] = Budget().tokens,
    seconds: Annotated[float, typer.Option(help="Longest time of the run.")] = Budget().seconds,
    steps: Annotated[int, typer.Option(help="Most steps of the loop.")] = Budget().steps,
    depth: Annotated[int, typer.Option(help="Levels of child loops.")] = Budget().depth,
    memory: Annotated[int, typer.Option(help="Bytes that the sandbox may use.")] = Limits().memory_bytes,
) -> None:
    """Answer a question about files that are far larger than the model's window."""
    if not question.strip():
        raise BadInput('The question is empty; ask something, as in: greatwheel ask "Who wrote it?" --file big.txt')
    context = read_paths(file) if file else None
    budget = Budget(tokens=tokens, seconds=seconds, steps=steps, depth=depth)
    observer = observer_for(live=live, as_json=as_json)
    with RLM(
        model=model,
        engine=engine,
        budget=budget,
        limits=Limits(memory_bytes=memory),
        trajectories=runs_folder(),
        observer=observer,
        tell=say,
    ) as rlm:
        finish(rlm.completion(question=question, context=context), as_json=as_json)


def observer_for(*, live: bool, as_json: bool) -> Observer | None:
    """What shows a run's events."""
    if as_json:
        clock = SystemClock()

        def print_event(event: Event) -> None:
            print(json.dumps(event_line(event, clock.now())), flush=True)

        return print_event
    return LiveView() if live else None


def finish(done: Completion, *, as_json: bool) -> None:
    """Print the answer on stdout and what it took on stderr; a run without an answer has an exit code of its own."""
    if as_json:
        facts = asdict(done)
        facts["trajectory"] = str(done.trajectory) if done.trajectory else None
        print(json.dumps({"type": "result", **facts}), flush=True)
    else:
        if not done.answered:
            say(f"no answer: {done.reason}" + (" The best guess so far follows." if done.answer else ""))
        print(safe(done.answer))
        say(usage_line(done.usage, done.steps, done.seconds))
        if done.trajectory is not None:
            say(f"trajectory: {done.trajectory}")
    if not done.answered:
        raise typer.Exit(UNANSWERED)
