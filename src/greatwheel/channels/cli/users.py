"""`greatwheel users`: the users of an organisation."""

from __future__ import annotations

from typing import Annotated

import typer

from greatwheel.channels.cli.reach import Where, placed, reached
from greatwheel.channels.cli.rows import JsonOption, show, show_one
from greatwheel.tenancy.principal import Role

users_app = typer.Typer(help="Look after an organisation's users.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="The user's name.")]
AllowOption = Annotated[
    list[str] | None, typer.Option("--allow", help="A tool, agent:NAME, or a pattern such as web_*; several times.")
]
DenyOption = Annotated[list[str] | None, typer.Option("--deny", help="The same; what is denied is never allowed.")]
_PATH = "/api/users"


@users_app.command("list")
@placed
def list_users(
    where: Where,
    as_json: JsonOption = False,
) -> None:
    """Show an organisation's users."""
    with reached(where) as client:
        found = client.pages(_PATH)
    show(found, as_json=as_json)


@users_app.command("create")
@placed
def create_user(
    where: Where,
    name: NameArgument,
    role: Annotated[Role, typer.Option(help="An admin looks after users, keys and secrets.")] = "member",
    allow: AllowOption = None,
    deny: DenyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a user. Without --allow they may use everything that their agents may."""
    order = {"name": name, "role": role, "allow": allow or ["*"], "deny": deny or []}
    with reached(where) as client:
        made = client.call("POST", _PATH, order)
    show_one(made, as_json=as_json)


@users_app.command("update")
@placed
def update_user(
    where: Where,
    name: NameArgument,
    role: Annotated[Role | None, typer.Option(help="A new role.")] = None,
    allow: AllowOption = None,
    deny: DenyOption = None,
    no_deny: Annotated[bool, typer.Option("--no-deny", help="Take all denials back.")] = False,
    disabled: Annotated[bool | None, typer.Option("--disable/--enable", help="Shut the user out, or in again.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Change a user. It counts at once, for their running tasks too; --allow and --deny replace what was there."""
    change = {"role": role, "allow": allow or None, "deny": [] if no_deny else deny or None, "disabled": disabled}
    with reached(where) as client:
        changed = client.call("PATCH", client.path(_PATH + "/{}", name), change)
    show_one(changed, as_json=as_json)
