"""Contexts whose records would not fit into a session."""

from __future__ import annotations

import pytest

from greatwheel.runtime import briefing
from greatwheel.runtime.briefing import prepare


def lines(count: int) -> str:
    """A table of three columns."""
    return "id,name,price\n" + "".join(f"{n},thing {n},{n * 2}\n" for n in range(count))


def test_records_that_the_session_has_room_for_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to the limit a text's records are parsed, beyond it the text is given alone and described as one."""
    monkeypatch.setattr(briefing, "MAX_CELLS", 400)
    small, large = prepare(lines(90)), prepare(lines(110))
    assert len(small.values["records"]) == 90
    assert set(large.values) == {"context"}
    assert "records" not in large.text


def test_a_text_of_too_many_lines_is_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time goes into records that there would be no room for."""
    monkeypatch.setattr(briefing, "MAX_CELLS", 100)
    monkeypatch.setattr(briefing, "find_tables", None)
    assert set(prepare(lines(200)).values) == {"context"}


def test_of_several_tables_those_are_given_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that is too large does not take the others along."""
    monkeypatch.setattr(briefing, "MAX_CELLS", 100)
    rows = [{"a": n, "b": n} for n in range(200)]
    assert set(prepare({"large": rows, "small": rows[:10]}).values) == {"context", "small"}
