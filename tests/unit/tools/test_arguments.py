"""Binding and checking a call's arguments."""

import time
from typing import Any

import pytest

from greatwheel.core.errors import BadInput
from greatwheel.tools.arguments import MAX_ARGUMENT_CHARS, bind, check_schema
from greatwheel.tools.port import ToolSpec

SPEC = ToolSpec(
    name="mail",
    description="",
    parameters={
        "type": "object",
        "properties": {
            "to": {"type": "string", "minLength": 1},
            "copies": {"type": "integer", "maximum": 3},
            "tags": {"type": "array", "items": {"type": "string"}},
            "note": {"type": ["string", "null"]},
        },
        "required": ["to"],
        "additionalProperties": False,
    },
)


def test_positional_arguments_follow_the_order_of_the_parameters() -> None:
    """Agents may give arguments by place, by name, or both; None is like leaving one out, unless it is a value."""
    assert bind(SPEC, ("a@b",), {"copies": 2}) == {"to": "a@b", "copies": 2}
    assert bind(SPEC, ("a@b", None), {"tags": ("x",), "note": None}) == {"to": "a@b", "tags": ["x"], "note": None}


@pytest.mark.parametrize(
    ("args", "kwargs", "said"),
    [
        ((), {}, r"tool\.mail needs to: tool\.mail\(to, copies=…, tags=…, note=…\)"),
        ((1, 2, 3, 4, 5), {}, "takes 4 arguments, not 5"),
        (("a",), {"to": "b"}, "got to twice"),
        (("a",), {"cc": "b"}, "no parameter 'cc'"),
        (("a",), {"copies": {1}}, "takes texts, numbers, lists and dicts"),
        (("a",), {"copies": float("nan")}, "takes texts, numbers, lists and dicts"),
    ],
)
def test_arguments_that_do_not_fit_are_a_type_error(args: tuple[Any, ...], kwargs: dict[str, Any], said: str) -> None:
    """A call with the wrong arguments says which, and how the tool is called."""
    with pytest.raises(TypeError, match=said):
        bind(SPEC, args, kwargs)


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ({"to": ""}, "to: "),
        ({"to": "a", "copies": 4}, "copies: 4 is greater than the maximum"),
        ({"to": "a", "tags": ["x", 1]}, r"tags: \[1\]1 is not of type"),
        ({"to": "a" * MAX_ARGUMENT_CHARS}, "at most 200,000 are taken"),
    ],
)
def test_a_value_outside_of_the_schema_is_a_value_error(kwargs: dict[str, Any], said: str) -> None:
    """A wrong value is named with its place and the rule that it breaks."""
    with pytest.raises(ValueError, match=said):
        bind(SPEC, (), kwargs)


@pytest.mark.parametrize("schema", [{"type": "nonsense"}, {"type": "array"}, {"type": "object", "properties": 3}])
def test_a_schema_that_is_none_is_refused(schema: dict[str, Any]) -> None:
    """A tool can only be declared with a schema of an object."""
    with pytest.raises(BadInput, match="parameters of tool x"):
        check_schema("x", schema)


@pytest.mark.parametrize("reference", ["http://127.0.0.1:1/schema", "#/$defs/missing", "file:///etc/passwd"])
def test_a_schema_refers_to_its_own_parts_alone(reference: str) -> None:
    """A reference to a schema elsewhere is refused when the tool is declared, and never fetched."""
    with pytest.raises(BadInput, match="is not there"):
        check_schema("x", {"type": "object", "properties": {"a": {"$ref": reference}}})
    check_schema("x", {"type": "object", "properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": {"b": {}}})


def tree(levels: int) -> Any:
    value: Any = "leaf"
    for _ in range(levels):
        value = {"a": value}
    return value


TREE = {"anyOf": [{"type": "object", "properties": {"a": {"$ref": "#/$defs/t"}}, "required": [x]} for x in "ab"]}


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        ({"type": "string", "pattern": "^(a+)+$"}, "a" * 60 + "!", "does not match"),
        ({"type": "array", "uniqueItems": True}, [{"a": n} for n in [*range(4_000), 7]], "the same item twice"),
        ({"$ref": "#/$defs/t"}, tree(40), "too many levels"),
        ({"type": "object"}, tree(5_000), "takes texts, numbers"),
    ],
)
def test_a_hostile_value_is_checked_quickly(part: dict[str, Any], value: Any, said: str) -> None:
    """Patterns, items that must differ and alternatives within each other take no longer than the value is long."""
    schema = {"type": "object", "properties": {"x": part}, "$defs": {"t": TREE}}
    began = time.process_time()
    with pytest.raises((ValueError, TypeError), match=said):
        bind(ToolSpec(name="t", description="", parameters=schema), (), {"x": value})
    assert time.process_time() - began < 30


def test_values_that_fit_are_not_taken_for_hostile() -> None:
    """What a schema allows passes: a pattern anywhere in the text, items that differ in their type, a few levels."""
    schema = {
        "type": "object",
        "properties": {
            "text": {"type": "string", "pattern": "b+"},
            "items": {"type": "array", "uniqueItems": True},
            "tree": {"$ref": "#/$defs/t"},
        },
        "$defs": {"t": {"type": "object", "properties": {"a": {"$ref": "#/$defs/t"}}}},
    }
    given = {"text": "abc", "items": [1, "1", [1], {"1": 1}], "tree": {"a": {"a": {}}}}
    assert bind(ToolSpec(name="t", description="", parameters=schema), (), given) == given


@pytest.mark.parametrize("part", [{"pattern": "(?=x)a"}, {"pattern": r"(a)\1"}, {"patternProperties": {"a": {}}}])
def test_a_pattern_that_can_not_be_quick_is_refused(part: dict[str, Any]) -> None:
    """It is told when the tool is declared."""
    with pytest.raises(BadInput, match="pattern"):
        check_schema("x", {"type": "object", "properties": {"a": part}})
