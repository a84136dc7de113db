"""The memory port: what agents remember from one task to the next.

Contract, held by every store:

1. A memory has a key within a scope of an organisation; storing under a known key replaces it.
2. `recall` gives at most `top_k` memories of the scope, the most relevant first.
3. `listed` gives all memories of a scope, the newest first, page by page: each comes once unless it is stored again.
4. Only the organisation of the connection is seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from greatwheel.core.ids import OrgId
from greatwheel.database.connection import OrgConnection


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """Something that was remembered."""

    key: str
    value: str
    score: float
    """How well it answers the query; of one recall, comparable with each other only."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    updated_at: datetime | None = None
    """When it was stored; None: not told, by a recall."""


class MemoryStore(Protocol):
    """Where memories are kept, see the module's contract."""

    async def store(
        self, conn: OrgConnection, org_id: OrgId, scope: str, key: str, value: str, metadata: Mapping[str, Any]
    ) -> None:
        """Remember; committed with the connection's transaction."""
        ...

    async def recall(self, conn: OrgConnection, scope: str, query: str, top_k: int) -> Sequence[Memory]:
        """The memories that answer the query best."""
        ...

    async def listed(
        self, conn: OrgConnection, scope: str, *, at: datetime | None, after: str | None, limit: int
    ) -> Sequence[Memory]:
        """So many memories: the newest, or those behind the one of that time and key."""
        ...

    async def forget(self, conn: OrgConnection, scope: str, key: str) -> bool:
        """Forget; False when there was nothing of that key."""
        ...
