"""Memories in Postgres, found by their words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from greatwheel.core.ids import OrgId
from greatwheel.database.connection import OrgConnection
from greatwheel.database.queries import load
from greatwheel.memory.port import Memory

_SQL = load(__file__)


class PostgresMemory:
    """Full text over the table `memories`; a query none of whose words is known gives the newest ones."""

    async def store(
        self, conn: OrgConnection, org_id: OrgId, scope: str, key: str, value: str, metadata: Mapping[str, Any]
    ) -> None:
        """See the port."""
        row = {"org_id": org_id, "scope": scope, "key": key, "value": value, "metadata": Jsonb(dict(metadata))}
        await conn.execute(_SQL["store"], row)

    async def recall(self, conn: OrgConnection, scope: str, query: str, top_k: int) -> Sequence[Memory]:
        """See the port."""
        wanted = {"scope": scope, "query": query, "top_k": top_k}
        rows = await (await conn.execute(_SQL["search"], wanted)).fetchall()
        if not rows:
            rows = await (await conn.execute(_SQL["recent"], {"scope": scope, "top_k": top_k})).fetchall()
        return [Memory(**row) for row in rows]

    async def listed(
        self, conn: OrgConnection, scope: str, *, at: datetime | None, after: str | None, limit: int
    ) -> Sequence[Memory]:
        """See the port."""
        wanted = {"scope": scope, "at": at, "after": after, "limit": limit}
        return [Memory(**row) for row in await (await conn.execute(_SQL["listed"], wanted)).fetchall()]

    async def forget(self, conn: OrgConnection, scope: str, key: str) -> bool:
        """See the port."""
        return await (await conn.execute(_SQL["forget"], {"scope": scope, "key": key})).fetchone() is not None
