"""Orders that come twice with one idempotency key: the second must say what the first one said."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import fields
from typing import Any, Literal, TypeAlias

from greatwheel.channels.http.statements import SQL
from greatwheel.channels.http.visits import Visit
from greatwheel.core.errors import KeyReused
from greatwheel.core.tasks import KeptContext, NewSession, SubmitTask
from greatwheel.database.connection import OrgConnection

Made: TypeAlias = Literal["task", "session"]


async def require_same(
    visit: Visit, conn: OrgConnection, made: Made, made_id: str, order: SubmitTask | NewSession, *further: Any
) -> None:
    """Note what the order said that made this task or session, if it is the first; `further`: what it said beside.

    Raises:
        KeyReused: the first order with its idempotency key said something else.
    """
    if order.idempotency_key is None:
        return
    digest = await asyncio.to_thread(_digest, order, further)  # of 100 MB, it may be
    values = {"org": visit.org_id, "made": made_id, "digest": digest}
    row = await (await conn.execute(SQL[f"note_{made}_order"], values)).fetchone()
    if row is None or row["order_digest"] != digest:
        raise KeyReused


def _digest(order: SubmitTask | NewSession, further: Any) -> bytes:
    said = {field.name: getattr(order, field.name) for field in fields(order)}
    text = json.dumps([said, *(each for each in further if each is not None)], sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode("ascii")).digest()


def _plain(value: object) -> Any:
    if isinstance(value, KeptContext):
        return {"kept": value.digest.hex()}
    raise TypeError(f"{type(value).__name__} is no part of an order")
