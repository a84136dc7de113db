"""Python functions as tools."""

from __future__ import annotations

import asyncio
import threading
import time
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from greatwheel.core.errors import BadInput, InDoubt, NotAvailable, ToolFailed
from greatwheel.core.ids import OrgId, UserId
from greatwheel.tools.configuration import all_tools, declared_tools, parse_settings, tool_settings
from greatwheel.tools.functions import FunctionTool, load_function, tool
from greatwheel.tools.port import Invocation
from greatwheel.tools.registry import ToolRegistry

WHO = Invocation(
    org_id=OrgId("org_1"), user_id=UserId("usr_1"), idempotency_key="tsk_1-1", secrets={"KEY": "hidden-value"}
)


class Place(BaseModel):
    name: str
    floor: int = 0


@tool(kind="read", permission="maps", secrets=("KEY",))
def visit(place: Place, day: date, invocation: Invocation, notes: list[str] | None = None) -> dict[str, Any]:
    """Says who visits what."""
    return {
        "place": place,
        "day": day,
        "notes": notes,
        "user": invocation.user_id,
        "key": len(invocation.secrets["KEY"]),
        "thread": threading.current_thread() is threading.main_thread(),
    }


async def test_a_signature_becomes_a_schema_and_types() -> None:
    """Agents give JSON, the function gets its own types, and its result goes back as JSON."""
    made = FunctionTool(visit)
    assert (made.spec.name, made.spec.description) == ("visit", "Says who visits what.")
    assert (made.spec.kind, made.spec.required_permission, made.spec.secrets) == ("read", "maps", ("KEY",))
    assert list(made.spec.parameters["properties"]) == ["place", "day", "notes"]
    assert made.spec.parameters["required"] == ["place", "day"]
    assert await made.call(WHO, {"place": {"name": "hall"}, "day": "2026-11-22"}) == {
        "place": {"name": "hall", "floor": 0},
        "day": "2026-11-22",
        "notes": None,
        "user": "usr_1",
        "key": 12,
        "thread": False,
    }


async def test_a_value_that_the_types_refuse_is_a_value_error() -> None:
    """What no schema tells, the function's own types refuse, naming the place."""
    with pytest.raises(ValueError, match=r"tool\.visit: day: "):
        await FunctionTool(visit).call(WHO, {"place": {"name": "hall"}, "day": "2026-13-45"})


async def test_a_function_without_the_decorator_is_an_effect() -> None:
    """Nothing is taken to be repeatable unless it says so."""

    async def order(item: str) -> str:
        return item * 2

    made = FunctionTool(order)
    assert (made.spec.kind, made.spec.repeatable, made.spec.required_permission) == ("effect", False, "order")
    assert await made.call(WHO, {"item": "ab"}) == "abab"


async def test_a_function_has_its_time() -> None:
    """One that takes too long is given up: a read has failed, an effect is in doubt."""

    @tool(kind="read", seconds=0.05)
    async def look() -> None:
        await asyncio.sleep(30)

    @tool(seconds=0.05)
    def act() -> None:
        time.sleep(0.3)

    with pytest.raises(ToolFailed, match=r"longer than 0\.05 seconds"):
        await FunctionTool(look).call(WHO, {})
    with pytest.raises(InDoubt, match="may or may not"):
        await FunctionTool(act).call(WHO, {})


async def test_functions_that_hang_keep_nothing_else_up() -> None:
    """They keep their threads after their time is up, and others have threads of their own."""
    release = threading.Event()

    @tool(kind="read", seconds=0.05)
    def hang() -> None:
        release.wait(20)

    try:
        async with asyncio.timeout(10):
            calls = [FunctionTool(hang).call(WHO, {}) for _ in range(40)]
            ended = await asyncio.gather(*calls, return_exceptions=True)
            assert await asyncio.to_thread(lambda: "served") == "served"
    finally:
        release.set()
    assert {type(each) for each in ended} == {ToolFailed}


