"""The load test in short: a real server, streams that drop and come again, requests meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from greatwheel.bench.load.measuring import Plan, measure


@pytest.mark.heavy
async def test_no_event_is_lost_or_told_twice_under_load(database_url: str, tmp_path: Path) -> None:
    """Each stream has every event of its task once, in order, over all its connections; no request is refused."""
    plan = Plan(
        folder=tmp_path, streams=12, tasks=3, rate=15.0, seconds=3.0, dropping=2, leaves_after=3,
        database_url=database_url,
    )  # fmt: skip
    figures = await measure(plan, lambda line: None)
    assert figures.sound, figures.lines()
    assert figures.delivery.resumed >= 6
    assert figures.delivery.told == figures.delivery.wanted > 12 * 5
    assert figures.delivery.passing > 12
    kinds = {spread.what: len(spread.seconds) for spread in figures.spreads}
    assert kinds["a request, from when it was due"] >= 45
    assert kinds["… answer a question"] > 3
