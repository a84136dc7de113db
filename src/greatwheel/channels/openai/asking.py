"""What a conversation asks an agent: the question in words, and as data what is too long for a prompt."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from greatwheel.channels.openai.bodies import CompletionRefused, Message

LONGEST_PROMPT = 8_000
"""Characters. What is said beyond that becomes the context."""
LONGEST_QUESTION = 2_000
"""What is taken out of a longer text as its question."""
WITHOUT_QUESTION = "Do what the text in the context asks for."
_PARAGRAPHS = re.compile(r"\n\s*\n")
_TURNS = "The conversation so far is in context['messages']."
_RULES = "Further instructions are in context['system']; follow them."
_TEXT = "The text that the task is about is in context['text']."


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """An order to an agent."""

    said: str
    """All that the user said last."""
    question: str
    """Of that, the words for the prompt."""
    context: Any
    """The rest, and what was said before."""
    instructions: str | None


def asked_in(messages: Sequence[Message], *, going_on: bool) -> Asked:
    """What the messages ask.

    The user's messages after the last answer are what is asked; what was said before is `context["messages"]`, unless
    the agent goes on in a session that knows it.

    Raises:
        CompletionRefused: the last message is not the user's, is empty, or one has something other than text.
    """
    texts = [(message, _texts(message, place)) for place, message in enumerate(messages)]
    rules = "\n\n".join(text for message, parts in texts if message.role in ("system", "developer") for text in parts)
    talk = [(message, parts) for message, parts in texts if message.role not in ("system", "developer")]
    last = len(talk)
    while last and talk[last - 1][0].role == "user":
        last -= 1
    parts = [text for _, said in talk[last:] for text in said if text.strip()]
    if not parts:
        raise CompletionRefused(f"messages.{len(messages) - 1}: the last message must be the user's, and have text.")
    earlier = [] if going_on else [{"role": each.role, "content": "\n\n".join(said)} for each, said in talk[:last]]
    question, rest = divided(parts)
    return Asked(
        said="\n\n".join(parts),
        question=question,
        context=_context(rules, earlier, rest),
        instructions=_instructions(rules, earlier, rest),
    )


def divided(parts: Sequence[str]) -> tuple[str, str]:
    """The question, and what is left of longer texts.

    Short texts are the question as a whole. Of longer ones it is the last or the first part, paragraph or line that is
    short and has a question mark; else the last or the first part or paragraph that is short.
    """
    whole = "\n\n".join(part.strip() for part in parts)
    if len(whole) <= LONGEST_PROMPT:
        return whole, ""
    short = [each for each in _ends(parts, whole) if 0 < len(each[0]) <= LONGEST_QUESTION]
    asking = [each for each in short if "?" in each[0]]
    saying = [each for each in short if not each[2]]
    for text, at_end, _ in [*asking, *saying][:1]:
        return text, (whole[: -len(text)] if at_end else whole[len(text) :]).strip()
    return WITHOUT_QUESTION, whole


def _ends(parts: Sequence[str], whole: str) -> Iterator[tuple[str, bool, bool]]:
    """What may be the question: its text, whether it stands at the end, and whether it is a mere line."""
    if len(parts) > 1:
        yield parts[-1].strip(), True, False
        yield parts[0].strip(), False, False
    paragraphs = _PARAGRAPHS.split(whole)
    if len(paragraphs) > 1:
        yield paragraphs[-1].strip(), True, False
        yield paragraphs[0].strip(), False, False
    lines = whole.splitlines()
    yield lines[-1].strip(), True, True
    yield lines[0].strip(), False, True


def _texts(message: Message, place: int) -> Sequence[str]:
    """The texts of a message."""
    if message.content is None or isinstance(message.content, str):
        return [message.content or ""]
    for number, part in enumerate(message.content):
        if part.type not in ("text", "refusal"):
            where = f"messages.{place}.content.{number}"
            raise CompletionRefused(f"{where}: agents read text alone, no {part.type}.")
    return [part.text or "" for part in message.content]


def _context(rules: str, earlier: Sequence[Any], rest: str) -> Any:
    long_rules = rules if len(rules) > LONGEST_PROMPT else ""
    if not earlier and not long_rules:
        return rest or None
    named = {"system": long_rules, "messages": list(earlier), "text": rest}
    return {name: value for name, value in named.items() if value}


def _instructions(rules: str, earlier: Sequence[Any], rest: str) -> str | None:
    long_rules = len(rules) > LONGEST_PROMPT
    told = [
        "" if long_rules else rules.strip(),
        _RULES if long_rules else "",
        _TURNS if earlier else "",
        _TEXT if rest and (earlier or long_rules) else "",
    ]
    return "\n\n".join(each for each in told if each) or None
