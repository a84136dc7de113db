"""`python -m greatwheel.bench.longcontext`: list the tasks, run a system over them, report."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from greatwheel.bench.longcontext import report, splits
from greatwheel.bench.longcontext.records import Record, latest, read_records
from greatwheel.bench.longcontext.runner import Run, run
from greatwheel.bench.longcontext.serving import Served, serve
from greatwheel.bench.longcontext.systems.alone import ModelAlone
from greatwheel.bench.longcontext.systems.port import System
from greatwheel.bench.longcontext.systems.rlms import Rlms
from greatwheel.bench.longcontext.systems.wheel import Greatwheel
from greatwheel.bench.longcontext.task import as_text
from greatwheel.bench.pages import write_section
from greatwheel.core.errors import GreatwheelError

app = typer.Typer(no_args_is_help=True, help="The long-context benchmark.", pretty_exceptions_enable=False)
console = Console(highlight=False)
RESULTS = Path("benchmarks/longcontext/results")


class SystemName(StrEnum):
    """The systems."""

    ALONE = "alone"
    RLMS = "rlms"
    GREATWHEEL = "greatwheel"


class SplitName(StrEnum):
    """The splits."""

    DEV = "dev"
    HELD_OUT = "held_out"


SplitOption = Annotated[SplitName, typer.Option(help="Families to develop on, or those looked at once at the end.")]
PerFamily = Annotated[int, typer.Option(min=1, help="Tasks of each family.")]
Families = Annotated[str, typer.Option(help="Names, separated by commas; empty: all.")]
FirstSeed = Annotated[int, typer.Option(help="Seed of each family's first task.")]


def _plan(split: SplitName, per_family: int, families: str, first_seed: int) -> list[splits.Planned]:
    chosen = [name.strip() for name in families.split(",") if name.strip()]
    return list(splits.plan("dev" if split is SplitName.DEV else "held_out", per_family, chosen, first_seed))


@app.command("tasks")
def list_tasks(
    split: SplitOption = SplitName.DEV,
    tasks_per_family: PerFamily = 1,
    families: Families = "",
    first_seed: FirstSeed = 0,
    show: Annotated[bool, typer.Option("--show", help="Also question, answer and two pieces of the context.")] = False,
) -> None:
    """List the tasks of a split."""
    for item in _plan(split, tasks_per_family, families, first_seed):
        begun = time.perf_counter()
        task = item.generate()
        took = time.perf_counter() - begun
        text = as_text(task.context)
        kind = type(task.context).__name__
        console.print(f"[bold]{task.family}[/] seed {task.seed}: {len(text):,} characters ({kind}), {took:.2f} s")
        if show:
            console.print(escape(f"  question: {task.question}\n  answer:   {task.expected}"), soft_wrap=True)
            console.print(escape(f"  context:  {text[:160]!r} … {text[len(text) // 2 :][:160]!r}"), soft_wrap=True)


@app.command("run")
def run_system(
    system: Annotated[SystemName, typer.Option(help="Who answers.")],
    split: SplitOption = SplitName.DEV,
    tasks_per_family: PerFamily = 3,
    families: Families = "",
    first_seed: FirstSeed = 0,
    out: Annotated[Path | None, typer.Option(help="The records' file; tasks in it are not run again.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Begin no task after so many minutes.")] = None,
    model: Annotated[str, typer.Option(help="A pulled model's name, or a .gguf file.")] = "qwen2.5-coder:1.5b",
    engine: Annotated[str, typer.Option(help="Greatwheel's sandbox.")] = "monty",
    window: Annotated[int, typer.Option(help="Tokens that the model alone may read.")] = 4_096,
    seconds: Annotated[float, typer.Option(help="Time cap of a task for rlms and Greatwheel.")] = 300.0,
    trajectories: Annotated[Path | None, typer.Option(help="A folder for Greatwheel's trajectories.")] = None,
) -> None:
    """Run one system over the tasks; a run that was broken off goes on where it was."""
    planned = _plan(split, tasks_per_family, families, first_seed)
    path = out or RESULTS / f"{system.value}-{split.value}.jsonl"
    options = Options(engine=engine, window=window, seconds=seconds, trajectories=trajectories)
    order = Run(out=path, model=model, settings=_settings(system, options), minutes=minutes)
    tried, left = asyncio.run(_run(system, planned, order, options))
    console.print(f"{tried} tasks tried, {left} left; records in {path}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What may be set of the systems."""

    engine: str
    window: int
    seconds: float
    trajectories: Path | None


async def _run(system: SystemName, planned: list[splits.Planned], order: Run, options: Options) -> tuple[int, int]:
    async with serve(order.model) as served:
        return await run(_system(system, served, options), planned, order, _tell)


def _system(name: SystemName, served: Served, options: Options) -> System:
    match name:
        case SystemName.ALONE:
            return ModelAlone(served, options.window)
        case SystemName.RLMS:
            return Rlms(served, seconds=options.seconds)
        case SystemName.GREATWHEEL:
            return Greatwheel(served, engine=options.engine, seconds=options.seconds, trajectories=options.trajectories)


def _settings(name: SystemName, options: Options) -> str:
    cap = f"{options.seconds:g} s a task"
    return {
        SystemName.ALONE: f"head and tail of the context in a window of {options.window:,} tokens, temperature 0",
        SystemName.RLMS: f"rlms 0.1.3, local REPL, 6 iterations, default prompt, temperature 0, {cap}",
        SystemName.GREATWHEEL: f"engine {options.engine}, default settings, {cap}",
    }[name]


def _tell(record: Record) -> None:
    mark = "[green]solved[/]" if record.solved else "[red]failed[/]"
    said = " ".join((record.error or record.answer).split())[:100]
    console.print(
        f"{mark} {record.family} {record.seed}  {record.tokens:,} tokens, {record.model_calls} calls, "
        f"{record.seconds:.1f} s  [dim]{escape(said)} (right: {escape(record.expected[:60])})[/]",
        soft_wrap=True,
    )


@app.command("report")
def write_report(
    files: Annotated[list[Path] | None, typer.Argument(help="Records; none: those in the results folder.")] = None,
    docs: Annotated[Path | None, typer.Option(help="A page whose marked section is replaced.")] = None,
) -> None:
    """Print the tables, and write them into a page of the documentation."""
    paths = files or sorted(RESULTS.glob("*.jsonl"))
    records = latest(record for path in paths for record in read_records(path))
    if not records:
        console.print("There are no records yet; make some with the run command.")
        raise typer.Exit(1)
    text = report.section(records)
    console.print(escape(text), soft_wrap=True)
    if docs is not None:
        write_section(docs, "longcontext", text)


def main() -> None:
    """Run the command; an error of ours is one line."""
    try:
        app()
    except GreatwheelError as error:
        console.print(f"[red]{escape(str(error))}[/]")
        raise SystemExit(error.exit_code) from error


if __name__ == "__main__":
    main()
