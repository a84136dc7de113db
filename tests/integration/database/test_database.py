"""The database as adapters use it."""

from __future__ import annotations

from greatwheel.core.ids import OrgId
from greatwheel.database.database import Database


async def test_an_organisation_sees_its_own_rows_alone(database: Database, org_id: OrgId) -> None:
    """A transaction shows the rows of the organisation that it was opened for, and no other's."""
    async with database.org(org_id) as conn:
        assert await (await conn.execute("select org_id from orgs")).fetchall() == [{"org_id": org_id}]
    async with database.org(OrgId("org_other")) as conn:
        assert await (await conn.execute("select org_id from orgs")).fetchall() == []
    async with database.system() as conn:
        assert await (await conn.execute("select org_id from orgs")).fetchall() == []
