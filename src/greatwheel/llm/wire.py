"""What all adapters put on the wire and read from it, decided without I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from greatwheel.core.context import CallContext
from greatwheel.llm.port import Message

CHARS_PER_TOKEN = 4
MAX_RETRY_AFTER = 3_600.0


def session_headers(context: CallContext) -> dict[str, str]:
    """The headers that tell a server (or a proxy before it) for whom a request is made."""
    return {"x-session-id": context.session_id, "x-run-id": context.run_id}


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
