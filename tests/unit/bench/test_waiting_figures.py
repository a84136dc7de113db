"""How the figures of waiting sessions are told."""

from __future__ import annotations

from greatwheel.bench.waiting.figures import Figures, Resident, Spread


def test_goals_are_of_the_median_or_of_each() -> None:
    """A goal for each time is missed by one slow time; a goal for the median is not."""
    times = [0.010] * 99 + [0.5]
    assert Spread(what="x", seconds=times, goal_p50=0.02).reached is True
    assert Spread(what="x", seconds=times, goal_max=0.1).reached is False
    assert Spread(what="x", seconds=times).reached is None
    assert Spread(what="x", seconds=times, goal_max=0.1).cells() == (
        "x", "10.0 ms", "10.0 ms", "500.0 ms", "each within 100 ms: MISSED",
    )  # fmt: skip


def test_the_page_has_memory_times_and_bytes() -> None:
    """The section has a row for each moment and each time, and what a session takes."""
    figures = Figures(
        residents=[Resident(waiting=n, worker=100 * 2**20, sandboxes=2**20) for n in (0, 500)],
        seconds=5.0,
        stored={"dump": 900.0, "all": 2_000.0},
        spreads=[Spread(what="a reply", seconds=[0.02])],
    )
    page = figures.markdown("made here")
    assert "| 500 | 100 MiB | 1 MiB |" in page
    assert "| a reply | 20.0 ms | 20.0 ms | 20.0 ms |  |" in page
    assert "500 sessions were brought to wait in 5 s (10.0 ms each)." in page
    assert "Bytes stored for each: 2,000 with indexes; in rows: dump 900." in page
