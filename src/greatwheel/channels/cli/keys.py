"""`greatwheel keys`: API keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from greatwheel.channels.cli.rows import JsonOption, facts, show, tell
from greatwheel.channels.cli.tenants import ConfigOption, OrgOption, in_org
from greatwheel.database.connection import OrgConnection
from greatwheel.tenancy import api_keys, users
from greatwheel.tenancy.api_keys import KeyFacts, NewKey
from greatwheel.tenancy.first_start import FIRST_ORG
from greatwheel.tenancy.orgs import Org

keys_app = typer.Typer(help="Look after API keys.", no_args_is_help=True)


@keys_app.command("list")
def list_keys(org: OrgOption = FIRST_ORG, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show an organisation's keys; what they are can't be shown again."""

    async def listed(conn: OrgConnection, org: Org) -> Sequence[KeyFacts]:
        return await api_keys.list_all(conn)

    ids = [] if as_json else ["key_id"]  # the prefix is enough to name one
    show([facts(key, *ids) for key in in_org(config, org, listed)], as_json=as_json)


@keys_app.command("create")
def create_key(
    user: Annotated[str, typer.Argument(help="The name of the user whom it names.")],
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    days: Annotated[int | None, typer.Option(help="How long it is valid; without, until it is revoked.")] = None,
    org: OrgOption = FIRST_ORG,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and print it: it is shown only now."""

    async def create(conn: OrgConnection, org: Org) -> NewKey:
        holder = await users.find(conn, user)
        return await api_keys.create(conn, org.org_id, holder.user_id, label=label, days=days)

    made = in_org(config, org, create)
    if as_json:
        show([{"key_id": made.key_id, "key": made.text, "expires_at": made.expires_at}], as_json=True)
    else:
        print(made.text)


@keys_app.command("revoke")
def revoke_key(
    key: Annotated[str, typer.Argument(help="Its prefix or id, as `keys list` shows it.")],
    org: OrgOption = FIRST_ORG,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a key, at once."""

    async def revoke(conn: OrgConnection, org: Org) -> None:
        await api_keys.revoke(conn, key)

    in_org(config, org, revoke)
    tell("revoked", {"key": key, "revoked": True}, as_json=as_json)
