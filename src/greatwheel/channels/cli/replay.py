"""`greatwheel replay`, `fork` and `rewind`: recorded runs, shown again and gone on with from an earlier point."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from greatwheel.channels.cli.ask import (
    EngineOption,
    JsonOption,
    LiveOption,
    ModelOption,
    finish,
    observer_for,
)
from greatwheel.channels.cli.live import LiveView, usage_line
from greatwheel.channels.cli.rows import print_line
from greatwheel.channels.cli.terminal import safe, say
from greatwheel.core.errors import BadInput
from greatwheel.rlm import RLM, Completion
from greatwheel.runtime.loop import LoopSettings
from greatwheel.runtime.trajectory import event_line, read_trajectory

FileArgument = Annotated[Path, typer.Argument(help="A trajectory that `greatwheel ask` wrote.")]
CallOption = Annotated[int | None, typer.Option("--call", help="Go on from before this host call (see `replay`).")]
StepOption = Annotated[int | None, typer.Option("--step", help="Go on from before this step.")]
SeedOption = Annotated[int, typer.Option(help="Another seed gives the model's free choices another course.")]


def replay_command(
    file: FileArgument,
    as_json: Annotated[bool, typer.Option("--json", help="Print each event as a line of JSON.")] = False,
) -> None:
    """Show a recorded run again. Nothing is run and nothing is paid."""
    recorded = read_trajectory(file)
    if as_json:
        for event in recorded.events:
            print_line({name: value for name, value in event_line(event, 0.0).items() if name != "at"})
        return
    show = LiveView()
    for event in recorded.events:
        show(event)
    end = recorded.end
    if end is None:
        say("the run did not end: its process died")
        return
    print(safe(end.answer))
    steps = len(recorded.replies())
    say(usage_line(end.usage, steps, end.seconds))


def fork_command(
    file: FileArgument,
    call: CallOption = None,
    step: StepOption = None,
    model: ModelOption = None,
    engine: EngineOption = "monty",
    seed: SeedOption = 1,
    live: LiveOption = True,
    as_json: JsonOption = False,
) -> None:
    """Go on from an earlier point of a run, as a new run. What came before is taken from the record, not paid again."""
    with _player(file, model, engine, seed, live=live, as_json=as_json) as rlm:
        finish(rlm.fork(file, call=_one_of(call, step), step=step), as_json=as_json)


def rewind_command(
    file: FileArgument,
    call: CallOption = None,
    step: StepOption = None,
    model: ModelOption = None,
    engine: EngineOption = "monty",
    seed: SeedOption = 1,
    live: LiveOption = True,
    as_json: JsonOption = False,
) -> None:
    """Go on from an earlier point of a run in the run itself; its old course is kept as FILE.old.jsonl."""
    with _player(file, model, engine, seed, live=live, as_json=as_json) as rlm:
        done: Completion = rlm.rewind(file, call=_one_of(call, step), step=step)
        finish(done, as_json=as_json)


def _one_of(call: int | None, step: int | None) -> int | None:
    if (call is None) == (step is None):
        raise BadInput("Say from where to go on: --call N or --step N; `greatwheel replay FILE` shows both.")
    return call


def _player(file: Path, model: str | None, engine: str, seed: int, *, live: bool, as_json: bool) -> RLM:
    read_trajectory(file)  # a wrong file is told before a model is started
    return RLM(
        model=model,
        engine=engine,
        trajectories=file.parent,
        observer=observer_for(live=live, as_json=as_json),
        settings=LoopSettings(seed=seed),
        tell=say,
    )
