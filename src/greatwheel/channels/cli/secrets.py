"""`greatwheel secrets`: what tools need and nobody is shown."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from greatwheel.channels.cli.reach import ConfigOption, Where, placed, reached
from greatwheel.channels.cli.rows import JsonOption, show, tell
from greatwheel.channels.cli.tenants import with_database
from greatwheel.channels.cli.terminal import read_hidden
from greatwheel.channels.webhooks.resealing import reseal_webhooks
from greatwheel.core.errors import BadInput
from greatwheel.database.database import Database
from greatwheel.runtime.keeping import reseal_kept
from greatwheel.server.deployment import sealer_of
from greatwheel.server.settings import load_settings
from greatwheel.tenancy import orgs
from greatwheel.tenancy.master_keys import VARIABLE, add_key
from greatwheel.tenancy.secrets import SecretStore

secrets_app = typer.Typer(help="Look after an organisation's secrets.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="The secret's name, such as MAIL_KEY.")]
_PATH = "/api/secrets/{}"


@secrets_app.command("set")
@placed
def set_secret(
    where: Where,
    name: NameArgument,
    as_json: JsonOption = False,
) -> None:
    """Set a secret. Its value is asked for, or read from standard input; never give it as an argument."""
    value = read_hidden(f"Value of {name}").removesuffix("\n")
    with reached(where) as client:
        client.call("PUT", client.path(_PATH, name), {"value": value})
    tell("set", {"name": name, "set": True}, as_json=as_json)


@secrets_app.command("list")
@placed
def list_secrets(
    where: Where,
    as_json: JsonOption = False,
) -> None:
    """Show the names of the secrets."""
    with reached(where) as client:
        found = client.pages("/api/secrets")
    show(found, as_json=as_json)


@secrets_app.command("remove")
@placed
def remove_secret(
    where: Where,
    name: NameArgument,
    as_json: JsonOption = False,
) -> None:
    """Forget a secret."""
    with reached(where) as client:
        client.call("DELETE", client.path(_PATH, name))
    tell("removed", {"name": name, "removed": True}, as_json=as_json)


@secrets_app.command("rotate")
def rotate_secrets(
    new_key: Annotated[bool, typer.Option("--new-key", help="Make a new master key first.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Seal what all organisations keep (secrets, sessions, their data) with the newest master key.

    When it has sealed nothing anew, nothing needs the older keys any more.
    """
    settings = load_settings(config)
    if new_key:
        if os.environ.get(VARIABLE):
            raise BadInput(f"The master keys come from {VARIABLE}: put a new one before the others there instead.")
        sealer_of(settings)  # a first start makes the file
        add_key(settings.key_file)
    sealer = sealer_of(settings)
    store = SecretStore(sealer)

    async def rotate(database: Database) -> int:
        count = 0
        for org in await orgs.list_all(database):
            async with database.org(org.org_id) as conn:
                count += await store.reseal(conn, org.org_id)
                count += await reseal_webhooks(conn, org.org_id, sealer)
            count += await reseal_kept(database, org.org_id, sealer)
        return count

    count = with_database(config, rotate)
    tell(f"sealed anew: {count}", {"sealed_anew": count}, as_json=as_json)
