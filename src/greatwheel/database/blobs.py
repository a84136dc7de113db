"""Sealed contents, each kept once within its organisation and binding.

A blob is found by a digest that only the master key's holder can compute: equal contents of two organisations have
different ones. It opens for its own organisation, binding and digest alone, so rows can't be swapped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, Protocol, TypeVar

import zstandard

from greatwheel.core.errors import NotFound, SealBroken
from greatwheel.core.ids import OrgId
from greatwheel.database.connection import OrgConnection
from greatwheel.database.queries import load

P = ParamSpec("P")
T = TypeVar("T")

_SQL = load(__file__)
_LEVEL = 3
_PLAIN, _PACKED = b"\x00", b"\x01"
_LONG = 256 * 1024
"""From here on the work is done in a thread: the event loop has others to serve."""


class Seals(Protocol):
    """What blobs need of `tenancy.sealing.Sealer`, which says what each promises."""

    def seal(self, org_id: OrgId, binding: str, data: bytes) -> bytes: ...

    def open(self, org_id: OrgId, binding: str, sealed: bytes) -> bytes: ...

    def digest(self, org_id: OrgId, binding: str, data: bytes) -> bytes: ...


async def put(conn: OrgConnection, org_id: OrgId, raw: bytes, *, sealer: Seals, binding: str) -> bytes:
    """Keep `raw`, once however often it is put; its digest."""
    digest = await _off_loop(raw, sealer.digest, org_id, binding, raw)
    where = {"org_id": org_id, "digest": digest}
    if await (await conn.execute(_SQL["share_blob"], where)).fetchone() is None:
        data = await _off_loop(raw, _sealed, sealer, org_id, _place(binding, digest), raw)
        await conn.execute(_SQL["put_blob"], {**where, "data": data, "raw_size": len(raw)})
    return digest


async def get(conn: OrgConnection, org_id: OrgId, digest: bytes, *, sealer: Seals, binding: str) -> bytes:
    """What was put.

    Raises:
        NotFound: the organisation has no blob of that digest.
        SealBroken: it was altered or swapped, or belongs to another organisation or binding.
    """
    where = {"org_id": org_id, "digest": digest}
    row = await (await conn.execute(_SQL["get_blob"], where, binary=True)).fetchone()
    if row is None:
        raise NotFound(f"There is no stored value {digest.hex()[:12]} in this organisation.")
    return await _off_loop(row["data"], _opened, sealer, org_id, _place(binding, digest), row["data"])


async def reseal(conn: OrgConnection, org_id: OrgId, digest: bytes, *, sealer: Seals, binding: str) -> bool:
    """Seal a blob with the newest master key; it keeps its digest. False: it is not there any more.

    Raises:
        SealBroken: as `get`.
    """
    where = {"org_id": org_id, "digest": digest}
    row = await (await conn.execute(_SQL["lock_blob"], where, binary=True)).fetchone()
    if row is None:
        return False
    data = await _off_loop(row["data"], _resealed, sealer, org_id, _place(binding, digest), row["data"])
    await conn.execute(_SQL["replace_blob"], {**where, "data": data})
    return True


async def _off_loop(data: bytes, work: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """Do it here for little data, in a thread for much."""
    if len(data) < _LONG:
        return work(*args, **options)
    return await asyncio.to_thread(work, *args, **options)


def _place(binding: str, digest: bytes) -> str:
    return f"{binding}:{digest.hex()}"


def _sealed(sealer: Seals, org_id: OrgId, place: str, raw: bytes) -> bytes:
    packed = zstandard.ZstdCompressor(level=_LEVEL).compress(raw)
    return sealer.seal(org_id, place, _PACKED + packed if len(packed) < len(raw) else _PLAIN + raw)


def _resealed(sealer: Seals, org_id: OrgId, place: str, sealed: bytes) -> bytes:
    return sealer.seal(org_id, place, sealer.open(org_id, place, sealed))


def _opened(sealer: Seals, org_id: OrgId, place: str, sealed: bytes) -> bytes:
    data = sealer.open(org_id, place, sealed)
    if data[:1] == _PLAIN:
        return data[1:]
    try:
        return zstandard.ZstdDecompressor().decompress(data[1:])
    except zstandard.ZstdError as error:
        raise SealBroken from error
