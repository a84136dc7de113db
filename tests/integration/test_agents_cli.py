"""`greatwheel agents` on a real Postgres."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from greatwheel.channels.cli.app import app
from greatwheel.core.errors import BadInput, GreatwheelError, NotFound, SourceRefused

ONE, TWO = "def handle(task):\n    return 1\n", "def handle(task):\n    return 2\n"


class Command:
    """The command, with settings of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *arguments: str, stdin: str | None = None) -> Result:
        """Run it; an error of the product is in `exception`."""
        return CliRunner().invoke(app, ["agents", *arguments], input=stdin)

    def said(self, *arguments: str, stdin: str | None = None) -> str:
        """What a run that ends well printed."""
        done = self(*arguments, stdin=stdin)
        assert done.exit_code == 0, done.exception
        return done.stdout

    def json(self, *arguments: str) -> Any:
        """What it printed with --json."""
        return json.loads(self.said(*arguments, "--json"))

    def refused(self, *arguments: str) -> GreatwheelError:
        """The error of a run that ends badly."""
        done = self(*arguments)
        assert isinstance(done.exception, GreatwheelError), done.stdout
        return done.exception


@pytest.fixture
def agents(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command on an installation with one organisation and a folder with one file."""
    folder = tmp_path / "agents"
    folder.mkdir()
    (folder / "one.py").write_text(ONE)
    (folder / "agents.toml").write_text(
        "[agents.one]\nfile = 'one.py'\ndescription = 'the [red]first'\n\n[agents.loop]\n"
    )
    settings = {
        "DATABASE_URL": database_url,
        "GREATWHEEL_SERVER__DATA": str(tmp_path / "data"),
        "GREATWHEEL_AGENTS__FOLDER": str(folder),
        "COLUMNS": "200",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return Command(folder)


def test_agents_are_loaded_listed_and_shown(agents: Command) -> None:
    """load takes in agents.toml, list shows a line for each agent, show the definition and the code."""
    assert agents.said("load") == "one: defined\nloop: defined\n"
    listed = agents.said("list")
    assert "one.py" in listed
    assert "the [red]first" in listed
    assert [(each["name"], each["source_kind"]) for each in agents.json("list")] == [("loop", "bare"), ("one", "file")]
    assert ONE in agents.said("show", "one")
    assert "(no code: the loop alone)" in agents.said("show", "loop")
    shown = agents.json("show", "one")
    assert (shown["version"]["source"], shown["version"]["trigger"]) == (ONE, "config")


def test_versions_differ_and_roll_back(agents: Command) -> None:
    """sync makes a version of a changed file, diff shows what changed, rollback makes a version of the old code."""
    agents.said("load")
    (agents.folder / "one.py").write_text(TWO)
    assert "one is at version 2 (file_watch, one.py" in agents.said("sync", "one")
    assert "-    return 1\n+    return 2" in agents.said("diff", "one")
    assert "+    return 1" in agents.json("diff", "one", "2", "1")["diff"]
    assert "have the same code" in agents.said("diff", "one", "2", "2")
    assert "one is at version 3 (rollback, back to version 1" in agents.said("rollback", "one", "1")
    assert [each["trigger"] for each in agents.json("versions", "one")] == ["rollback", "file_watch", "config"]
    assert "back to version 1" in agents.said("versions", "one")
    assert TWO in agents.said("show", "one", "--version", "2")


def test_an_agent_is_defined_changed_and_removed(agents: Command) -> None:
    """define makes an agent and changes what is said of it alone; remove takes it away."""
    said = agents.said("define", "two", "--source", "-", "--tool", "web_*", "--budget", "tokens=500", stdin=ONE)
    assert said == "agent two is at version 1 (inline)\n"
    changed = agents.json("define", "two", "--model", "small", "--deny", "web_x")
    assert (changed["tools"], changed["denied"], changed["model"]) == (["web_*"], ["web_x"], "small")
    assert (changed["budget"], changed["current_version"]) == ({"tokens": 500}, 1)
    assert agents.json("define", "two", "--file", "one.py")["source_kind"] == "file"
    assert agents.json("define", "two", "--bare")["current_version"] == 2
    assert agents.said("remove", "two") == "agent two is removed\n"
    assert agents.json("list") == []


def test_an_agent_gets_instructions(agents: Command) -> None:
    """define takes instructions as words or from a file, show tells them, and other changes leave them."""
    (agents.folder / "said.txt").write_text("Answer in French.")
    agents.said("define", "two", "--bare", "--instructions", "Answer in German.")
    assert "instructions: Answer in German.\n" in agents.said("show", "two")
    agents.said("define", "two", "--instructions", str(agents.folder / "said.txt"))
    assert agents.json("define", "two", "--model", "small")["instructions"] == "Answer in French."
    assert agents.json("define", "two", "--instructions", "")["instructions"] == ""


def test_faults_are_one_line_each(agents: Command) -> None:
    """What can't be done is told in one line, with the reason."""
    (agents.folder / "bad.py").write_text("x = 1\ndef handle(task:\n")
    faults: list[tuple[type[GreatwheelError], str, Callable[[], GreatwheelError]]] = [
        (SourceRefused, "bad.py, line 2: ", lambda: agents.refused("define", "x", "--file", "bad.py")),
        (BadInput, "must be a .py file in the folder", lambda: agents.refused("define", "x", "--file", "/etc/passwd")),
        (BadInput, "The repository must be", lambda: agents.refused("define", "x", "--git", "ext::sh", "--path", "a")),
        (BadInput, "by file are not allowed", lambda: agents.refused("define", "x", "--git", "/srv/a", "--path", "a")),
        (BadInput, "budget.token", lambda: agents.refused("define", "x", "--budget", "token=1")),
        (BadInput, "no part of a budget", lambda: agents.refused("define", "x", "--budget", "tokens")),
        (BadInput, "not both", lambda: agents.refused("define", "x", "--bare", "--file", "one.py")),
        (BadInput, "none.py can't be read", lambda: agents.refused("define", "x", "--source", "none.py")),
        (NotFound, "no agent 'x'", lambda: agents.refused("show", "x")),
        (NotFound, "no organisation 'other'", lambda: agents.refused("list", "--org", "other")),
    ]
    for kind, said, run in faults:
        error = run()
        assert isinstance(error, kind)
        assert said in str(error)
        assert "\n" not in str(error)
    assert agents.json("list") == []


def test_load_tells_what_was_refused(agents: Command) -> None:
    """A fault in one agent's code is told with its reason and an exit code, and the others are loaded."""
    (agents.folder / "one.py").write_text("x = 1")
    done = agents("load")
    assert done.exit_code == BadInput.exit_code
    assert "one: refused (one.py defines no function handle(task)" in done.stdout
    assert [each["name"] for each in agents.json("list")] == ["loop"]
