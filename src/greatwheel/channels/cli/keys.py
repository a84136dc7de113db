"""`greatwheel keys`: API keys."""

from __future__ import annotations

from typing import Annotated

import typer

from greatwheel.channels.cli.reach import Where, placed, reached
from greatwheel.channels.cli.rows import JsonOption, print_json, show, tell
from greatwheel.tenancy.api_keys import LONGEST_DAYS

keys_app = typer.Typer(help="Look after API keys.", no_args_is_help=True)
_PATH = "/api/keys"


@keys_app.command("list")
@placed
def list_keys(
    where: Where,
    as_json: JsonOption = False,
) -> None:
    """Show an organisation's keys; what they are can't be shown again."""
    with reached(where) as client:
        found = client.pages(_PATH)
    if not as_json:
        for each in found:
            del each["key_id"]  # the prefix is enough to name one
    show(found, as_json=as_json)


@keys_app.command("create")
@placed
def create_key(
    where: Where,
    user: Annotated[str, typer.Argument(help="The name of the user whom it names.")],
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    days: Annotated[
        int | None,
        typer.Option(min=1, max=LONGEST_DAYS, help="How long it is valid; without, until it is revoked."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and print it: it is shown only now."""
    with reached(where) as client:
        made = client.call("POST", _PATH, {"user": user, "label": label, "days": days})
    if as_json:
        print_json(made)
    else:
        print(made["key"])


@keys_app.command("revoke")
@placed
def revoke_key(
    where: Where,
    revoked: Annotated[str, typer.Argument(metavar="KEY", help="Its prefix or id, as `keys list` shows it.")],
    as_json: JsonOption = False,
) -> None:
    """End a key, at once."""
    with reached(where) as client:
        client.call("DELETE", client.path(_PATH + "/{}", revoked))
    tell("revoked", {"key": revoked, "revoked": True}, as_json=as_json)
