"""`python -m greatwheel.bench.load`: a server with many open streams and many requests."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from greatwheel.bench.load.figures import HEAD, Figures
from greatwheel.bench.load.measuring import Plan, measure
from greatwheel.bench.longcontext.machine import describe_machine
from greatwheel.bench.pages import write_section
from greatwheel.database import embedded

WIDTH = 150
"""Columns of the table, also where no terminal is."""

INTRODUCTION = """\
## A server under load

`greatwheel serve` with its worker and the embedded Postgres on loopback. Tasks of an agent with code of its own ask a
person; after each answer they ask a model, whose reply comes word by word, say four things, and ask again. Each is
followed by several streams, every tenth of which drops its connection again and again and comes back with
`Last-Event-ID`. Meanwhile requests come at fixed times, every fifth an answer to a question. At the end what each
stream was told is compared with what was written. Clients and the scripted model run on the same machine.

    python -m greatwheel.bench.load --docs docs/benchmarks.md
"""

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def main(
    streams: Annotated[int, typer.Option(min=1, help="Streams that are open.")] = 200,
    tasks: Annotated[int, typer.Option(min=1, help="Tasks that they follow.")] = 40,
    rate: Annotated[float, typer.Option(min=0.1, help="Requests a second.")] = 50.0,
    seconds: Annotated[float, typer.Option(min=0.1, help="For how long.")] = 60.0,
    docs: Annotated[Path | None, typer.Option(help="A page whose marked section is replaced.")] = None,
) -> None:
    """Print how long answers and events took; fail when an event was lost or repeated, or a request refused."""
    console = Console(highlight=False, width=WIDTH)
    with tempfile.TemporaryDirectory(prefix="greatwheel-load-") as name:
        plan = Plan(folder=Path(name), streams=streams, tasks=min(tasks, streams), rate=rate, seconds=seconds)
        try:
            figures = asyncio.run(measure(plan, console.print))
        finally:
            embedded.stop(plan.folder / "postgres")
    _show(console, figures)
    if docs is not None:
        made_on = f"{describe_machine()}; {date.today().isoformat()}."
        write_section(docs, "load", f"{INTRODUCTION}\n{figures.markdown(made_on)}")
    if not figures.sound:
        raise typer.Exit(1)


def _show(console: Console, figures: Figures) -> None:
    table = Table(*HEAD)
    for spread in figures.spreads:
        table.add_row(*spread.cells())
    console.print(table)
    for line in (*figures.lines(), describe_machine()):
        console.print(line)


if __name__ == "__main__":
    app()
