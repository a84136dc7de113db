"""What the commands that look after organisations share: opening the database, choosing one, showing rows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from greatwheel.channels.cli.terminal import say
from greatwheel.database.connection import OrgConnection
from greatwheel.database.database import Database
from greatwheel.server.deployment import open_database
from greatwheel.tenancy import orgs
from greatwheel.tenancy.first_start import FIRST_ORG, FIRST_USER, ensure_first
from greatwheel.tenancy.orgs import Org

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ConfigOption = Annotated[Path | None, typer.Option("--config", help="The settings' file.")]
OrgOption = Annotated[str, typer.Option("--org", help="The organisation's name or id.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Row: TypeAlias = Mapping[str, Any]

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


async def announce_first(database: Database) -> None:
    """On the first start, make the first organisation and say its admin's key, once, on stderr."""
    key = await ensure_first(database)
    if key is not None:
        say(f"first start: made the organisation {FIRST_ORG!r} and its admin {FIRST_USER!r}")
        say(f"the admin's key, shown only now: {key.text}")


def show(rows: Sequence[Row], *, as_json: bool) -> None:
    """Print rows, as JSON or as a table."""
    if as_json:
        print(json.dumps(rows, indent=2, default=_plain))
        return
    if not rows:
        print("none")
        return
    first, *others = [name.replace("_", " ") for name in rows[0]]
    table = Table(Column(first, no_wrap=True), *[Column(name, overflow="fold") for name in others])
    for row in rows:
        table.add_row(*[Text(_cell(value)) for value in row.values()])
    Console().print(table)


def facts(thing: DataclassInstance, *leave_out: str) -> Row:
    """A thing's fields as a row."""
    return {name: value for name, value in asdict(thing).items() if name not in leave_out}


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M")
        case list() | tuple():
            return " ".join(value)
        case _:
            return str(value)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
