"""How many tokens a request will use, before a server has counted them.

No tokenizer is at hand for most servers, so two figures are given. `likely` is a cautious guess. `most` is never
passed: a token stands for at least one byte of UTF-8 (digits, rare scripts and emoji do come down to that), and what a
model's template puts around messages is short.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from greatwheel.llm.port import ChatRequest

CHARS_PER_TOKEN = 3
"""Of ASCII text."""
BYTES_PER_TOKEN = 2
"""Of all other text: Chinese, Japanese and Korean characters have three bytes, emoji four."""
MESSAGE_TOKENS = 16
"""Of a template around a message, at most."""
TEMPLATE_TOKENS = 256
"""Of a template around the whole, its own instructions included, at most."""
LONGEST_REPLY = 1_024
"""Tokens of a reply to a request that names no limit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """Tokens, prompt and reply together."""

    likely: int
    most: int


def size_of(texts: Sequence[str], reply: int = 0) -> Size:
    """What texts that are sent together will use, with a reply of at most so many tokens."""
    likely = most = 0
    for text in texts:
        encoded = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        plain = len(text) if text.isascii() else len(text.encode("ascii", "ignore"))
        likely += plain // CHARS_PER_TOKEN + (encoded - plain) // BYTES_PER_TOKEN
        most += encoded + MESSAGE_TOKENS
    return Size(likely=likely + reply, most=most + TEMPLATE_TOKENS + reply)


def chat_size(request: ChatRequest) -> Size:
    """What a chat will use."""
    return size_of([message.content for message in request.messages], request.max_tokens or LONGEST_REPLY)
