"""`greatwheel orgs`: the organisations of this installation."""

from __future__ import annotations

from typing import Annotated

import typer

from greatwheel.channels.cli.rows import JsonOption, facts, print_json, show, show_one
from greatwheel.channels.cli.tenants import ConfigOption, in_org, with_database
from greatwheel.channels.cli.terminal import say
from greatwheel.core.errors import BadInput
from greatwheel.core.ids import OrgId
from greatwheel.database.connection import OrgConnection
from greatwheel.database.database import Database
from greatwheel.server.agents import registry_of
from greatwheel.server.settings import Settings, load_settings
from greatwheel.tenancy import api_keys, orgs, users
from greatwheel.tenancy.orgs import Org

orgs_app = typer.Typer(help="Look after organisations.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="The organisation's name.")]


@orgs_app.command("list")
def list_orgs(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show all organisations."""
    show([facts(org) for org in with_database(config, orgs.list_all)], as_json=as_json)


@orgs_app.command("create")
def create_org(
    name: NameArgument,
    admin: Annotated[str, typer.Option(help="The name of its first user, an admin.")] = "admin",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an organisation with an admin and the usual agents, and print the admin's key: it is shown only now."""
    settings = load_settings(config)

    async def create(database: Database) -> dict[str, str]:
        org_id = orgs.new_org_id()
        async with database.org(org_id) as conn:
            await orgs.create(conn, org_id, name)
            user_id = await users.create(conn, org_id, admin, role="admin")
            key = await api_keys.create(conn, org_id, user_id, label="first key")
        await _give_agents(settings, database, org_id)
        return {"org_id": org_id, "name": name, "user_id": user_id, "key": key.text}

    made = with_database(config, create)
    if as_json:
        print_json(made)
    else:
        print(made["key"])


async def _give_agents(settings: Settings, database: Database, org_id: OrgId) -> None:
    """What can't be loaded is said: the organisation is there, and `serve` will try again."""
    try:
        loaded = await registry_of(settings, database).load([org_id])
    except BadInput as error:
        say(f"it has no agents yet: {error}")
        return
    for agent in loaded:
        if agent.outcome == "refused":
            say(f"agent {agent.name} was not loaded: {agent.reason}")


@orgs_app.command("update")
def update_org(
    name: NameArgument,
    concurrency: Annotated[int | None, typer.Option(help="Tasks that run at once.")] = None,
    idle_seconds: Annotated[int | None, typer.Option(help="After so long an idle session leaves memory.")] = None,
    triage_agent: Annotated[str | None, typer.Option(help="The agent for tasks that name none.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change an organisation's settings."""

    async def update(conn: OrgConnection, org: Org) -> Org:
        return await orgs.update(
            conn, org.org_id, concurrency=concurrency, idle_seconds=idle_seconds, triage_agent=triage_agent
        )

    show_one(facts(in_org(config, name, update)), as_json=as_json)
