"""What goes onto the wire and comes from it."""

import pytest

from greatwheel.core.context import CallContext
from greatwheel.core.ids import RunId, SessionId
from greatwheel.llm.port import Message
from greatwheel.llm.wire import (
    Collected,
    as_count,
    as_text,
    brief,
    finish_of,
    prefill_of,
    retry_after_of,
    session_headers,
    wire_messages,
)

USER = Message(role="user", content="hi")


def test_headers_say_for_whom() -> None:
    """Session and run go to every server."""
    context = CallContext(session_id=SessionId("ses_1"), run_id=RunId("run_1"))
    assert session_headers(context) == {"x-session-id": "ses_1", "x-run-id": "run_1"}


@pytest.mark.parametrize(
    ("messages", "prefill", "sent"),
    [
        ([], "", 0),
        ([USER], "", 1),
        ([USER, Message(role="assistant", content="x")], "x", 2),
        ([USER, Message(role="assistant", content="")], "", 1),
        ([Message(role="assistant", content=""), USER], "", 2),
    ],
)
def test_a_prefill_is_the_assistants_last_word(messages: list[Message], prefill: str, sent: int) -> None:
    """Only a last message of the assistant is continued, and an empty one is not sent."""
    assert prefill_of(messages) == prefill
    assert len(wire_messages(messages)) == sent


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("0.5", 0.5), ("", None), ("-1", None), ("nan", None), ("inf", None), ("1e9", None), ("soon", None)],
)
def test_retry_after_is_believed_within_reason(value: str, seconds: float | None) -> None:
    """A pause is a number of seconds of up to an hour; anything else counts as not given."""
    assert retry_after_of({"retry-after": value}) == seconds
    assert retry_after_of({}) is None


@pytest.mark.parametrize(
    ("reason", "finish"), [("stop", "stop"), ("length", "length"), ("load", "other"), (None, "other")]
)
def test_reasons_for_ending_are_three(reason: str | None, finish: str) -> None:
    """Whatever a server gives as reason is one of the port's three."""
    assert finish_of(reason) == finish


def test_what_a_server_sends_is_not_trusted() -> None:
    """Text that is no text is empty, and a count that is no count is unknown."""
    assert [as_text(value) for value in ("a", None, 1, ["a"])] == ["a", "", "", ""]
    assert [as_count(value) for value in (3, -1, "3", None, 2.5)] == [3, None, None, None, None]


def test_usage_is_estimated_where_none_is_told() -> None:
    """Four characters count as a token, thinking included, rounded up."""
    collected = Collected(prompt_chars=9, texts=["abcd"], thoughts=["e"], finish="stop")
    usage = collected.reply("m", 2.0).usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.model_seconds) == (3, 2, 2.0)


def test_a_servers_count_is_taken_even_when_it_is_zero() -> None:
    """Zero is a count, not a missing one."""
    collected = Collected(prompt_chars=9, texts=["abcd"], prompt_tokens=0, completion_tokens=0, finish="stop")
    assert collected.reply("m", 1.0).usage.tokens == 0


def test_brief_is_one_line() -> None:
    """Long words are cut and lines joined."""
    assert brief("a\n  b\tc") == "a b c"
    assert len(brief("x" * 999)) == 300
