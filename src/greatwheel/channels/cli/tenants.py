"""What the commands that look after organisations share: opening the database, choosing one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from greatwheel.channels.cli.terminal import say
from greatwheel.database.connection import OrgConnection
from greatwheel.database.database import Database
from greatwheel.server.deployment import open_database
from greatwheel.tenancy import orgs
from greatwheel.tenancy.first_start import FIRST_ORG, FIRST_USER, ensure_first
from greatwheel.tenancy.orgs import Org

ConfigOption = Annotated[Path | None, typer.Option("--config", help="The settings' file.")]
OrgOption = Annotated[str, typer.Option("--org", help="The organisation's name or id.")]

_Result = TypeVar("_Result")


def with_database(config: Path | None, work: Callable[[Database], Awaitable[_Result]]) -> _Result:
    """Do the work with the installation's database; the first one who opens it is told the admin's key."""

    async def opened() -> _Result:
        database = await open_database(config)
        try:
            await announce_first(database)
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(opened())


def in_org(config: Path | None, org: str, work: Callable[[OrgConnection, Org], Awaitable[_Result]]) -> _Result:
    """Do the work in a transaction of that organisation. Raises NotFound when there is none of that name."""

    async def chosen(database: Database) -> _Result:
        found = await orgs.find(database, org)
        async with database.org(found.org_id) as conn:
            return await work(conn, found)

    return with_database(config, chosen)


async def announce_first(database: Database) -> str | None:
    """On the first start, make the first organisation and say its admin's key, once, on stderr; gives that key."""
    key = await ensure_first(database)
    if key is None:
        return None
    say(f"first start: made the organisation {FIRST_ORG!r} and its admin {FIRST_USER!r}")
    say(f"the admin's key, shown only now: {key.text}")
    return key.text
