"""`greatwheel migrate` and `greatwheel database`: the database's schema and the embedded server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from greatwheel.channels.cli.rows import JsonOption, tell
from greatwheel.database import embedded
from greatwheel.server.deployment import migrate_database
from greatwheel.server.settings import load_settings

database_app = typer.Typer(help="Look after the embedded Postgres.", no_args_is_help=True)

Config = Annotated[Path | None, typer.Option("--config", help="The settings' file.")]


def migrate_command(config: Config = None, as_json: JsonOption = False) -> None:
    """Bring the database to this version's schema. Other processes may run; a second migration waits."""
    done = migrate_database(load_settings(config))
    line = f"carried out: {', '.join(done)}" if done else "the schema is up to date"
    tell(line, {"carried_out": done}, as_json=as_json)


@database_app.command("url")
def show_url(config: Config = None, as_json: JsonOption = False) -> None:
    """Start the embedded Postgres if need be, and print how psql and pg_dump reach it, as its superuser."""
    uri = embedded.start(load_settings(config).data_folder / "postgres").uri
    tell(uri, {"url": uri}, as_json=as_json)


@database_app.command("stop")
def stop_server(config: Config = None, as_json: JsonOption = False) -> None:
    """Stop the embedded Postgres. Any command that needs it starts it again, and so does a worker that still runs."""
    stopped = embedded.stop(load_settings(config).data_folder / "postgres")
    tell("stopped" if stopped else "it was not running", {"stopped": stopped}, as_json=as_json)
