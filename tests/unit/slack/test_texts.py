"""Texts to and from Slack's markup."""

from __future__ import annotations

import pytest

from greatwheel.channels.slack.texts import LONGEST_POST, escaped, plain, post_of


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        ("see <https://e.example/x>", "see https://e.example/x"),
        ("see <https://e.example/x|e.example/x>", "see https://e.example/x"),
        ("see <https://e.example/x|here>", "see here (https://e.example/x)"),
        ("<@U1> in <#C1|general> and <#C2>, <!here>", "@U1 in #general and #C2, @here"),
    ],
)
def test_what_people_write_is_plain_text(written: str, shown: str) -> None:
    """Markup of links, people, channels and escapes becomes what the writer saw."""
    assert plain(written) == shown


def test_what_agents_say_calls_nobody() -> None:
    """No text of an agent is markup: it can't call a channel or hide where a link leads."""
    said = post_of("message.sent", {"text": "<!channel> <@U1> <https://evil.example|your bank> &lt;"})
    assert said == "&lt;!channel&gt; &lt;@U1&gt; &lt;https://evil.example|your bank&gt; &amp;lt;"
    asked = post_of("question.asked", {"question": "<!here>?", "choices": ["<!everyone>", "no"]})
    assert asked is not None
    assert "<" not in asked
    assert "• no" in asked
    for status in ("done", "failed", "dead"):
        told = post_of("task.ended", {"status": status, "answer": "<!channel>", "error": "<!channel>"})
        assert told is not None
        assert "<" not in told


def test_long_texts_are_cut_between_escapes() -> None:
    """A text is cut below Slack's limit, never within an escape, and says how long it was."""
    for lead in range(5):
        text = escaped("x" * lead + "&" * 20_000)
        body, _, note = text.partition("\n")
        assert len(body) <= LONGEST_POST
        assert body.removeprefix("x" * lead).replace("&amp;", "") == ""
        assert note == f"… ({20_000 + lead:,} characters in all)"


@pytest.mark.parametrize(
    ("kind", "data", "post"),
    [
        ("task.ended", {"status": "done", "answer": "42"}, "42"),
        ("task.ended", {"status": "done", "answer": "", "result": {"a": 1}}, '{\n  "a": 1\n}'),
        ("task.ended", {"status": "done", "answer": None, "result": None}, "_Done, without an answer._"),
        ("task.ended", {"status": "failed", "error": "ValueError: no"}, "_This failed:_ ValueError: no"),
        ("task.ended", {"status": "cancelled"}, "_Cancelled._"),
        ("message.sent", {"text": ""}, None),
        ("limit.warned", {"used": 1}, None),
    ],
)
def test_what_happens_is_said(kind: str, data: dict[str, object], post: str | None) -> None:
    """Each end of a task has its words; what is nothing to say is not posted."""
    assert post_of(kind, data) == post


def test_a_cut_answer_says_where_the_whole_is() -> None:
    """An answer that came cut names its task."""
    post = post_of("task.ended", {"status": "done", "answer": "ab", "answer_chars": 5_000, "task_id": "tsk_1"})
    assert post == "ab\n_The whole answer has 5,000 characters: task tsk_1._"
