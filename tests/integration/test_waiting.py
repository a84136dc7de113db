"""Sessions that wait for a person, with a real worker process: the short form of the benchmark."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest

from greatwheel.bench.waiting.figures import MEBI
from greatwheel.bench.waiting.measuring import Plan, measure


@pytest.mark.heavy
async def test_waiting_sessions_hold_no_memory_and_go_on_when_answered(database_url: str, tmp_path: Path) -> None:
    """200 sessions wait while the worker stays as large as it was; those that are answered go on at once."""
    told: list[str] = []
    plan = Plan(
        sessions=200, answers=10, concurrency=8, folder=tmp_path, database_url=database_url, warm_up=4, seconds=120.0
    )
    figures = await measure(plan, told.append)
    assert figures.waiting == 200
    assert len(told) == len(figures.residents)
    first, *_, last = figures.residents
    assert last.worker - first.worker < 48 * MEBI
    assert last.sandboxes - first.sandboxes < 96 * MEBI
    assert 0 < figures.stored["dump"] < 8_000
    assert 0 < figures.stored["all"] < 40_000
    # Without being told, a worker would look for work every two seconds.
    assert median(figures.spreads[0].seconds) < 1.0
    assert all(len(spread.seconds) == 10 for spread in figures.spreads)
    assert "200 waiting" in told[-1]
