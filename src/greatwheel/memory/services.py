"""Memory as services of the runtime: `memory.store`, `memory.recall`, `memory.forget`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from greatwheel.database.connection import OrgConnection
from greatwheel.database.database import Database
from greatwheel.memory.port import MemoryStore
from greatwheel.runtime.services import Read, Record, Service, ServiceCall

MAX_VALUE_BYTES = 500_000
"""Longest value, as UTF-8. Postgres indexes the words of texts up to about a megabyte."""
MAX_KEY_BYTES = 1_000
MOST_RECALLED = 100
MODES = ("hybrid", "text")
"""How `memory.recall` may search. This store has the words alone, whatever is asked."""
_SCOPES = ("agent", "user", "session", "organisation")


@dataclass(frozen=True, kw_only=True, slots=True)
class MemoryServices:
    """Finds the service behind the wire name of a function of `memory`."""

    store: MemoryStore
    db: Database

    def find(self, name: str) -> Service | None:
        """The service; None for a name that is none of memory's."""
        match name:
            case "memory.store":
                return Record(handle=self._store)
            case "memory.recall":
                return Read(handle=self._recall)
            case "memory.forget":
                return Record(handle=self._forget)
            case _:
                return None

    async def _store(self, conn: OrgConnection, call: ServiceCall) -> None:
        metadata = call.kwargs.get("metadata") or {}
        await self.store.store(
            conn,
            call.context.organisation,
            scope_of(call),
            parse_key(call.kwargs.get("key")),
            parse_value(call.kwargs.get("value")),
            parse_metadata(metadata),
        )

    async def _recall(self, call: ServiceCall) -> list[dict[str, Any]]:
        query, top_k, mode = call.kwargs.get("query"), call.kwargs.get("top_k", 5), call.kwargs.get("mode", "hybrid")
        if not isinstance(query, str):
            raise TypeError(f"memory.recall: query is a text, not {type(query).__name__}")
        if isinstance(top_k, bool) or not isinstance(top_k, int) or not 1 <= top_k <= MOST_RECALLED:
            raise ValueError(f"memory.recall: top_k is a number from 1 to {MOST_RECALLED}, not {top_k!r}")
        if mode not in MODES:
            raise ValueError(f"memory.recall: mode is one of {', '.join(MODES)}, not {mode!r}")
        words = parse_query(query)
        async with self.db.org(call.context.organisation) as conn:
            found = await self.store.recall(conn, scope_of(call), words, top_k)
        return [
            {"key": each.key, "value": each.value, "score": each.score, "metadata": dict(each.metadata)}
            for each in found
        ]

    async def _forget(self, conn: OrgConnection, call: ServiceCall) -> bool:
        return await self.store.forget(conn, scope_of(call), parse_key(call.kwargs.get("key")))


def scope_of(call: ServiceCall) -> str:
    """Where a call's memories are: its agent's unless it says otherwise.

    Raises:
        ValueError: there is no such scope.
    """
    match call.kwargs.get("scope"):
        case None | "agent":
            return f"agent:{call.task.agent_id}"
        case "user":
            return f"user:{call.task.user_id}"
        case "session":
            return f"session:{call.task.session_id}"
        case "organisation":
            return "organisation"
        case other:
            raise ValueError(f"memory: scope is one of {', '.join(_SCOPES)}, not {other!r}")


def parse_key(key: Any) -> str:
    """The key of a memory. Raises TypeError and ValueError."""
    if not isinstance(key, str):
        raise TypeError(f"memory: key is a text, not {type(key).__name__}")
    if not key:
        raise ValueError("memory: key is empty")
    return _plain(key, "key", MAX_KEY_BYTES)


def parse_value(value: Any) -> str:
    """The value of a memory: a text as it is, anything else as JSON. Raises TypeError and ValueError."""
    return _plain(value if isinstance(value, str) else _as_json("value", value), "value", MAX_VALUE_BYTES)


def parse_query(query: str) -> str:
    """The words to be searched for. Raises ValueError."""
    return _plain(query, "query", MAX_VALUE_BYTES)


def parse_metadata(metadata: Any) -> Mapping[str, Any]:
    """What is kept beside a memory. Raises TypeError and ValueError."""
    if not isinstance(metadata, Mapping):
        raise TypeError(f"memory: metadata is a dict, not {type(metadata).__name__}")
    text = _plain(_as_json("metadata", metadata), "metadata", MAX_VALUE_BYTES)
    if "\\u0000" in text:  # jsonb can't hold it
        raise ValueError("memory: metadata has the character NUL")
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def _as_json(what: str, value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"memory: {what} is a text or a value of texts, numbers, lists and dicts: {error}") from None


def _plain(text: str, what: str, most_bytes: int) -> str:
    """The text, if Postgres can hold it."""
    try:
        length = len(text.encode())
    except UnicodeEncodeError:
        raise ValueError(f"memory: {what} has half of a character (a lone surrogate)") from None
    if "\0" in text:
        raise ValueError(f"memory: {what} has the character NUL")
    if length > most_bytes:
        raise ValueError(f"memory: {what} has {length:,} bytes; at most {most_bytes:,} are kept")
    return text