async def test_a_timeout_of_the_function_itself_is_its_own() -> None:
    """A TimeoutError that the function raises is not taken for the end of its time."""

    def ask() -> None:
        raise TimeoutError("the oven is cold")

    with pytest.raises(TimeoutError, match="oven"):
        await FunctionTool(ask).call(WHO, {})


async def test_a_result_that_is_no_json_is_refused() -> None:
    """What can't be written as JSON can't go to an agent, who is told that the effect may have happened."""

    @tool(kind="read")
    def seen() -> object:
        return object()

    def done() -> object:
        return object()

    for function, error in ((seen, ToolFailed), (done, InDoubt)):
        with pytest.raises(error, match="not of JSON's types"):
            await FunctionTool(function).call(WHO, {})


def test_a_function_that_no_agent_can_call_is_refused() -> None:
    """Parameters without names and types without schemas are told at the start."""

    def many(*names: str) -> None: ...

    def odd(thing: threading.Lock) -> None: ...

    for function in (many, odd):
        with pytest.raises(BadInput, match=r"many|odd"):
            FunctionTool(function)
    for place in ("nowhere", "nowhere:f", "json:nothing", "json:__name__", ""):
        with pytest.raises(BadInput, match="tool function"):
            load_function(place)


def test_tools_are_declared_in_a_table() -> None:
    """The configuration names functions, requests and the search."""
    settings = parse_settings(
        {
            "networks": ["10.0.0.0/8"],
            "web_search": {"url": "https://searx.example"},
            "functions": [{"function": "calendar:isleap", "name": "leap_year"}],
            "tools": [{"name": "weather", "description": "", "url": "https://w.example/"}],
        },
        "tools.toml",
    )
    assert [each.spec.name for each in declared_tools(settings)] == ["web_search", "leap_year", "weather"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tools = 3", "tools: "),
        ("[[tools]]\nname = 'x'", r"tools\.0\.description"),
        ("networks = ['10.0.0.1/8']", r"networks\.0: .*host bits"),
        ("colour = 'red'", "colour: Extra inputs"),
        ("[[", "Invalid|Expected|expected"),
        ("[[functions]]\nfunction = 'calendar:isleap'\n" * 2, "Two tools are named isleap"),
        ("[[functions]]\nfunction = 'calendar:isleap'\nname = 'authorized_action'", "can't name a tool"),
    ],
)
def test_a_file_that_can_not_be_used_is_told_in_a_line(tmp_path: Path, text: str, said: str) -> None:
    """The error names the place in the file and the reason."""
    file = tmp_path / "tools.toml"
    file.write_text(text)
    with pytest.raises(BadInput, match=said) as refused:
        all_tools(tool_settings(file))
    assert "\n" not in str(refused.value)
    with pytest.raises(BadInput, match=r"missing\.toml"):
        tool_settings(tmp_path / "missing.toml")


def test_an_unknown_tool_names_those_that_are_near() -> None:
    """Who misspells a tool is told which there is."""
    registry = ToolRegistry([FunctionTool(visit)])
    assert registry.get("visit").spec.name == "visit"
    with pytest.raises(NotAvailable, match="'vist'; there is visit"):
        registry.get("vist")
    with pytest.raises(NotAvailable, match="has no tools"):
        ToolRegistry().get("visit")


def test_the_example_of_the_documentation_can_be_used() -> None:
    """What docs/tools.md shows is a file that works."""
    page = (Path(__file__).parents[3] / "docs" / "tools.md").read_text(encoding="utf-8")
    settings = parse_settings(tomllib.loads(page.split("```toml\n")[1].split("```")[0]), "docs/tools.md")
    (function,) = settings.functions
    made = declared_tools(settings.model_copy(update={"functions": ()}))
    assert (function.name, [each.spec.name for each in made]) == ("invoice", ["web_search", "create_ticket"])
    assert made.get("create_ticket").spec.secrets == ("DESK_KEY",)
    assert made.get("create_ticket").spec.repeatable
