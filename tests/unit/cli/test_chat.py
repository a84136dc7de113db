"""What is typed in a chat, and what is shown of a task."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from greatwheel.channels.cli.chat_lines import ORDERS, Line, Order, Words, parse_line
from greatwheel.channels.cli.chat_orders import _DOING
from greatwheel.channels.cli.chat_view import FOLDED_LINES, PersonsView
from greatwheel.channels.cli.watching import chosen
from greatwheel.core.errors import BadInput

ENDED = {"status": "done", "outcome": "answered", "answer": "42", "error": None, "usage": {}, "session_id": "ses_1"}


def shown(*events: tuple[str, dict[str, Any]], verbose: bool = False, terminal: bool = False) -> str:
    """What a person sees of these events."""
    out = io.StringIO()
    view = PersonsView(verbose=verbose, console=Console(file=out, force_terminal=terminal, width=80, highlight=False))
    for kind, data in events:
        view.event(kind, data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("  who wrote it? ", Words("who wrote it?")),
        ("   ", None),
        ("//etc/passwd, what is it?", Words("/etc/passwd, what is it?")),
        ("/quit", Order("quit")),
        ('/file "two words.txt" b', Order("file", ("two words.txt", "b"))),
    ],
)
def test_a_line_is_words_or_an_order(line: str, meant: Line | None) -> None:
    """One slash begins an order, two stand for one in words, an empty line is nothing."""
    assert parse_line(line) == meant


@pytest.mark.parametrize(("line", "told"), [("/nothing", "no order /nothing"), ('/file "a', "can't be read")])
def test_a_wrong_order_is_refused(line: str, told: str) -> None:
    """An order that there is not, or whose quotes are not closed, is told."""
    with pytest.raises(BadInput, match=told):
        parse_line(line)


def test_every_order_is_carried_out_by_something() -> None:
    """What /help lists is what there is."""
    assert _DOING.keys() | {"quit"} == ORDERS.keys()


@pytest.mark.parametrize(
    ("text", "choices", "answer"),
    [
        ("2", ["red", "green"], "green"),
        ("3", ["red"], "3"),
        ("0", ["red"], "0"),
        ("2", ["1", "2", "3"], "2"),
        ("2", [], "2"),
    ],
)
def test_a_number_chooses(text: str, choices: list[str], answer: str) -> None:
    """A number stands for its choice, unless it is a choice itself or there is none of that number."""
    assert chosen(text, choices) == answer


def test_steps_are_folded_unless_all_is_asked_for() -> None:
    """Long code and output are cut, with what is left told; --verbose shows them whole."""
    lines = "\n".join(f"x{number} = {number}" for number in range(20))
    events = [
        (
            "model.replied",
            {"step": 1, "text": "", "code": lines, "usage": {"prompt_tokens": 1200, "completion_tokens": 3}},
        ),
        ("step.completed", {"step": 1, "outcome": "raised", "stdout": lines, "error": "ValueError: no"}),
    ]
    folded, whole = shown(*events), shown(*events, verbose=True)
    assert "step 1 · 1,200 + 3 tokens" in folded
    assert folded.count(f"… {20 - FOLDED_LINES} more lines") == 2
    assert "x19" not in folded
    assert whole.count("x19 = 19") == 2
    assert "ValueError: no" in folded


def test_nothing_drives_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters and markup of models, guests and questions are shown, never obeyed."""
    evil = "\x1b]0;owned\x07[red]x[/red]"
    text = shown(
        ("message.sent", {"text": evil}),
        ("question.asked", {"question": evil, "choices": [evil], "call": 1}),
        ("host_call.served", {"name": evil, "request": evil, "seconds": 1.0}),
        ("model.replied", {"step": 1, "code": evil, "usage": {}}),
        ("step.completed", {"stdout": evil, "error": evil}),
        ("task.ended", {**ENDED, "answer": evil, "status": "failed", "error": evil}),
        ("something.new", {"text": evil}),
    )
    assert "\x1b" not in text + capsys.readouterr().out
    assert text.count("[red]x[/red]") >= 6


def test_words_are_shown_while_they_come_and_taken_away() -> None:
    """At a terminal the model's words appear as it writes them; in a pipe only what came of them."""
    events = [("model.delta", {"step": 1, "text": "thinking aloud"}), ("task.ended", ENDED)]
    assert "thinking aloud" in shown(*events, terminal=True)
    assert "thinking" not in shown(*events)
