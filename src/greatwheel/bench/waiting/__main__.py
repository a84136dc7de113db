"""`python -m greatwheel.bench.waiting`: thousands of sessions that wait for a person, in one database."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from greatwheel.bench.longcontext.machine import describe_machine
from greatwheel.bench.pages import write_section
from greatwheel.bench.waiting.figures import HEAD, Figures
from greatwheel.bench.waiting.measuring import Plan, measure
from greatwheel.database import embedded

WIDTH = 150
"""Columns of the table, also where no terminal is."""

INTRODUCTION = """\
## Sessions that wait for a person

Each is a task of an agent that has called its model once and then asks a person (`channel.ask`); one worker, the
embedded Postgres, an instant model in the worker's process. Some of them are answered, one after the other, and then
get a further task each; nothing is kept in memory between tasks. Times are from the commit of the reply (or the order)
to the agent's next model call.

    python -m greatwheel.bench.waiting --sessions 10000 --docs docs/benchmarks.md
"""

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def main(
    sessions: Annotated[int, typer.Option(min=4, help="Sessions that wait in the end.")] = 10_000,
    answers: Annotated[int, typer.Option(min=1, help="How many of them are answered.")] = 200,
    concurrency: Annotated[int, typer.Option(min=1, help="Tasks at once in the worker.")] = 16,
    docs: Annotated[Path | None, typer.Option(help="A page whose marked section is replaced.")] = None,
) -> None:
    """Print memory, times and bytes."""
    console = Console(highlight=False, width=WIDTH)
    with tempfile.TemporaryDirectory(prefix="greatwheel-waiting-") as name:
        plan = Plan(sessions=sessions, answers=min(answers, sessions), concurrency=concurrency, folder=Path(name))
        try:
            figures = asyncio.run(measure(plan, console.print))
        finally:
            embedded.stop(plan.folder / "postgres")
    _show(console, figures)
    if docs is not None:
        made_on = f"{describe_machine()}; {date.today().isoformat()}."
        write_section(docs, "waiting", f"{INTRODUCTION}\n{figures.markdown(made_on)}")


def _show(console: Console, figures: Figures) -> None:
    table = Table(*HEAD)
    for spread in figures.spreads:
        table.add_row(*spread.cells())
    console.print(table)
    for line in (*figures.lines(), describe_machine()):
        console.print(line)


if __name__ == "__main__":
    app()
