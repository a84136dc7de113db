"""A recorded prefix and what is replayed from it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from greatwheel.runtime.journal import digest_of, encoded, request_of
from greatwheel.runtime.record import Prefix, RecordedCall, ReplayMismatch


def recorded(call: int, name: str, args: Sequence[object], kwargs: Mapping[str, object]) -> RecordedCall:
    digest, request = digest_of(name, args, kwargs), request_of(args, kwargs)
    return RecordedCall(call=call, step=1, name=name, digest=digest, request=request, answer=encoded("yes"))


CALL = recorded(2, "llm_query", ["is (1, 2) fine?"], {"model": None})
PREFIX = Prefix(calls={2: CALL})


def test_the_same_call_is_answered_from_the_record() -> None:
    """A replayed call gets what was recorded for its number."""
    answered = PREFIX.answer_to(2, "llm_query", ("is (1, 2) fine?",), {"model": None})
    assert answered == CALL
    assert answered.result == "yes"


def test_past_the_prefix_nothing_is_known() -> None:
    """A call beyond the record is a new one."""
    assert PREFIX.answer_to(3, "llm_query", ("x",), {}) is None
    assert Prefix().answer_to(1, "llm_query", (), {}) is None


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "shown"),
    [
        ("rlm_query", ("is (1, 2) fine?",), {"model": None}, "rlm_query('is (1, 2) fine?')"),
        ("llm_query", ("is it?",), {"model": None}, "llm_query('is it?')"),
        ("llm_query", (["is (1, 2) fine?"],), {"model": None}, "llm_query(['is (1, 2) fine?'])"),
    ],
)
def test_another_call_is_an_error_that_names_both(
    name: str, args: tuple[object], kwargs: dict[str, object], shown: str
) -> None:
    """A mismatch tells the call's number, what was recorded and what was asked now."""
    with pytest.raises(ReplayMismatch) as raised:
        PREFIX.answer_to(2, name, args, kwargs)
    said = str(raised.value)
    assert "Call 2" in said
    assert "llm_query('is (1, 2) fine?')" in said
    assert shown in said


def test_what_a_replay_has_not_made_is_found() -> None:
    """The first recorded call beyond its own, of the steps that have ended."""
    calls = {
        number: replace(recorded(number, "f", [number], {}), step=step) for number, step in ((1, 1), (2, 1), (3, 2))
    }
    prefix = Prefix(calls=calls)
    assert prefix.left_over(2, 1) is None
    assert prefix.left_over(0, 1) == calls[1]
    assert prefix.left_over(1, 2) == calls[2]
    assert prefix.left_over(2, 2) == calls[3]
    assert Prefix().left_over(0, 9) is None


def test_other_keywords_are_another_call() -> None:
    """The keywords count, too, and lists are not tuples."""
    with pytest.raises(ReplayMismatch):
        PREFIX.answer_to(2, "llm_query", ("is (1, 2) fine?",), {"model": "other"})
    calls = {1: recorded(1, "f", [(1, 2)], {})}
    with pytest.raises(ReplayMismatch):
        Prefix(calls=calls).answer_to(1, "f", ([1, 2],), {})


def test_numbers_of_thousands_of_digits_can_be_compared() -> None:
    """A mismatch over a number that Python won't print is still that error."""
    with pytest.raises(ReplayMismatch):
        PREFIX.answer_to(2, "llm_query", (10**6000,), {})
