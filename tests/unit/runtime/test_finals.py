"""What can be checked of an answer for free."""

import time
from typing import Any

import pytest

from greatwheel.runtime.finals import Final, as_text, doubt, occurs


def doubted(value: Any, *, typed_in: bool = False, counted: bool = False, seen: str = "", in_data: bool = False) -> Any:
    final = Final(text=as_text(value), typed_in=typed_in, counted=counted)
    return doubt(final, value=value, seen=seen, in_data=in_data)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (42, "42"),
        (0.1 + 0.2, "0.3"),
        (3.0, "3"),
        (True, "True"),
        (None, "None"),
        ("  Paris ", "Paris"),
        (["a", "b"], "a, b"),
        (("x", 1, 2.50), "x, 1, 2.5"),
        ({"b", "a"}, "a, b"),
        ({"a": 1, "b": 2.0}, "a: 1, b: 2"),
        ([("Bonn", 3), ("Ulm", 2)], "Bonn: 3, Ulm: 2"),
        ([], ""),
        (b"raw", "b'raw'"),
        (1e300, "1e+300"),
    ],
)
def test_answers_read_as_people_write_them(value: Any, text: str) -> None:
    """Answers have no rounding noise, quotes or brackets."""
    assert as_text(value) == text


def test_any_number_can_be_an_answer() -> None:
    """Infinite floats, NaN and integers of thousands of digits are answers too, not errors."""
    assert as_text(float("inf")) == "inf"
    assert as_text(float("-inf")) == "-inf"
    assert as_text([float("nan")]) == "nan"
    assert doubted(10**6000) == "not_a_value"


def test_answers_nested_without_end_are_no_values() -> None:
    """An answer nested thousands of levels deep is questioned, not an error."""
    deep: Any = "x"
    for _ in range(5000):
        deep = [deep]
    assert doubted(deep) == "not_a_value"


@pytest.mark.parametrize(
    "text", ["", "  ", "None", "N/A", "nothing printed", "Nothing was printed.", "...", "TODO", "-"]
)
def test_empty_answers_are_doubted(text: str) -> None:
    """An answer that says nothing is questioned."""
    assert doubted(text) == "empty"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ([], "nothing_matched"),
        ({}, "nothing_matched"),
        (0, "nothing_matched"),
        (0.0, "nothing_matched"),
        ("not found", "not_found"),
        ("There is no mention of it.", "not_found"),
        ("The text doesn't say", "not_found"),
        ("<function f at 0x7f>", "not_a_value"),
        ("<generator object <genexpr>>", "not_a_value"),
        ("word " * 400, "too_long"),
    ],
)
def test_other_doubts(value: Any, why: str) -> None:
    """No match, giving up, objects and long-winded answers are questioned, each for its reason."""
    assert doubted(value) == why


@pytest.mark.parametrize("value", [1, "Paris", ["a"], False, "Nonesuch", "no 5 Elm Street", "42 items"])
def test_plain_answers_stand(value: Any) -> None:
    """What code computed and is a plain answer is not questioned."""
    assert doubted(value) is None


def test_typed_answers_must_come_from_somewhere() -> None:
    """A typed answer stands when the data has it or the model was shown it, else it is questioned."""
    assert doubted("Rome", typed_in=True) == "not_in_data"
    assert doubted("Rome", typed_in=True, in_data=True) is None
    assert doubted("The capital is Rome, 1871", typed_in=True, seen="Rome … the year 1871 The Capital") is None
    assert doubted("Rome 1999", typed_in=True, seen="Rome 1871") == "not_in_data"


def test_typed_counts_are_doubted() -> None:
    """A count that was typed in was not counted, even if the data has that number."""
    assert doubted("17", typed_in=True, counted=True, in_data=True) == "not_computed"
    assert doubted(17, counted=True) is None


def test_occurrence_in_the_data() -> None:
    """A text occurs in a context in any case, at any depth, in keys and values."""
    data = {"Cities": [{"name": "Rome", "since": -753}, None]}
    assert occurs("rome", data)
    assert occurs("cities", data)
    assert occurs("-753", data)
    assert not occurs("Paris", data)
    assert not occurs("", data)
    assert not occurs("x" * 501, "x" * 600)


@pytest.mark.parametrize(
    "text", ["!" * 100_000 + "a", "<a " * 50_000, "1" + ",1" * 50_000, "A-" * 50_000, " " * 200_000]
)
def test_hostile_answers_are_checked_quickly(text: str) -> None:
    """No answer keeps the host busy."""
    began = time.process_time()
    doubted(text, typed_in=True, seen="x" * 20_000)
    assert time.process_time() - began < 2
