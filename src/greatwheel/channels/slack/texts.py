"""Texts to and from Slack's form of markup.

What an agent says is hostile: `<`, `>` and `&` are written so that Slack shows them. So no text can call everybody in a
channel (`<!channel>`), name a person or hide where a link leads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

LONGEST_POST = 35_000
"""Characters; Slack cuts at 40,000, and escapes count."""
_MARKUP = re.compile(r"<([^<>]*)>")


def plain(text: str) -> str:
    """What somebody wrote, without Slack's markup: links as their address, channels and groups by name."""
    return _MARKUP.sub(_shown, text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _shown(found: re.Match[str]) -> str:
    target, _, label = found[1].partition("|")
    match target[:1]:
        case "#":
            return f"#{label or target[1:]}"
        case "!":
            return label or f"@{target[1:].split('^')[0]}"
        case "@":
            return f"@{label or target[1:]}"
        case _:
            return f"{label} ({target})" if label and label not in target else target


def escaped(text: str) -> str:
    """A text that Slack shows as it is, cut if it is too long."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if len(safe) <= LONGEST_POST:
        return safe
    cut = re.sub(r"&[a-z]{0,3}$", "", safe[:LONGEST_POST])  # not in the middle of an escape
    return f"{cut}\n… ({len(text):,} characters in all)"


def post_of(kind: str, data: Mapping[str, Any]) -> str | None:
    """What is posted of an event; None for one that is nothing to say."""
    match kind:
        case "message.sent" | "notice":
            return escaped(str(data.get("text") or "")) or None
        case "question.asked":
            return _question(data)
        case "task.ended":
            return _end(data)
        case _:
            return None


def _question(data: Mapping[str, Any]) -> str:
    choices = "".join(f"\n• {choice}" for choice in data.get("choices") or ())
    return f"{escaped(str(data.get('question') or '') + choices)}\n_Reply in this thread to answer._"


def _end(data: Mapping[str, Any]) -> str:
    error = str(data.get("error") or "nobody knows why")
    match data.get("status"):
        case "done":
            return _answer(data)
        case "cancelled":
            return "_Cancelled._"
        case "failed":
            return f"_This failed:_ {escaped(error)}"
        case _:
            return f"_This could not be carried out:_ {escaped(error)}"


def _answer(data: Mapping[str, Any]) -> str:
    answer = data.get("answer")
    if not answer and data.get("result") is not None:
        answer = json.dumps(data["result"], ensure_ascii=False, indent=2)
    text = escaped(str(answer or "")) or "_Done, without an answer._"
    if answer and (data.get("answer_chars") or 0) > len(answer):
        text += f"\n_The whole answer has {data['answer_chars']:,} characters: task {data.get('task_id')}._"
    return text
