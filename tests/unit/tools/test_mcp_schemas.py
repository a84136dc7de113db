"""What is kept of the names and schemas that an MCP server tells."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greatwheel.core.errors import BadInput
from greatwheel.tools.arguments import bind, check_schema
from greatwheel.tools.mcp_declarations import McpServer
from greatwheel.tools.mcp_schemas import MOST_PARTS, guest_name, simplified
from greatwheel.tools.port import ToolSpec


@pytest.mark.parametrize(
    ("told", "name"),
    [("add", "desk_add"), ("get-user.v2", "desk_get_user_v2"), ("a/b c", "desk_a_b_c"), ("für", "desk_f_r")],
)
def test_odd_characters_are_written_as_underscores(told: str, name: str) -> None:
    """The name is the server's, `_`, and the tool's as an agent can write it."""
    assert guest_name("desk", told) == name


@pytest.mark.parametrize("told", ["", "///", "日本", "x" * 200])
def test_names_that_nobody_can_write_are_refused(told: str) -> None:
    """Nothing is left of them, or too much."""
    with pytest.raises(BadInput):
        guest_name("desk", told)


def test_what_can_be_checked_is_kept() -> None:
    """Types, limits, choices, nested parts; not patterns, formats and conditions."""
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "string", "pattern": "(a+)+$", "maxLength": 5, "format": "email", "description": "A."},
            "b": {"type": "array", "items": {"$ref": "#/$defs/part"}, "uniqueItems": True},
            "c": {"oneOf": [{"type": "integer"}, {"enum": ["x", "y"]}], "not": {"const": 3}},
        },
        "required": ["a"],
        "additionalProperties": False,
        "$defs": {"part": {"type": "integer", "exclusiveMinimum": True, "minimum": 2}},
    }
    assert simplified(schema) == {
        "type": "object",
        "properties": {
            "a": {"type": "string", "maxLength": 5, "description": "A."},
            "b": {"type": "array", "items": {"type": "integer", "minimum": 2}},
            "c": {"anyOf": [{"type": "integer"}, {"enum": ["x", "y"]}]},
        },
        "required": ["a"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    "schema", [{"type": "array"}, {"$ref": "#/nowhere"}, {"properties": {"x": {"$ref": "https://example.org/s"}}}]
)
def test_schemas_of_no_arguments_are_refused(schema: dict[str, Any]) -> None:
    """They are of no object, or refer to what is not in them."""
    with pytest.raises(BadInput):
        simplified(schema)


def test_a_schema_that_doubles_itself_stays_small() -> None:
    """Thirty doublings would be a thousand million parts; what is beyond the limit may be anything."""
    parts: dict[str, Any] = {"d0": {"type": "integer"}}
    for number in range(1, 31):
        parts[f"d{number}"] = {"allOf": [{"$ref": f"#/$defs/d{number - 1}"}] * 2}
    began = time.process_time()
    simple = simplified({"type": "object", "properties": {"x": {"$ref": "#/$defs/d30"}}, "$defs": parts})
    spec = ToolSpec(name="t", description="", parameters=simple)
    assert bind(spec, (), {"x": "no integer"}) == {"x": "no integer"}
    assert time.process_time() - began < 2
    assert str(simple).count("{") <= MOST_PARTS * 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["object", "string", "#", "#/properties/a", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "properties", "items", "anyOf", "$ref", "enum", "required", "minimum", "a"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(["type", "properties", "required", "$defs", "allOf"]), JSON), JSON)
def test_whatever_is_told_is_refused_or_can_be_checked(schema: dict[str, Any], value: Any) -> None:
    """Nothing that a server tells leads to another error than BadInput, and no value that an agent gives to another
    than Python's own."""
    try:
        simple = simplified(schema)
        check_schema("t", simple)
    except BadInput:
        return
    try:
        bind(ToolSpec(name="t", description="", parameters=simple), (), {"a": value})
    except (TypeError, ValueError):
        return


def test_large_arguments_of_a_large_schema_are_refused_unchecked() -> None:
    """Checking them would hold the process up."""
    schema = {"type": "object", "properties": {"x": {"items": {"anyOf": [{"type": "integer"}] * 300}}}}
    with pytest.raises(ValueError, match="too long for a schema"):
        bind(ToolSpec(name="t", description="", parameters=schema), (), {"x": ["y"] * 5_000})


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"url": "https://x.example", "command": ["x"]},
        {"command": ["x"], "headers": {"A": "b"}},
        {"url": "https://x.example", "env": {"A": "b"}},
        {"url": "ftp://x.example"},
        {"url": "https://x.example", "headers": {"Cookie": "plain"}},
        {"command": ["x"], "env": {"A": "{argument}"}},
    ],
)
def test_declarations_that_can_not_be_are_refused(given: dict[str, Any]) -> None:
    """Each with its reason."""
    with pytest.raises(ValueError):
        McpServer(name="desk", **given)
