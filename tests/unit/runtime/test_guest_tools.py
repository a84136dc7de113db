"""The tools that blocks have, as the host uses them, and that the session's copy of them is whole."""

import contextlib
import io
import time
from collections.abc import Callable
from typing import Any

import pytest

from greatwheel.runtime import prompts
from greatwheel.runtime.guest_source import GUEST_TOOLS, HIDDEN, PUBLIC_TOOLS, TOOL_NAMES
from greatwheel.sandbox import prelude

LINES = [f"Line {n} speaks of the weather in the valley." for n in range(500)]
TEXT = "\n".join([*LINES[:250], "In May Captain Orlop moved the depot to Genoa.", *LINES[250:]])


@pytest.fixture
def guest() -> dict[str, Any]:
    """A namespace as a session has it, with a context, and a sub-model that says yes to what has a 7."""
    names: dict[str, Any] = {
        "context": TEXT,
        "batch_llm_query": lambda prompts, choices: [
            "yes" if "7" in prompt.split("Text:")[1] else "no" for prompt in prompts
        ],
    }
    exec(GUEST_TOOLS, names)  # noqa: S102 - our own source
    return names


def quiet(act: Callable[..., Any], *args: Any) -> tuple[Any, str]:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        result = act(*args)
    return result, printed.getvalue()


def test_search_finds_the_line_that_shares_rare_words(guest: dict[str, Any]) -> None:
    """The best line is printed with its number and returned whole."""
    found, printed = quiet(guest["search"], "Where did Captain Orlop move the depot?")
    assert found[0] == "In May Captain Orlop moved the depot to Genoa."
    assert "[251" in printed
    assert len(printed) < 3_000


def test_search_without_a_match_says_so(guest: dict[str, Any]) -> None:
    """Words that are nowhere give no lines."""
    found, printed = quiet(guest["search"], "xylophone quartz")
    assert found == []
    assert "xylophone" in printed


def test_grep_counts_all_and_prints_few(guest: dict[str, Any]) -> None:
    """All matching lines are returned; only the first are printed. A broken pattern is taken literally."""
    found, printed = quiet(guest["grep"], r"weather")
    assert len(found) == 500
    assert printed.count("[") < 20
    assert "500" in printed
    assert quiet(guest["grep"], "(")[0] == []


def test_chunks_cover_the_text(guest: dict[str, Any]) -> None:
    """Every piece is short, and together they hold every line."""
    pieces = guest["chunks"](TEXT, 1000, 100)
    assert max(map(len, pieces)) <= 1000
    assert all(any(line in piece for piece in pieces) for line in LINES)
    assert guest["chunks"]("x" * 5000, 1000, 1000)[-1].endswith("x")
    assert guest["chunks"]("", 10) == []


def test_tally_and_classify(guest: dict[str, Any]) -> None:
    """tally counts, the most frequent first; classify gives one of the labels for each item."""
    assert guest["tally"](["a", "b", "a"]) == [("a", 2), ("b", 1)]
    assert guest["classify"](["7 up", "none"], "Has it a seven?", ["yes", "no"]) == ["yes", "no"]


def test_the_helpers_of_the_tools_are_out_of_the_way() -> None:
    """A session has the tools under their names, all else of them under names that no block uses."""
    assert PUBLIC_TOOLS <= TOOL_NAMES
    assert all(name.startswith(HIDDEN) for name in TOOL_NAMES - PUBLIC_TOOLS)
    assert not PUBLIC_TOOLS & prelude.NAMES


def test_every_tool_that_the_prompt_names_is_there() -> None:
    """What the system prompt offers is a tool of the session or of the SDK."""
    offered = [line.split("(")[0] for line in prompts.SYSTEM.split("Tools\n")[1].split("\n\n")[0].splitlines()]
    assert set(offered) <= PUBLIC_TOOLS | prelude.NAMES


@pytest.mark.parametrize(
    "data",
    [
        "a" * 3_000_000,
        "a b " * 500_000,
        "\n" * 500_000,
        ". " * 500_000,
        "depot " * 200_000,
        ["depot"] * 100_000,
        {"depot": 1},
        [None, 5],
    ],
    ids=["one word", "words", "lines", "sentences", "hits", "list", "dict", "numbers"],
)
def test_the_first_search_is_quick_on_hostile_data(data: Any) -> None:
    """The host's own search of the data ends soon, whatever the data is."""
    began = time.process_time()
    prompts.look("Where did Captain Orlop move the depot in May?", data, 8)
    assert time.process_time() - began < 5


def test_a_name_without_its_capital_is_still_a_name() -> None:
    """A question in small letters finds the line of the one that it names, not those that share its common words."""
    told = [
        f"The access code of Project {name} is {n}." for n, name in enumerate(("Kepler", "Cobalt", "Nimbus", "Orion"))
    ]
    data = "\n".join([*LINES, *told, "Note to self: Z9 opens the vault of project Dynamo.", "They need a Dynamo."])
    best = prompts.look("I need the access code for project dynamo.", data, 8).best
    assert any("Z9" in line for line in best)
