"""What of a conversation becomes prompt, context and instructions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greatwheel.channels.openai.asking import LONGEST_PROMPT, LONGEST_QUESTION, WITHOUT_QUESTION, asked_in, divided
from greatwheel.channels.openai.bodies import CompletionRefused, Message

LONG = "\n".join(f"line {number} of the document" for number in range(1_000))


def said(role: str, content: object) -> Message:
    """A message."""
    return Message.model_validate({"role": role, "content": content})


def text(value: str) -> dict[str, str]:
    """A part of a message."""
    return {"type": "text", "text": value}


def test_a_short_message_is_the_question() -> None:
    """With nothing before it there is no context and nothing to instruct."""
    asked = asked_in([said("user", "  Who wrote it? ")], going_on=False)
    assert (asked.question, asked.context, asked.instructions) == ("Who wrote it?", None, None)


@pytest.mark.parametrize(
    ("content", "question"),
    [
        (f"{LONG}\n\nWho wrote it?", "Who wrote it?"),
        (f"Who wrote it?\n\n{LONG}", "Who wrote it?"),
        (f"{LONG}\nWho wrote it?", "Who wrote it?"),
        (f"Who wrote it?\n{LONG}", "Who wrote it?"),
        (f"Who wrote it?\n\n{LONG}\n\nBest, Bob", "Who wrote it?"),
        (f"{LONG}\n\nSum this up.", "Sum this up."),
        (f"Sum this up:\n\n{LONG}", "Sum this up:"),
        ([text(LONG), text("Who wrote it?\n\nAnd when?")], "Who wrote it?\n\nAnd when?"),
        ([text("Sum this up."), text(LONG)], "Sum this up."),
        (LONG, WITHOUT_QUESTION),
        ("x" * 10_000, WITHOUT_QUESTION),
        (f"{LONG}\n\n{LONG}", WITHOUT_QUESTION),
    ],
)
def test_a_long_message_is_divided(content: object, question: str) -> None:
    """The short paragraph, part or line that asks is the prompt, all else is the context as text."""
    asked = asked_in([said("user", content)], going_on=False)
    assert asked.question == question
    assert isinstance(asked.context, str)
    assert "line 500" in asked.context or asked.context == "x" * 10_000
    assert ("Who wrote it?" not in asked.context) or question == WITHOUT_QUESTION
    assert asked.instructions is None


def test_all_of_the_users_last_messages_are_asked() -> None:
    """A document in one message and the question in the next belong together."""
    asked = asked_in([said("user", LONG), said("user", "Who wrote it?")], going_on=False)
    assert (asked.question, asked.context) == ("Who wrote it?", LONG)
    assert asked.said == f"{LONG}\n\nWho wrote it?"


def test_earlier_turns_are_context() -> None:
    """They come in order, with a word about where they are; a long text stands beside them."""
    turns = [said("user", "Hello"), said("assistant", "Hi!"), said("user", f"{LONG}\n\nWho wrote it?")]
    asked = asked_in(turns, going_on=False)
    assert asked.question == "Who wrote it?"
    assert asked.context == {
        "messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi!"}],
        "text": LONG,
    }
    assert "context['messages']" in str(asked.instructions)
    assert "context['text']" in str(asked.instructions)


def test_a_session_knows_the_earlier_turns() -> None:
    """When one goes on only what is new is given, and the instructions again."""
    turns = [said("system", "Be brief."), said("user", "Hello"), said("assistant", "Hi!"), said("user", "Who?")]
    asked = asked_in(turns, going_on=True)
    assert (asked.question, asked.context, asked.instructions) == ("Who?", None, "Be brief.")


def test_system_messages_are_instructions() -> None:
    """Short ones as they are, wherever they stand; long ones become context that the instructions name."""
    turns = [said("system", "Be brief."), said("user", "Who?"), said("developer", [text("Be kind.")])]
    assert asked_in(turns, going_on=False).instructions == "Be brief.\n\nBe kind."
    long = asked_in([said("system", LONG), said("user", "Who?")], going_on=False)
    assert (long.question, long.context) == ("Who?", {"system": LONG})
    assert "context['system']" in str(long.instructions)


@pytest.mark.parametrize(
    ("messages", "field"),
    [
        ([said("assistant", "Hi")], "messages.0"),
        ([said("user", "Hi"), said("assistant", "Hi")], "messages.1"),
        ([said("user", "Hi"), said("tool", "42")], "messages.1"),
        ([said("user", "  ")], "messages.0"),
        ([said("user", None)], "messages.0"),
        ([said("system", "Be brief.")], "messages.0"),
        ([said("user", [text("What is this?"), {"type": "image_url", "image_url": {"url": "x"}}])],
         "messages.0.content.1"),
        ([said("user", [{"type": "input_audio"}]), said("assistant", "Hi"), said("user", "Well?")],
         "messages.0.content.0"),
    ],
)  # fmt: skip
def test_what_an_agent_can_not_read_is_refused(messages: list[Message], field: str) -> None:
    """A conversation that does not end with text of the user's, and anything but text; the error names the place."""
    with pytest.raises(CompletionRefused, match=f"^{field}: "):
        asked_in(messages, going_on=False)


LETTERS = st.text(st.sampled_from("ab ?.\n\r\f\u2028"), max_size=60).filter(str.strip)
PARTS = st.lists(st.tuples(LETTERS, st.sampled_from([1, 40, 3_000])).map(lambda drawn: drawn[0] * drawn[1]), min_size=1)


@given(PARTS.filter(lambda parts: len(parts) <= 4))
def test_nothing_is_lost(parts: list[str]) -> None:
    """Question and rest together are all that was said; the question is never long."""
    question, rest = divided(parts)
    assert 0 < len(question) <= LONGEST_PROMPT
    if rest and question != WITHOUT_QUESTION:
        assert len(question) <= LONGEST_QUESTION

    def letters(value: str) -> list[str]:
        return sorted("".join(value.split()))

    kept = rest if question == WITHOUT_QUESTION else question + rest
    assert letters(kept) == letters("".join(parts))
