"""Commands that are imported when they are called."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from greatwheel.channels.cli.app import COMMANDS, app
from greatwheel.channels.cli.lazy import load

HEAVY = {"fastapi", "uvicorn", "psycopg", "procrastinate", "openai", "ollama", "pydantic_monty"}


@pytest.mark.parametrize(("name", "place", "told"), COMMANDS)
def test_the_table_says_what_the_commands_say(name: str, place: str, told: str) -> None:
    """Each command of the table is there, and its line is the first sentence of its own help."""
    command = load(name, f"greatwheel.channels.cli.{place}")
    assert command.name == name
    assert " ".join(command.help.split()).startswith(told.removesuffix("."))


def test_help_imports_no_command() -> None:
    """The list of commands is shown without servers, databases and models being imported."""
    code = (
        "import sys\nfrom greatwheel.channels.cli.app import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print('loaded:', sorted(set({sorted(HEAVY)!r}) & sys.modules.keys()))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert "serve" in shown.stdout
    assert shown.stdout.endswith("loaded: []\n")


def test_a_command_of_a_group_is_reached() -> None:
    """Options and commands of groups work as if they had been there from the start; a wrong name gets a hint."""
    run = CliRunner().invoke
    assert "--status" in run(app, ["tasks", "list", "--help"]).stdout
    wrong = run(app, ["taks"])
    assert wrong.exit_code == 2
    assert "tasks" in wrong.stderr
