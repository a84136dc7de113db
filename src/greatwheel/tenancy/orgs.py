"""Organisations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from greatwheel.core.errors import NotFound
from greatwheel.core.ids import OrgId, new_id
from greatwheel.database.connection import OrgConnection
from greatwheel.database.database import Database
from greatwheel.database.queries import load
from greatwheel.tenancy.naming import parse_name

_SQL = load(__file__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Org:
    """An organisation."""

    org_id: OrgId
    name: str
    concurrency: int
    """Tasks of it that are admitted or running at once."""
    idle_seconds: int
    """A session that does nothing for so long leaves memory."""
    triage_agent: str
    """Gets the tasks that name no agent."""
    created_at: datetime


def new_org_id() -> OrgId:
    """A fresh id; open `db.org` with it, then call `create`."""
    return OrgId(new_id("org"))


async def create(conn: OrgConnection, org_id: OrgId, name: str) -> None:
    """Make the organisation; the transaction must be opened for `org_id`.

    Raises:
        BadInput: the name can't be one.
        Conflict: the name is taken.
    """
    await conn.execute(_SQL["create_org"], {"org_id": org_id, "name": parse_name("organisation", name)})


async def list_all(db: Database) -> Sequence[Org]:
    """Every organisation of the installation, by name: for who operates it."""
    async with db.system() as conn:
        rows = await (await conn.execute(_SQL["list_orgs"], {"wanted": None})).fetchall()
    return [_org(row) for row in rows]


async def find(db: Database, name: str) -> Org:
    """The organisation of that name or id.

    Raises:
        NotFound: there is none.
    """
    async with db.system() as conn:
        row = await (await conn.execute(_SQL["list_orgs"], {"wanted": name})).fetchone()
    if row is None:
        raise NotFound(f"There is no organisation {name!r}; `greatwheel orgs list` shows those there are.")
    return _org(row)


async def update(
    conn: OrgConnection,
    org_id: OrgId,
    *,
    concurrency: int | None = None,
    idle_seconds: int | None = None,
    triage_agent: str | None = None,
) -> Org:
    """Change what is not None.

    Raises:
        NotFound: there is no such organisation.
        BadInput: a number is not positive.
    """
    changes = {"concurrency": concurrency, "idle_seconds": idle_seconds, "triage_agent": triage_agent}
    row = await (await conn.execute(_SQL["update_org"], {"org_id": org_id, **changes})).fetchone()
    if row is None:
        raise NotFound(f"There is no organisation {org_id!r}.")
    return _org(row)


def _org(row: Mapping[str, Any]) -> Org:
    return Org(**row)
