"""`greatwheel limits`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from greatwheel.channels.cli.app import app
from greatwheel.core.errors import BadInput, NotFound


def test_limits_are_set_shown_and_taken_away(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One for everybody and one for a user are listed with their use; a removed one is gone."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("GREATWHEEL_SERVER__DATA", str(tmp_path))
    run = CliRunner()

    def limits(*arguments: str) -> str:
        result = run.invoke(app, ["limits", *arguments], catch_exceptions=False)
        assert result.exit_code == 0
        return result.stdout

    limits("set", "tokens", "day", "--soft", "900", "--hard", "1000")
    limits("set", "tasks", "month", "--user", "admin", "--hard", "5")
    rows = json.loads(limits("list", "--json"))
    assert [(row["who"], row["metric"], row["period"], row["soft"], row["hard"], row["used"]) for row in rows] == [
        ("(everybody)", "tokens", "day", 900, 1000, 0),
        ("admin", "tasks", "month", None, 5, 0),
    ]
    limits("set", "tokens", "day", "--remove")
    assert [row["metric"] for row in json.loads(limits("list", "--json"))] == ["tasks"]

    with pytest.raises(BadInput, match="--soft or --hard"):
        limits("set", "tokens", "day")
    with pytest.raises(NotFound, match="nobody"):
        limits("set", "tokens", "day", "--user", "nobody", "--hard", "1")
