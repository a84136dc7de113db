"""Limits inside the dump of an Ouros session."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greatwheel.sandbox.ouros_limits import STOCK, empty_with_limits, limits_field, with_limits


def integers(field: bytes) -> list[int | None]:
    """The options of the field, read as the engine does."""
    values: list[int | None] = []
    at = 0
    while at < len(field):
        at += 1
        if field[at - 1] == 0:
            values.append(None)
            continue
        for _ in range(2 if len(values) == 2 else 1):  # a duration has two parts
            value = shift = 0
            while True:
                value |= (field[at] & 127) << shift
                shift, at = shift + 7, at + 1
                if field[at - 1] < 128:
                    break
            values.append(value)
    return values


def test_the_stock_limits_are_those_of_the_engine() -> None:
    """The reader of this test agrees with what is known of the engine."""
    assert integers(STOCK) == [10_000_000, 1_000_000, None, 256 * 1024 * 1024, None, 1000]


@given(
    seconds=st.floats(min_value=0.01, max_value=10_000),
    memory=st.integers(min_value=2**21, max_value=2**35 - 1),
    recursion=st.integers(min_value=1, max_value=16_000),
)
def test_every_field_is_as_long_and_says_what_it_should(seconds: float, memory: int, recursion: int) -> None:
    """The limits asked for are there, and those of operations and allocations are out of reach."""
    field = limits_field(seconds=seconds, memory_bytes=memory, recursion=recursion)
    operations, allocations, whole, fraction, held, interval, depth = integers(field)
    assert len(field) == len(limits_field(seconds=1, memory_bytes=2**30, recursion=500))
    assert operations is not None
    assert allocations is not None
    assert min(operations, allocations) >= 2**42
    assert whole is not None
    assert fraction is not None
    assert whole + fraction / 1e9 == pytest.approx(seconds, abs=0.003)
    assert (held, interval, depth) == (memory, None, recursion)


def test_fields_are_exchanged_only_where_there_is_one() -> None:
    """A guest whose data holds the same bytes keeps the limits that it has."""
    old = limits_field(seconds=1, memory_bytes=2**30, recursion=500)
    new = limits_field(seconds=2, memory_bytes=2**30, recursion=500)
    assert with_limits(b"a" + old + b"b", old, new) == b"a" + new + b"b"
    assert with_limits(old + b"-" + old, old, new) == old + b"-" + old


def test_another_layout_is_noticed() -> None:
    """An engine whose dumps look otherwise is refused instead of being changed blindly."""
    with pytest.raises(ValueError, match="layout"):
        empty_with_limits(b"something else", b"x" * 34)
