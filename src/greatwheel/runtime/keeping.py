"""Dumps and contexts of sessions in the database: sealed, each content once."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from greatwheel.core.ids import OrgId, SessionId
from greatwheel.database import blobs, queries
from greatwheel.database.connection import OrgConnection
from greatwheel.database.database import Database
from greatwheel.runtime.packing import pack, unpack
from greatwheel.tenancy.sealing import Sealer

SQL = queries.load(__file__, "keeping.sql")
_DUMP, _CONTEXT = "dump:", "context"
"""How contents are bound; `keeping.sql` says so, too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Keeping:
    """What one session keeps. A dump opens for its own session alone, a context for its organisation."""

    org_id: OrgId
    session_id: SessionId
    sealer: Sealer

    async def keep_dump(self, connection: OrgConnection, dump: bytes) -> bytes:
        """Store a dump; its digest."""
        packed = await pack(dump)
        return await blobs.put(connection, self.org_id, packed, sealer=self.sealer, binding=self._binding())

    async def kept_dump(self, connection: OrgConnection, digest: bytes) -> bytes:
        """The dump of that digest. Raises SealBroken when it was altered, or is another session's."""
        packed = await blobs.get(connection, self.org_id, digest, sealer=self.sealer, binding=self._binding())
        return await unpack(packed)

    async def adopt_dump(self, connection: OrgConnection, digest: bytes, *, of: SessionId) -> bytes:
        """Store another session's dump as this one's own, sealed for it alone; its digest.

        Raises:
            SealBroken: it was altered, or is none of that session's.
        """
        theirs = f"{_DUMP}{of}"
        packed = await blobs.get(connection, self.org_id, digest, sealer=self.sealer, binding=theirs)
        return await blobs.put(connection, self.org_id, packed, sealer=self.sealer, binding=self._binding())

    async def drop_unused(self, connection: OrgConnection, digest: bytes | None) -> None:
        """Delete a dump that nothing refers to any more."""
        if digest is not None:
            await drop_unused(connection, self.org_id, self.session_id, digest)

    def _binding(self) -> str:
        return f"{_DUMP}{self.session_id}"


async def drop_unused(connection: OrgConnection, org: OrgId, session: SessionId, digest: bytes) -> None:
    """Delete a dump of a session that no boundary, no point and the session itself refer to any more."""
    await connection.execute(SQL["drop_unused_dump"], {"org": org, "session": session, "digest": digest})


async def keep_context(connection: OrgConnection, org: OrgId, sealer: Sealer, context: Any) -> bytes:
    """Store a context of an organisation; its digest."""
    raw = await asyncio.to_thread(_packed, context)
    return await blobs.put(connection, org, raw, sealer=sealer, binding=_CONTEXT)


async def kept_context(connection: OrgConnection, org: OrgId, sealer: Sealer, digest: bytes) -> Any:
    """The context of that digest."""
    raw = await blobs.get(connection, org, digest, sealer=sealer, binding=_CONTEXT)
    return await asyncio.to_thread(_unpacked, raw)


async def reseal_kept(database: Database, org: OrgId, sealer: Sealer) -> int:
    """Seal what sessions keep with the newest master key where an older one did; how much there was.

    Each in a transaction of its own: sessions are at work meanwhile.

    Raises:
        SealBroken: one was altered, or its master key is not known any more.
    """
    count = 0
    async with database.org(org) as connection:
        found = await (await connection.execute(SQL["kept_blobs"], {"org": org}, binary=True)).fetchall()
    for row in found:
        if sealer.is_newest(row["head"]):
            continue
        async with database.org(org) as connection:
            count += await blobs.reseal(connection, org, row["digest"], sealer=sealer, binding=row["binding"])
    return count


def _packed(context: Any) -> bytes:
    if isinstance(context, str):
        return b"s" + context.encode("utf-8", "surrogatepass")
    return b"j" + json.dumps(context, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def _unpacked(raw: bytes) -> Any:
    if raw[:1] == b"s":
        return raw[1:].decode("utf-8", "surrogatepass")
    return json.loads(raw[1:])
