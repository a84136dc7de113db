"""The first organisation, its admin, and the admin's key."""

from __future__ import annotations

from greatwheel.database.database import Database
from greatwheel.database.queries import load
from greatwheel.tenancy import api_keys, orgs, users
from greatwheel.tenancy.api_keys import NewKey

_SQL = load(__file__)
FIRST_ORG = "default"
FIRST_USER = "admin"


async def ensure_first(db: Database) -> NewKey | None:
    """Where there is no organisation yet, make `default` with the user `admin`, and give that user's key.

    None when there is one. Of several processes that start at once, one makes it. The caller shows the key: it is
    known only now.
    """
    org_id = orgs.new_org_id()
    async with db.org(org_id) as conn:
        row = await (await conn.execute(_SQL["is_first_start"])).fetchone()
        if row is None or not row["first"]:
            return None
        await orgs.create(conn, org_id, FIRST_ORG)
        user_id = await users.create(conn, org_id, FIRST_USER, role="admin")
        return await api_keys.create(conn, org_id, user_id, label="first start")
