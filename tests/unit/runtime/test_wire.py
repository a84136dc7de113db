"""Guest values as JSON and back."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from greatwheel.runtime.wire import from_wire, to_wire
from greatwheel.sandbox.port import Record

HASHABLE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=5,
)
KEYS = HASHABLE | st.sampled_from(["$type", "value", "$tuple"])
VALUES = st.recursive(
    HASHABLE | st.sets(HASHABLE, max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(KEYS, inner, max_size=3)
        | st.builds(lambda name, fields: Record(type=name, fields=fields), st.text(), st.dictionaries(st.text(), inner))
    ),
    max_leaves=15,
)


def there_and_back(value: Any) -> Any:
    return from_wire(json.loads(json.dumps(to_wire(value))))


def types(value: Any) -> Any:
    """The types of a value, all levels, in an order that equal values share."""
    inner: list[Any] = []
    if isinstance(value, dict):
        inner = [(types(key), types(item)) for key, item in value.items()]
    elif isinstance(value, (list, tuple)):
        inner = [types(item) for item in value]
    elif isinstance(value, (set, frozenset)):
        inner = sorted((types(item) for item in value), key=repr)
    elif isinstance(value, Record):
        inner = [value.type, types(value.fields)]
    return (type(value).__name__, inner)


@given(VALUES)
def test_values_come_back_unchanged(value: Any) -> None:
    """Any value that a guest can send is the same after JSON, its types included."""
    back = there_and_back(value)
    assert back == value
    assert types(back) == types(value)


def test_dicts_that_look_like_tags_are_not_mistaken() -> None:
    """A guest's dict with our tag in it stays that dict."""
    for value in (
        {"$type": "tuple", "value": [1, 2]},
        {"$type": "bytes"},
        {"a": {"$type": {"$type": "set", "value": []}}},
        {1: "int", "1": "str"},
        {(1, 2): {None: {True: 0}}},
    ):
        assert there_and_back(value) == value


def test_numbers_beyond_json() -> None:
    """Infinite floats, NaN and integers of thousands of digits make the round trip."""
    assert there_and_back([float("inf"), float("-inf")]) == [float("inf"), float("-inf")]
    assert there_and_back(float("nan")) != there_and_back(float("nan"))
    assert there_and_back([10**6000 + 1, -(10**6000)]) == [10**6000 + 1, -(10**6000)]


def test_what_is_no_guest_value_is_shown() -> None:
    """A value of another type is written as what it looks like."""
    assert there_and_back(range(3)) == "range(0, 3)"
