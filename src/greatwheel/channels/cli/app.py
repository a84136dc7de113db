"""The command `greatwheel`."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from greatwheel.channels.cli.agents import agents_app
from greatwheel.channels.cli.ask import ask_command, say
from greatwheel.channels.cli.exec import exec_command
from greatwheel.channels.cli.keys import keys_app
from greatwheel.channels.cli.limits import limits_app
from greatwheel.channels.cli.migrate import database_app, migrate_command
from greatwheel.channels.cli.models import models_app
from greatwheel.channels.cli.orgs import orgs_app
from greatwheel.channels.cli.replay import fork_command, replay_command, rewind_command
from greatwheel.channels.cli.secrets import secrets_app
from greatwheel.channels.cli.serve import serve_command
from greatwheel.channels.cli.submit import submit_command
from greatwheel.channels.cli.tasks import tasks_app
from greatwheel.channels.cli.users import users_app
from greatwheel.channels.cli.worker import worker_command
from greatwheel.core.errors import GreatwheelError

app = typer.Typer(
    name="greatwheel",
    help="A durable runtime for agents that think by writing Python.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("ask")(ask_command)
app.command("exec")(exec_command)
app.command("replay")(replay_command)
app.command("fork")(fork_command)
app.command("rewind")(rewind_command)
app.command("serve")(serve_command)
app.command("worker")(worker_command)
app.command("submit")(submit_command)
app.command("migrate")(migrate_command)
app.add_typer(database_app, name="database")
app.add_typer(models_app, name="models")
app.add_typer(agents_app, name="agents")
app.add_typer(orgs_app, name="orgs")
app.add_typer(users_app, name="users")
app.add_typer(keys_app, name="keys")
app.add_typer(secrets_app, name="secrets")
app.add_typer(tasks_app, name="tasks")
app.add_typer(limits_app, name="limits")

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"greatwheel {version('greatwheel')}")
        raise typer.Exit


@app.callback()
def root(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A durable runtime for agents that think by writing Python."""


def main() -> None:
    """Run the command; an error of ours is one line on stderr and its exit code, never a traceback."""
    try:
        app()
    except GreatwheelError as error:
        say(f"greatwheel: {error}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("greatwheel: stopped", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except Exception as error:
        if os.environ.get("GREATWHEEL_DEBUG"):
            raise
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        print(f"greatwheel: internal error ({what}); GREATWHEEL_DEBUG=1 shows more. Please report it.", file=sys.stderr)
        sys.exit(GreatwheelError.exit_code)


if __name__ == "__main__":
    main()
