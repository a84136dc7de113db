"""`channel.send` and `channel.ask`: what an agent says to people, on whatever channel they are.

A message is an event of the task; a question is one, too, and its call waits until somebody answers (`questions.py`).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from greatwheel.database import queries
from greatwheel.database.connection import OrgConnection
from greatwheel.database.storable import storable_text
from greatwheel.runtime.journal import EventRow
from greatwheel.runtime.services import Service, ServiceCall, Tell, Wait, Waiting

SQL = queries.load(__file__)
MAX_CHARS = 100_000
"""The longest message or question."""
LONGEST_WAIT = timedelta(days=365)


class ChannelServices:
    """Finds the service behind the wire name of a channel's function."""

    def find(self, name: str) -> Service | None:
        """The service; None for a name that is no channel's."""
        match name:
            case "channel.send":
                return Tell(event=_message)
            case "channel.ask":
                return Wait(handle=_ask)
            case _:
                return None


def _message(call: ServiceCall) -> EventRow:
    channel = call.kwargs.get("channel")
    data = {"text": _text(call.kwargs["text"]), "channel": None if channel is None else _text(channel)}
    return EventRow(type="message.sent", data=data)


async def _ask(conn: OrgConnection, call: ServiceCall) -> Waiting:
    choices = call.kwargs.get("choices")
    if choices is not None and not (isinstance(choices, (list, tuple)) and choices):
        raise ValueError("choices must be a list that is not empty")
    waiting = Waiting(expires_at=_expiry(call.kwargs.get("timeout")))
    question = {
        "question": _text(call.kwargs["question"]),
        "choices": None if choices is None else [_text(choice) for choice in choices],
        "call": call.seq,
    }
    told = {"org": call.context.organisation, "task": call.task.task_id, "type": "question.asked"}
    await conn.execute(SQL["tell"], {**told, "data": Jsonb(question)})
    return waiting


def _expiry(seconds: Any) -> datetime | None:
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds > 0:
        raise ValueError("timeout must be a number of seconds above zero")
    return datetime.now(UTC) + min(timedelta(seconds=min(seconds, LONGEST_WAIT.total_seconds())), LONGEST_WAIT)


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    if len(text) > MAX_CHARS:
        raise ValueError(f"the text has {len(text):,} characters; a channel takes {MAX_CHARS:,}")
    return storable_text(text)
