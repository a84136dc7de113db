"""Tokens before a server has counted them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greatwheel.llm.port import ChatRequest, Message
from greatwheel.llm.sizing import LONGEST_REPLY, MESSAGE_TOKENS, TEMPLATE_TOKENS, chat_size, size_of


@pytest.mark.parametrize(
    ("text", "likely"), [("hello " * 50, 100), ("\u4f60\u597d" * 50, 150), ("\U0001f600" * 10, 20)]
)
def test_what_a_text_is_likely_to_use(text: str, likely: int) -> None:
    """A third of the characters in plain text, more in scripts and signs whose characters are tokens of their own."""
    assert size_of([text]).likely == likely


@given(st.lists(st.text()), st.integers(0, 1000))
def test_no_text_can_use_more_than_its_bytes(texts: list[str], reply: int) -> None:
    """Whatever the text: each byte may be a token, and templates add some; the likely size is never more."""
    size = size_of(texts, reply)
    encoded = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    assert size.most == encoded + len(texts) * MESSAGE_TOKENS + TEMPLATE_TOKENS + reply
    assert size.likely <= size.most


def test_a_chat_has_a_reply() -> None:
    """As long as the request allows, or as is taken for granted."""
    ask = ChatRequest(messages=[Message(role="user", content="x" * 30)])
    assert chat_size(ask).likely == 10 + LONGEST_REPLY
    assert chat_size(ChatRequest(messages=ask.messages, max_tokens=7)).likely == 17
