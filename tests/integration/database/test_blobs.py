"""Sealed contents in the database."""

from __future__ import annotations

import os

import pytest

from greatwheel.core.errors import NotFound, SealBroken
from greatwheel.core.ids import OrgId
from greatwheel.database import blobs
from greatwheel.database.database import Database
from greatwheel.tenancy.sealing import MasterKey, Sealer

SEALER = Sealer([MasterKey(b"k" * 32)])
OTHER = OrgId("org_other")


async def put(database: Database, org_id: OrgId, raw: bytes, binding: str = "dump:a") -> bytes:
    """Put it in a transaction of its own."""
    async with database.org(org_id) as conn:
        return await blobs.put(conn, org_id, raw, sealer=SEALER, binding=binding)


async def get(database: Database, org_id: OrgId, digest: bytes, binding: str = "dump:a") -> bytes:
    """Get it in a transaction of its own."""
    async with database.org(org_id) as conn:
        return await blobs.get(conn, org_id, digest, sealer=SEALER, binding=binding)


@pytest.fixture
async def other(database: Database) -> OrgId:
    """A second organisation."""
    async with database.org(OTHER) as conn:
        await conn.execute("insert into orgs (org_id, name) values (%s, 'other')", (OTHER,))
    return OTHER


@pytest.mark.parametrize(
    "raw",
    [b"", b"short", b"repeated " * 100_000, os.urandom(300_000)],
    ids=["empty", "short", "repetitive", "incompressible"],
)
async def test_what_is_put_comes_back(database: Database, org_id: OrgId, raw: bytes) -> None:
    """Empty, short, long and incompressible contents come back as they were, and never take much more room."""
    digest = await put(database, org_id, raw)
    assert await get(database, org_id, digest) == raw
    async with database.org(org_id) as conn:
        row = await (await conn.execute("select length(data) as stored, raw_size from blobs")).fetchone()
    assert row is not None
    assert row["raw_size"] == len(raw)
    assert row["stored"] <= len(raw) + 64


async def test_equal_contents_are_kept_once_in_an_organisation(database: Database, org_id: OrgId, other: OrgId) -> None:
    """The same content has one row in each organisation, under digests that do not show that it is the same."""
    digests = [await put(database, org, b"same") for org in (org_id, org_id, other, other)]
    assert len(set(digests)) == 2
    for org in (org_id, other):
        async with database.org(org) as conn:
            assert len(await (await conn.execute("select digest from blobs")).fetchall()) == 1


async def test_no_blob_opens_elsewhere(database: Database, org_id: OrgId, other: OrgId) -> None:
    """Another binding is refused, and another organisation finds nothing."""
    digest = await put(database, org_id, b"content")
    with pytest.raises(SealBroken):
        await get(database, org_id, digest, "dump:b")
    with pytest.raises(NotFound):
        await get(database, other, digest)


async def test_swapped_altered_and_smuggled_rows_are_refused(database: Database, org_id: OrgId, other: OrgId) -> None:
    """A row that has another's bytes, one changed byte, or another organisation's bytes does not open."""
    one, two = await put(database, org_id, b"one"), await put(database, org_id, b"two")
    theirs = await put(database, other, b"one")
    async with database.org(other) as conn:
        row = await (await conn.execute("select data from blobs where digest = %s", (theirs,))).fetchone()
    assert row is not None
    changes = (
        "update blobs set data = (select data from blobs where digest = %(two)s) where digest = %(one)s",
        "update blobs set data = set_byte(data, 30, get_byte(data, 30) # 1) where digest = %(two)s",
        "update blobs set data = %(theirs)s where digest = %(one)s",
    )
    for change, digest in zip(changes, (one, two, one), strict=True):
        async with database.org(org_id) as conn:
            await conn.execute(change, {"one": one, "two": two, "theirs": row["data"]})
        with pytest.raises(SealBroken):
            await get(database, org_id, digest)
