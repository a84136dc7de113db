"""`python -m greatwheel.bench.durable`: durable calls, tasks and sessions, beside LangGraph and DBOS."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from greatwheel.bench.durable.figures import HEAD, Row
from greatwheel.bench.durable.measuring import MEASUREMENTS, Bench
from greatwheel.bench.longcontext.machine import describe_machine
from greatwheel.bench.pages import write_section
from greatwheel.database import embedded

WIDTH = 190
"""Columns of the table, also where no terminal is."""

app = typer.Typer(pretty_exceptions_enable=False)


async def _measure(bench: Bench, only: Sequence[str]) -> list[Row]:
    return [row for name in only for row in await MEASUREMENTS[name](bench)]


@app.command()
def main(
    rounds_each: Annotated[int, typer.Option("--rounds", min=1, help="Rounds of each measurement.")] = 5,
    only: Annotated[str, typer.Option(help="Measurements, separated by commas.")] = ",".join(MEASUREMENTS),
    processors: Annotated[
        int | None, typer.Option(min=1, help="Hold everything, Postgres and peers too, to so many processors.")
    ] = None,
    docs: Annotated[Path | None, typer.Option(help="A page whose marked section is replaced.")] = None,
) -> None:
    """Print the table; medians over the rounds."""
    if processors is not None:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:processors])  # inherited by all that is started
    chosen = [name.strip() for name in only.split(",")]
    if unknown := sorted(set(chosen) - set(MEASUREMENTS)):
        raise typer.BadParameter(f"there is no measurement {unknown[0]}; there are {', '.join(MEASUREMENTS)}")
    with tempfile.TemporaryDirectory(prefix="greatwheel-durable-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the server's user must get through
        server = embedded.start(folder / "postgres")
        try:
            rows = asyncio.run(_measure(Bench(server=server, folder=folder, count=rounds_each), chosen))
        finally:
            embedded.stop(server.data)
    missed = sum(row.missed for row in rows)
    verdict = "All goals reached." if not missed else f"{missed} goals missed."
    _show(rows, rounds_each, verdict)
    if docs is not None:
        section = "durable" if processors is None else f"durable-on-{processors}"
        write_section(docs, section, _markdown(rows, rounds_each, verdict))


def _show(rows: Sequence[Row], count: int, verdict: str) -> None:
    console = Console(highlight=False, width=WIDTH)
    table = Table(*HEAD, title=f"Medians of {count} rounds")
    for row in rows:
        table.add_row(*row.cells())
    console.print(table)
    console.print(f"{describe_machine()}\n{verdict}")


def _markdown(rows: Sequence[Row], count: int, verdict: str) -> str:
    lines = [HEAD, ("---",) * len(HEAD), *(row.cells() for row in rows)]
    made_on = f"Medians of {count} rounds; {describe_machine()}; {date.today().isoformat()}. {verdict}"
    return "\n".join(["| " + " | ".join(line) + " |" for line in lines] + ["", made_on])


if __name__ == "__main__":
    app()
