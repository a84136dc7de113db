"""`greatwheel models`: which models there are, and bringing one here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Column, Table

from greatwheel.channels.cli.rows import JsonOption, print_json, tell
from greatwheel.channels.cli.suggestions import catalogue_names
from greatwheel.llm.catalogue import CATALOGUE, CatalogueEntry, get_entry, models_folder
from greatwheel.llm.pull import PullProgress, Report, machine_settings, pull

models_app = typer.Typer(help="List the models that can run on this machine, and pull them.", no_args_is_help=True)


@models_app.command("list")
def list_models(as_json: JsonOption = False) -> None:
    """Show the catalogue: each model's size, licence, and whether it is on this machine."""
    folder = models_folder()
    if as_json:
        print_json([_facts(entry, folder) for entry in CATALOGUE])
        return
    table = Table(Column("Name", no_wrap=True), "Size", "Licence", "Pulled", Column("Path", overflow="fold"))
    for entry in CATALOGUE:
        pulled = entry.pulled(folder)
        path = str(entry.path(folder)) if pulled else ""
        size = f"{entry.size / 1e6:,.0f} MB"
        table.add_row(entry.name, size, entry.licence, "yes" if pulled else "no", path)
    Console().print(table)


@models_app.command("pull")
def pull_model(
    name: Annotated[
        str,
        typer.Argument(help="A name that `greatwheel models list` shows.", autocompletion=catalogue_names),
    ],
    as_json: JsonOption = False,
) -> None:
    """Bring a model onto this machine. An interrupted pull goes on where it stopped."""
    entry = get_entry(name)
    with _progress_bar(entry) as report:
        path = pull(entry, machine_settings(), report)
    tell(str(path), {"name": entry.name, "path": str(path)}, as_json=as_json)


def _facts(entry: CatalogueEntry, folder: Path) -> dict[str, object]:
    pulled = entry.pulled(folder)
    return {
        "name": entry.name,
        "about": entry.about,
        "size": entry.size,
        "licence": entry.licence,
        "sha256": entry.sha256,
        "pulled": pulled,
        "path": str(entry.path(folder)) if pulled else None,
    }


@contextmanager
def _progress_bar(entry: CatalogueEntry) -> Iterator[Report]:
    """A bar on stderr; where that is no terminal, one line for each thing that is done."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(entry.name, total=entry.size)
        doing = ""

        def report(now: PullProgress) -> None:
            nonlocal doing
            if now.doing != doing:
                doing = now.doing
                progress.reset(task, description=entry.name)
                console.print(f"{entry.name}: {doing}", highlight=False, markup=False, soft_wrap=True)
            progress.update(task, completed=now.done)

        yield report
