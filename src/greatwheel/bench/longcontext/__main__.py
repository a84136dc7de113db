"""`python -m greatwheel.bench.longcontext`."""

from __future__ import annotations

import time
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from greatwheel.bench.longcontext import splits
from greatwheel.bench.longcontext.task import as_text

app = typer.Typer(no_args_is_help=True, help="The long-context benchmark.", pretty_exceptions_enable=False)


@app.callback()
def root() -> None:
    """The long-context benchmark."""


@app.command("tasks")
def list_tasks(
    split: Annotated[str, typer.Option(help="dev or held_out.")] = "dev",
    tasks_per_family: Annotated[int, typer.Option(help="Tasks of each family.")] = 1,
    families: Annotated[str, typer.Option(help="Names, separated by commas; empty: all.")] = "",
    first_seed: Annotated[int, typer.Option(help="Seed of each family's first task.")] = 0,
    show: Annotated[bool, typer.Option(help="Show question, answer and the context's beginning.")] = False,
) -> None:
    """List the tasks of a split."""
    console = Console()
    chosen = [name for name in families.split(",") if name]
    begun = time.perf_counter()
    for task in splits.tasks(_split(split), tasks_per_family, chosen, first_seed):
        took = time.perf_counter() - begun
        text = as_text(task.context)
        kind = type(task.context).__name__
        console.print(f"[bold]{task.family}[/] seed {task.seed}: {len(text):,} characters ({kind}), {took:.2f} s")
        if show:
            console.print(escape(f"  question: {task.question}\n  answer:   {task.expected}"), soft_wrap=True)
            console.print(escape(f"  context:  {text[:160]!r} … {text[len(text) // 2 :][:160]!r}"), soft_wrap=True)
        begun = time.perf_counter()


def _split(name: str) -> splits.Split:
    if name == "dev":
        return "dev"
    if name == "held_out":
        return "held_out"
    raise typer.BadParameter("the split is dev or held_out")


if __name__ == "__main__":
    app()
