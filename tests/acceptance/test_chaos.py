"""The short form of the kill matrix; `make chaos` runs the whole."""

import subprocess
import sys

import pytest


@pytest.mark.heavy
def test_workers_may_be_killed_at_any_write() -> None:
    """Killed, frozen, or with Postgres restarted under them: the same answer, nothing paid or done twice."""
    order = [
        "--lanes",
        "2",
        "--share",
        "0.01",
        "--others",
        "0.0",
        "--moments",
        "3",
        "--doubles",
        "2",
        "--restarts",
        "1",
        "--freezes",
        "1",
    ]
    ran = subprocess.run(
        [sys.executable, "-m", "greatwheel.testing.chaos", *order], capture_output=True, text=True, timeout=600
    )
    assert ran.returncode == 0, f"{ran.stdout[-8000:]}\n{ran.stderr[-4000:]}"
    counts = {line[:44].strip(): int(line[44:51]) for line in ran.stdout.splitlines() if line[44:51].strip().isdigit()}
    assert counts["kills at a write"] >= 5
    assert counts["kills at a random moment"] == 3
    assert counts["two workers killed, one after the other"] == 2
    assert counts["restarts of Postgres"] == counts["workers frozen for a while"] == 1
    assert counts["points of the undisturbed runs"] >= 1200
    assert counts["texts embedded"] >= 4 * counts["tasks that were disturbed"]
    assert counts["host calls of each root task"] >= 60
    assert counts["violations"] == 0
