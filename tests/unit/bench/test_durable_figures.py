"""Lines of the durable benchmark: ratios and goals."""

from __future__ import annotations

import pytest

from greatwheel.bench.durable.figures import Baseline, Row


@pytest.mark.parametrize(("value", "missed"), [(0.0002, 0), (0.0003, 1), (0.0006, 2)])
def test_each_baseline_has_a_goal_of_its_own(value: float, missed: int) -> None:
    """A time is held against a share of each peer's time."""
    row = Row(
        what="call",
        unit="µs",
        value=value,
        baselines=(Baseline(name="A", value=0.002, at_most=0.25), Baseline(name="B", value=0.002, at_most=0.125)),
    )
    assert row.missed == missed


def test_a_rate_must_reach_its_goal() -> None:
    """More a second is better."""
    assert Row(what="calls", unit="a second", value=2_999.0, at_least=3_000.0).missed == 1
    assert Row(what="calls", unit="a second", value=3_000.0, at_least=3_000.0).missed == 0


def test_cells_name_ours_theirs_and_the_verdict() -> None:
    """A line of the table says by how much, and whether that was good enough."""
    row = Row(what="x", unit="µs", value=0.0003, baselines=(Baseline(name="P", value=0.0012, at_most=0.25),))
    assert row.cells() == ("x", "300.0 µs", "P 1,200 µs, ratio 0.25", "at most 0.25 times P: reached")
    late = Row(what="y", unit="ms", value=0.031, at_most=0.03)
    assert late.cells() == ("y", "31.0 ms", "", "at most 30.0 ms: MISSED")


def test_a_line_without_a_goal_misses_none() -> None:
    """Figures that only inform are no failure."""
    row = Row(what="bytes", unit="bytes", value=300.0, baselines=(Baseline(name="P", value=100.0),))
    assert (row.missed, row.cells()[3]) == (0, "")
