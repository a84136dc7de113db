"""`greatwheel users`: the users of an organisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from greatwheel.channels.cli.rows import JsonOption, facts, show
from greatwheel.channels.cli.tenants import ConfigOption, OrgOption, in_org
from greatwheel.database.connection import OrgConnection
from greatwheel.tenancy import users
from greatwheel.tenancy.first_start import FIRST_ORG
from greatwheel.tenancy.orgs import Org
from greatwheel.tenancy.principal import Role
from greatwheel.tenancy.users import User, UserChange

users_app = typer.Typer(help="Look after an organisation's users.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="The user's name.")]
AllowOption = Annotated[
    list[str] | None, typer.Option("--allow", help="A tool, agent:NAME, or a pattern such as web_*; several times.")
]
DenyOption = Annotated[list[str] | None, typer.Option("--deny", help="The same; what is denied is never allowed.")]


@users_app.command("list")
def list_users(org: OrgOption = FIRST_ORG, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show an organisation's users."""

    async def listed(conn: OrgConnection, org: Org) -> Sequence[User]:
        return await users.list_all(conn)

    show([facts(user) for user in in_org(config, org, listed)], as_json=as_json)


@users_app.command("create")
def create_user(
    name: NameArgument,
    role: Annotated[Role, typer.Option(help="An admin looks after users, keys and secrets.")] = "member",
    allow: AllowOption = None,
    deny: DenyOption = None,
    org: OrgOption = FIRST_ORG,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a user. Without --allow they may use everything that their agents may."""

    async def create(conn: OrgConnection, org: Org) -> User:
        grants = {"allow": allow or ["*"], "deny": deny or []}
        user_id = await users.create(conn, org.org_id, name, role=role, **grants)
        return await users.find(conn, user_id)

    show([facts(in_org(config, org, create))], as_json=as_json)


@users_app.command("update")
def update_user(
    name: NameArgument,
    role: Annotated[Role | None, typer.Option(help="A new role.")] = None,
    allow: AllowOption = None,
    deny: DenyOption = None,
    no_deny: Annotated[bool, typer.Option("--no-deny", help="Take all denials back.")] = False,
    disabled: Annotated[bool | None, typer.Option("--disable/--enable", help="Shut the user out, or in again.")] = None,
    org: OrgOption = FIRST_ORG,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change a user. It counts at once, for their running tasks too; --allow and --deny replace what was there."""
    change = UserChange(role=role, allow=allow or None, deny=[] if no_deny else deny or None, disabled=disabled)

    async def update(conn: OrgConnection, org: Org) -> User:
        found = await users.find(conn, name)
        return await users.update(conn, found.user_id, change)

    show([facts(in_org(config, org, update))], as_json=as_json)
