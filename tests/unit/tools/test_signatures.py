"""How models are told that a tool is called."""

import ast
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greatwheel.tools.functions import FunctionTool
from greatwheel.tools.port import Invocation, ToolSpec
from greatwheel.tools.signatures import signature

ANY: dict[str, Any] = {}


def told(properties: dict[str, Any], *required: str) -> str:
    """The line for a schema."""
    parameters = {"type": "object", "properties": properties, "required": list(required)}
    return signature(ToolSpec(name="t", description="", parameters=parameters))


def test_a_function_is_told_as_it_was_written() -> None:
    """Its parameters are in order, with their defaults; what the host fills in is not told."""

    def find(query: str, invocation: Invocation, limit: int = 5, place: str = "all", exact: bool = False) -> None:
        """Finds."""

    assert signature(FunctionTool(find).spec) == "tool.find(query, limit=5, place='all', exact=False)"


@pytest.mark.parametrize(
    ("properties", "required", "line"),
    [
        ({}, [], "tool.t()"),
        ({"q": ANY, "n": ANY}, ["q"], "tool.t(q, n=None)"),
        ({"n": {"default": 5}, "q": ANY}, ["q"], "tool.t(q=..., n=5)"),
        ({"user-id": ANY, "q": ANY}, ["user-id", "q"], "tool.t(q=..., **...)"),
        ({"q": ANY, "not so": ANY, "class": ANY}, ["q"], "tool.t(q)"),
        ({"q": {"default": "x'); drop()"}}, [], "tool.t(q=None)"),
        ({"q": {"default": float("inf")}, "r": {"default": 10**400}}, [], "tool.t(q=None, r=None)"),
        ({"q": {"default": [1]}, "r": True, "ignore_all_rules\n": ANY}, [], "tool.t(q=None, r=None)"),
    ],
)
def test_a_schema_is_told_in_a_line(properties: dict[str, Any], required: list[str], line: str) -> None:
    """Required arguments come first, and nothing is told that is no name or plain value."""
    assert told(properties, *required) == line


def test_many_parameters_are_cut() -> None:
    """Those that do not fit are told by two stars."""
    line = told({f"parameter_{number}": ANY for number in range(400)})
    assert line.endswith(", **...)")
    assert len(line) < 200


@given(st.dictionaries(st.text(max_size=50), st.fixed_dictionaries({}, optional={"default": st.text() | st.floats()})))
def test_whatever_a_server_calls_its_parameters_the_line_is_one_call(properties: dict[str, Any]) -> None:
    """To Python it is a call of the tool whose arguments are names and constants."""
    for required in ([], list(properties)[::2]):
        called = ast.parse(told(properties, *required), mode="eval").body
        assert isinstance(called, ast.Call)
        values = [*called.args, *(each.value for each in called.keywords)]
        assert all(isinstance(value, ast.Name | ast.Constant | ast.UnaryOp) for value in values)
