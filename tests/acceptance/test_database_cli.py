"""`greatwheel migrate` and `greatwheel database`, as users run them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder that a server under another user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="greatwheel-test-"))
    yield folder
    greatwheel(folder, "database", "stop")
    shutil.rmtree(folder, ignore_errors=True)


def greatwheel(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, with that data folder and no other settings."""
    rest = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return subprocess.run(
        [sys.executable, "-m", "greatwheel.channels.cli.app", *arguments],
        env={**rest, "GREATWHEEL_SERVER__DATA": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_fresh_folder_gets_a_server_with_the_schema(folder: Path) -> None:
    """migrate starts the embedded server and makes the schema, the second time it has nothing to do, stop ends it."""
    first, second = greatwheel(folder, "migrate"), greatwheel(folder, "migrate")
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("carried out: 0000, 0001")
    assert (second.stdout, second.stderr) == ("the schema is up to date\n", "")
    assert greatwheel(folder, "database", "url").stdout.startswith("postgresql://postgres@/greatwheel?host=")
    assert greatwheel(folder, "database", "stop").stdout == "stopped\n"
    assert greatwheel(folder, "database", "stop").stdout == "it was not running\n"


@pytest.mark.parametrize(
    ("settings", "line", "code"),
    [
        ("[server]\nprot = 1", "there is no setting server.prot; the nearest is server.port.", 2),
        ('[database]\nurl = "postgresql://127.0.0.1:1/db"', "greatwheel: No Postgres answers: ", 71),
    ],
)
def test_what_is_wrong_is_one_line(folder: Path, settings: str, line: str, code: int) -> None:
    """A fault of the settings and a Postgres that does not answer are one line each, with their exit codes."""
    file = folder / "greatwheel.toml"
    file.write_text(settings)
    told = greatwheel(folder, "migrate", "--config", str(file))
    assert told.returncode == code
    assert line in told.stderr
    assert len(told.stderr.splitlines()) == 1
