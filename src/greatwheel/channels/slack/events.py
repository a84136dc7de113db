"""Slack's events as values: which of them are messages to us."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from greatwheel.channels.slack.texts import plain

_ID = re.compile(r"[A-Z0-9]{1,50}")
_TIME = re.compile(r"\d{1,20}\.\d{1,20}", re.ASCII)
_SUBTYPES = (None, "thread_broadcast")
"""Messages of people; a broadcast is a reply that is shown in the channel, too."""
_FIRST_MENTION = re.compile(r"^\s*<@[A-Z0-9]+(\|[^<>]*)?>")


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """Somebody said something where we can hear it."""

    channel: str
    ts: str
    """Its time, which names it within the channel."""
    thread: str
    """The time of the message that its thread is under; its own, if it is the first."""
    user: str
    """Who, in Slack's words."""
    text: str
    """Without markup, and without our own name."""
    to_us: bool
    """It mentions us, or nobody else is there."""
    foreign: bool
    """Who says it belongs to another workspace."""


def message_of(body: Mapping[str, Any]) -> Message | None:
    """The message of an event; None for anything else, and for what programs say: two of them could talk for ever."""
    event = body.get("event")
    if not isinstance(event, Mapping) or event.get("type") not in ("app_mention", "message"):
        return None
    if event.get("subtype") not in _SUBTYPES or event.get("bot_id"):
        return None
    channel, ts, user = (_text(event, name) for name in ("channel", "ts", "user"))
    thread = _text(event, "thread_ts") or ts
    if not (_ID.fullmatch(channel) and _ID.fullmatch(user) and _TIME.fullmatch(ts) and _TIME.fullmatch(thread)):
        return None
    mentioned = event["type"] == "app_mention"
    return Message(
        channel=channel,
        ts=ts,
        thread=thread,
        user=user,
        text=plain(_without_us(_text(event, "text"), body, mentioned)).strip(),
        to_us=mentioned or event.get("channel_type") == "im",
        foreign=_is_foreign(event, body),
    )


def _without_us(text: str, body: Mapping[str, Any], mentioned: bool) -> str:
    """Our name is taken out wherever Slack says what it is; else the first name, where we were mentioned."""
    granted = body.get("authorizations")
    first = granted[0] if isinstance(granted, list) and granted and isinstance(granted[0], Mapping) else {}
    us = first.get("user_id")
    if isinstance(us, str) and _ID.fullmatch(us):
        return re.sub(rf"<@{us}(\|[^<>]*)?>", "", text)
    return _FIRST_MENTION.sub("", text) if mentioned else text


def _is_foreign(event: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    teams = {_text(event, name) for name in ("user_team", "source_team")} - {""}
    return bool(teams) and teams != {_text(body, "team_id")}


def _text(event: Mapping[str, Any], name: str) -> str:
    value = event.get(name)
    return value if isinstance(value, str) else ""
