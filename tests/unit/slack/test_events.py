"""Which of Slack's events are messages to us."""

from __future__ import annotations

from typing import Any

import pytest

from greatwheel.channels.slack.events import message_of


def body(type: str = "app_mention", **event: Any) -> dict[str, Any]:
    """An event as Slack sends it."""
    said = {"type": type, "channel": "C1", "user": "U1", "ts": "1700000000.000100", "text": "<@UBOT> count it", **event}
    return {"team_id": "T1", "authorizations": [{"user_id": "UBOT"}], "event": said}


def test_a_mention_is_to_us() -> None:
    """A mention begins a thread under itself; our name is not part of what was said."""
    message = message_of(body())
    assert message is not None
    assert (message.text, message.thread, message.to_us, message.foreign) == (
        "count it", "1700000000.000100", True, False,
    )  # fmt: skip


def test_a_reply_is_of_its_thread() -> None:
    """A message in a thread belongs to the thread's first message; without a mention it is to us only if we are alone
    with its writer."""
    reply = message_of(body("message", thread_ts="1690000000.000200", text="yes", channel_type="channel"))
    direct = message_of(body("message", text="hello", channel_type="im"))
    assert reply is not None
    assert direct is not None
    assert (reply.thread, reply.to_us, direct.to_us) == ("1690000000.000200", False, True)


@pytest.mark.parametrize(
    "event",
    [
        {"bot_id": "B1"},
        {"subtype": "message_changed"},
        {"subtype": "bot_message"},
        {"type": "reaction_added"},
        {"user": None},
        {"user": "U1 x"},
        {"channel": ["C1"]},
        {"ts": "soon"},
        {"thread_ts": "1 2"},
    ],
)
def test_what_no_person_said_is_nothing(event: dict[str, Any]) -> None:
    """Programs' messages, changes of messages, other events and broken ones are passed over."""
    given = body("message", **event) if "type" not in event else body(**event)
    assert message_of(given) is None


@pytest.mark.parametrize("given", [{}, {"event": None}, {"event": []}, {"event": {"type": {}}}])
def test_a_body_without_an_event_is_nothing(given: dict[str, Any]) -> None:
    """Whatever else comes is passed over."""
    assert message_of(given) is None


def test_people_of_other_workspaces_are_known() -> None:
    """In a channel that is shared with another workspace its people are told apart."""
    own, other = message_of(body(user_team="T1")), message_of(body(user_team="T2"))
    assert own is not None
    assert other is not None
    assert (own.foreign, other.foreign) == (False, True)


def test_our_name_is_taken_out_where_slack_does_not_say_it() -> None:
    """Without an authorization the mention's first name is ours."""
    given = body(text="<@U9> ask <@U2>") | {"authorizations": None}
    message = message_of(given)
    assert message is not None
    assert message.text == "ask @U2"
