"""What agents get of results that are too long, too deep, or no texts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from greatwheel.core.errors import InDoubt, ToolFailed
from greatwheel.tenancy.redaction import Redactor
from greatwheel.tools.port import ToolSpec
from greatwheel.tools.results import DEEPEST, passed_on

EFFECT = ToolSpec(name="act", description="", parameters={"type": "object"}, max_result_chars=1_000)
READ = replace(EFFECT, name="look", kind="read")
CLEANER = Redactor({"KEY": "swordfish-7421"})


def nested(depth: int) -> Any:
    value: Any = 1
    for number in range(depth):
        value = [value] if number % 2 else {"a": value}
    return value


@pytest.mark.parametrize("value", ["text", 3, None, True, [1, {"a": "ü\x00"}], nested(DEEPEST)])
def test_what_fits_is_passed_on(value: Any) -> None:
    """As it is, whatever the tool does."""
    assert passed_on(READ, value, CLEANER) == value
    assert passed_on(EFFECT, value, CLEANER) == value


def test_a_value_that_is_too_long_is_cut_or_refused() -> None:
    """A text is cut, other values of a read are refused; of an effect, which was done, the beginning is given."""
    assert passed_on(READ, "x" * 1_500, CLEANER) == "x" * 1_000 + "\n[cut: the result has 1,500 characters]"
    with pytest.raises(ToolFailed, match="has 7,500 characters and at most 1,000 are passed on"):
        passed_on(READ, ["x"] * 1_500, CLEANER)
    cut = passed_on(EFFECT, ["x"] * 1_500, CLEANER)
    assert cut == json.dumps(["x"] * 1_500)[:1_000] + "\n[cut: the result has 7,500 characters]"


@pytest.mark.parametrize("depth", [DEEPEST + 1, 150])
def test_a_value_that_no_sandbox_takes_is_a_text_or_refused(depth: int) -> None:
    """A server could end an agent's task by a few brackets."""
    with pytest.raises(ToolFailed, match="more than 50 lists and dicts"):
        passed_on(READ, nested(depth), CLEANER)
    assert passed_on(EFFECT, nested(depth), CLEANER) == json.dumps(nested(depth))
    with pytest.raises(InDoubt):
        passed_on(EFFECT, nested(5_000), CLEANER)


def test_half_characters_are_replaced() -> None:
    """JSON can hold halves of surrogate pairs, and no text can."""
    assert passed_on(READ, {"\ud800": ["a\udfffb", "😀"]}, CLEANER) == {"?": ["a?b", "😀"]}
    assert passed_on(READ, "\ud800", CLEANER) == "?"


def test_a_secret_is_cleaned_before_the_cut() -> None:
    """The cut leaves no half of it."""
    for start in range(980, 1_000):
        assert "swordf" not in passed_on(EFFECT, ["x" * start + "swordfish-7421" * 5], CLEANER)
