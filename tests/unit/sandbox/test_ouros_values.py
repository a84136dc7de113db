"""The wire form of values between the host and an Ouros worker."""

from __future__ import annotations

import json
import math

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greatwheel.core.errors import ValueNotPortable
from greatwheel.sandbox.ouros_values import MAX_DEPTH, decode, encode
from greatwheel.sandbox.port import Record

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary()
)
KEYS = st.recursive(SCALARS, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=4)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(KEYS, inner, max_size=3)
        | st.sets(KEYS, max_size=3)
    ),
    max_leaves=10,
)


def typed(value: object) -> object:
    """The value with the type of each part, which `==` alone does not tell (1, True and 1.0 are equal)."""
    if isinstance(value, dict):
        return "dict", [(typed(key), typed(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return type(value).__name__, [typed(item) for item in value]
    if isinstance(value, set | frozenset):
        return type(value).__name__, {(type(item).__name__, item) for item in value}
    return type(value).__name__, repr(value)


@given(value=VALUES)
def test_any_portable_value_comes_back_with_its_types(value: object) -> None:
    """A value is unchanged by encoding, msgpack and decoding."""
    back = decode(msgpack.unpackb(msgpack.packb(encode(value)), strict_map_key=True))
    assert typed(back) == typed(value)


@pytest.mark.parametrize(
    "value", [{"$tuple": [1]}, ["t", [1]], ["l", ["d", []]], {"t": ("s", [1])}, ["i", "0x1"], ["n", "nan"], ["b", "00"]]
)
def test_a_value_that_looks_like_a_wrapper_is_itself(value: object) -> None:
    """Lists and dicts that look like the wire form, or like the engine's, are not taken for it."""
    assert decode(encode(value)) == value


def test_not_a_number_comes_back() -> None:
    """NaN and the infinities, which JSON lacks, cross."""
    assert math.isnan(decode(json.loads(json.dumps(encode(math.nan)))))
    assert decode(encode([math.inf, -math.inf])) == [math.inf, -math.inf]


@pytest.mark.parametrize(
    "value", [object(), [object()], {1: print}, 1j, range(3), bytearray(b"x"), Record(type="A", fields={})]
)
def test_what_can_not_cross_is_refused_by_name(value: object) -> None:
    """A host value of another type is refused, whatever holds it."""
    with pytest.raises(ValueNotPortable, match="can't enter the sandbox"):
        encode(value)


def test_depth_is_limited() -> None:
    """Nesting is allowed to the limit and refused beyond, cycles included."""
    value: list[object] = []
    for _ in range(MAX_DEPTH - 1):
        value = [value]
    assert decode(encode(value)) == value
    with pytest.raises(ValueNotPortable, match="deeper"):
        encode([value])
    cycle: list[object] = []
    cycle.append(cycle)
    with pytest.raises(ValueNotPortable):
        encode(cycle)


@pytest.mark.parametrize(
    "wire",
    [[], ["l"], ["l", 1], ["x", []], ["i", "zz"], ["i", 5], ["n", "1"], ["b", "0"], ["d", [[1]]], [[1]], ["r", 1, []]],
)
def test_what_is_no_wire_value_is_a_value_error(wire: object) -> None:
    """A worker that sends anything else is noticed."""
    with pytest.raises(ValueError):
        decode(wire)


def test_records_come_out() -> None:
    """A dataclass instance of the guest becomes a Record."""
    record = decode(["r", "Point", [["x", 1], ["y", ["t", [2]]]]])
    assert record == Record(type="Point", fields={"x": 1, "y": (2,)})
