"""The command `greatwheel`."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from greatwheel.channels.cli.lazy import LazyGroup, add_lazy
from greatwheel.channels.cli.terminal import innermost, say
from greatwheel.core.errors import GreatwheelError

_HERE = "greatwheel.channels.cli"
COMMANDS = (
    ("ask", "ask:ask_command", "Answer a question about files that are far larger than the model's window."),
    ("exec", "exec:exec_command", "Run Python in a sandbox; lines of `# %%` separate blocks."),
    ("replay", "replay:replay_command", "Show a recorded run again. Nothing is run and nothing is paid."),
    ("fork", "replay:fork_command", "Go on from an earlier point of a run, as a new run."),
    ("rewind", "replay:rewind_command", "Go on from an earlier point of a run in the run itself."),
    ("doctor", "doctor:doctor_command", "Check this machine and the installation on it, and say what to do."),
    ("serve", "serve:serve_command", "Serve the HTTP API and carry out tasks, in one process."),
    ("worker", "worker:worker_command", "Carry out tasks, as one of any number of workers that share a database."),
    ("chat", "chat:chat_command", "Talk with an agent: its words and steps are shown as they come."),
    ("submit", "submit:submit_command", "Give an agent a task, and watch it to its end. Ctrl-C cancels it."),
    ("mcp", "mcp:mcp_command", "Speak MCP on stdin and stdout: agents are tools, sessions are resources."),
    ("migrate", "migrate:migrate_command", "Bring the database to this version's schema."),
    ("database", "migrate:database_app", "Look after the embedded Postgres."),
    ("models", "models:models_app", "List the models that can run on this machine, and pull them."),
    ("agents", "agents:agents_app", "Define agents, and look at the versions of their code."),
    ("orgs", "orgs:orgs_app", "Look after organisations."),
    ("users", "users:users_app", "Look after an organisation's users."),
    ("keys", "keys:keys_app", "Look after API keys."),
    ("secrets", "secrets:secrets_app", "Look after an organisation's secrets."),
    ("tasks", "tasks:tasks_app", "See tasks, follow them, answer their questions, try dead ones again, cancel."),
    ("sessions", "sessions:sessions_app", "Look at sessions, go on from earlier points, end them."),
    ("memories", "memories:memories_app", "Look at what agents remember, add to it, forget it."),
    ("webhooks", "webhooks:webhooks_app", "Take payloads in as tasks, and deliver events."),
    ("limits", "limits:limits_app", "Limit tokens and tasks per day, week and month."),
)
"""Each command's name, where it is, and the first sentence of its help."""

app = typer.Typer(
    name="greatwheel",
    cls=LazyGroup,
    help="A durable runtime for agents that think by writing Python.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for _name, _place, _help in COMMANDS:
    add_lazy(app, _name, f"{_HERE}.{_place}", _help)

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
    except KeyboardInterrupt:
        print("greatwheel: stopped", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except Exception as raised:
        error = innermost(raised)
        if isinstance(error, GreatwheelError):
            say(f"greatwheel: {error}")
            sys.exit(error.exit_code)
        if os.environ.get("GREATWHEEL_DEBUG"):
            raise
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        print(f"greatwheel: internal error ({what}); GREATWHEEL_DEBUG=1 shows more. Please report it.", file=sys.stderr)
        sys.exit(GreatwheelError.exit_code)


if __name__ == "__main__":
    main()
