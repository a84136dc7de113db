"""What the shell offers for completion."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from greatwheel.channels.cli.app import app


def offered(*words: str, **environment: str) -> list[str]:
    """What bash is offered after these words, the last of which is not finished."""
    asked = {
        "_GREATWHEEL_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(("greatwheel", *words)),
        "COMP_CWORD": str(len(words)),
        "GREATWHEEL_API_KEY": "",
    }
    result = CliRunner(env=asked | environment).invoke(app, [], prog_name="greatwheel")
    return result.stdout.split()


def test_commands_and_names_are_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands, commands of groups, agents of agents.toml and models are offered by how they begin."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "agents.toml").write_text("[agents.reader]\n[agents.writer]\n")
    folder = {"GREATWHEEL_AGENTS__FOLDER": str(tmp_path)}
    assert offered("ses") == ["sessions"]
    assert offered("tasks", "c") == ["cancel"]
    assert offered("agents", "show", "re", **folder) == ["reader"]
    assert offered("chat", "--agent", "w", **folder) == ["writer"]
    assert offered("models", "pull", "smol") == ["smollm2:135m"]
    assert offered("chat", "--model", "q", GREATWHEEL_CACHE=str(tmp_path)) == []


def test_what_fails_offers_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not answer and a file that is wrong give no names, and no error."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "agents.toml").write_text("[agents")
    assert offered("agents", "show", "", GREATWHEEL_AGENTS__FOLDER=str(tmp_path)) == []
    assert offered("agents", "show", "", GREATWHEEL_API_KEY="gwk_x", GREATWHEEL_URL="http://127.0.0.1:1") == []
