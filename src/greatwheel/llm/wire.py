"""What all adapters put on the wire and read from it, decided without I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from greatwheel.core.context import CallContext
from greatwheel.core.usage import Usage
from greatwheel.llm.port import ChatReply, Message

CHARS_PER_TOKEN = 4
MAX_RETRY_AFTER = 3_600.0
MAX_REPLY_CHARS = 4_000_000
"""A server that sends more is not answering any question."""
MAX_REPLY_BYTES = 8 * MAX_REPLY_CHARS
"""The same for a reply in one piece, as JSON."""


def is_loopback(url: str) -> bool:
    """Whether the server is on this machine, where a proxy from the environment has no business."""
    host = urlsplit(url).hostname or ""
    return host == "localhost" or host == "::1" or host.startswith("127.")


def session_headers(context: CallContext, idempotency_key: str | None = None) -> dict[str, str]:
    """The headers that tell a server (or a proxy before it) for whom a request is made, and whether it is a new one."""
    headers = {"x-session-id": context.session_id, "x-run-id": context.run_id}
    if idempotency_key is not None:
        headers["idempotency-key"] = idempotency_key
    return headers


def prefill_of(messages: Sequence[Message]) -> str:
    """The text that the reply must continue, or ''."""
    return messages[-1].content if messages and messages[-1].role == "assistant" else ""


def wire_messages(messages: Sequence[Message]) -> list[dict[str, str]]:
    """The messages as JSON. An empty prefill is left out: servers would continue it with a wrong header."""
    kept = messages[:-1] if messages and messages[-1].role == "assistant" and not messages[-1].content else messages
    return [{"role": message.role, "content": message.content} for message in kept]


def finish_of(reason: str | None) -> Literal["stop", "length", "other"]:
    """A server's reason for ending, in the port's words."""
    match reason:
        case "stop" | "length":
            return reason
        case _:
            return "other"


def estimated_tokens(chars: int) -> int:
    """The number of tokens where a server does not tell it."""
    return -(-chars // CHARS_PER_TOKEN)


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """The seconds of a `Retry-After` header; None when it is missing, a date or nonsense."""
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds <= MAX_RETRY_AFTER else None


def as_text(value: object) -> str:
    """A server's text, '' where it sent something else."""
    return value if isinstance(value, str) else ""


def as_count(value: object) -> int | None:
    """A server's count, None where it sent something else."""
    return value if isinstance(value, int) and value >= 0 else None


def brief(text: str, limit: int = 300) -> str:
    """A server's words as one line of at most `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


@dataclass(kw_only=True)
class Collected:
    """What a stream has brought so far."""

    prompt_chars: int
    texts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    chars: int = 0
    finish: str | None = None
    """The server's reason for ending; None while it has not ended."""
    model: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None

    def add(self, text: str, thought: str) -> str:
        """Take in a piece; the text again.

        Raises:
            ValueError: the server does not stop.
        """
        self.chars += len(text) + len(thought)
        if self.chars > MAX_REPLY_CHARS:
            raise ValueError(f"more than {MAX_REPLY_CHARS:,} characters")
        self.texts.append(text)
        self.thoughts.append(thought)
        return text

    def reply(self, model: str, seconds: float) -> ChatReply:
        """The whole, with the usage estimated where the server told none."""
        text, thinking = "".join(self.texts), "".join(self.thoughts)
        prompt, completion = self.prompt_tokens, self.completion_tokens
        usage = Usage(
            prompt_tokens=estimated_tokens(self.prompt_chars) if prompt is None else prompt,
            completion_tokens=estimated_tokens(len(text) + len(thinking)) if completion is None else completion,
            model_calls=1,
            model_seconds=seconds,
        )
        return ChatReply(
            text=text, thinking=thinking, usage=usage, model=self.model or model, finish=finish_of(self.finish)
        )
