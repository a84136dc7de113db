"""Unified diffs of hostile texts."""

from __future__ import annotations

import difflib
import time

from hypothesis import given
from hypothesis import strategies as st

from greatwheel.channels.http.differences import unified_diff

lines = st.lists(st.sampled_from(["a", "b", "c", "", "  d"]), max_size=25)


@given(old=lines, new=lines)
def test_a_diff_is_what_everybody_knows(old: list[str], new: list[str]) -> None:
    """It is that of Python's own difflib, line for line."""
    known = difflib.unified_diff(old, new, "old", "new", lineterm="")
    told = unified_diff("\n".join([*old, "end"]), "\n".join([*new, "end"]), "old", "new")
    assert told.splitlines() == list(difflib.unified_diff([*old, "end"], [*new, "end"], "old", "new", lineterm=""))
    assert bool(list(known)) == bool(told)


def test_texts_that_are_dear_to_compare_take_no_longer() -> None:
    """Each line is like hundreds of others: what the work is not enough for counts as changed."""
    old = "\n".join(f"{number * 7 % 190}" for number in range(30_000))
    new = "\n".join(f"{number * 11 % 190}" for number in range(30_000))
    started = time.process_time()
    told = unified_diff(old, new, "old", "new")
    assert time.process_time() - started < 5
    assert told.count("\n-") + told.count("\n+") >= 30_000
