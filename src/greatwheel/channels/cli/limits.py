"""`greatwheel limits`: how many tokens and tasks an organisation and its users may use."""

from __future__ import annotations

from typing import Annotated

import typer

from greatwheel.channels.cli.rows import JsonOption, show, tell
from greatwheel.channels.cli.tenants import ConfigOption, OrgOption, in_org
from greatwheel.core.errors import BadInput
from greatwheel.database.connection import OrgConnection
from greatwheel.scheduler import limits
from greatwheel.scheduler.limits import Metric, Period
from greatwheel.tenancy import users
from greatwheel.tenancy.first_start import FIRST_ORG
from greatwheel.tenancy.orgs import Org

limits_app = typer.Typer(help="Limit tokens and tasks per day, week and month.", no_args_is_help=True)


@limits_app.command("list")
def list_limits(org: OrgOption = FIRST_ORG, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the limits with their use."""

    async def listed(conn: OrgConnection, org: Org) -> list[dict[str, object]]:
        return await limits.list_limits(conn)

    rows = [
        {"who": row["user_name"] or "(everybody)", **{name: row[name] for name in _SHOWN}}
        for row in in_org(config, org, listed)
    ]
    show(rows, as_json=as_json)


_SHOWN = ("metric", "period", "used", "reserved", "soft", "hard", "resets_at")


@limits_app.command("set")
def set_limit(
    metric: Annotated[Metric, typer.Argument(help="What is counted.")],
    period: Annotated[Period, typer.Argument(help="Over what time, from its beginning in UTC.")],
    user: Annotated[str | None, typer.Option(help="For this user; else for the whole organisation.")] = None,
    soft: Annotated[int | None, typer.Option(min=0, help="From here on a warning is given.")] = None,
    hard: Annotated[int | None, typer.Option(min=0, help="From here on it is refused.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the limit away.")] = False,
    org: OrgOption = FIRST_ORG,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set a limit, or take it away."""
    if remove != (soft is None and hard is None):
        raise BadInput("Say --soft or --hard or both with a number, or --remove.")

    async def done(conn: OrgConnection, org: Org) -> None:
        whom = limits.EVERYBODY if user is None else (await users.find(conn, user)).user_id
        await limits.set_limit(conn, metric, period, user=whom, soft=soft, hard=hard)

    in_org(config, org, done)
    told = {"metric": metric, "period": period, "user": user, "soft": soft, "hard": hard}
    tell("removed" if remove else "set", told, as_json=as_json)
