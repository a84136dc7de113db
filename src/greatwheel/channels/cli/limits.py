"""`greatwheel limits`: how many tokens and tasks an organisation and its users may use."""

from __future__ import annotations

from typing import Annotated

import typer

from greatwheel.channels.cli.reach import Where, placed, reached
from greatwheel.channels.cli.rows import JsonOption, show, tell
from greatwheel.core.errors import BadInput
from greatwheel.scheduler.limits import Metric, Period

limits_app = typer.Typer(help="Limit tokens and tasks per day, week and month.", no_args_is_help=True)
_PATH = "/api/limits"
_SHOWN = ("metric", "period", "used", "reserved", "soft", "hard", "resets_at")


@limits_app.command("list")
@placed
def list_limits(
    where: Where,
    as_json: JsonOption = False,
) -> None:
    """Show the limits with their use."""
    with reached(where) as client:
        found = client.pages(_PATH)
    rows = [{"who": each["user_name"] or "(everybody)", **{name: each[name] for name in _SHOWN}} for each in found]
    show(rows, as_json=as_json)


@limits_app.command("set")
@placed
def set_limit(
    where: Where,
    metric: Annotated[Metric, typer.Argument(help="What is counted.")],
    period: Annotated[Period, typer.Argument(help="Over what time, from its beginning in UTC.")],
    user: Annotated[str | None, typer.Option(help="For this user; else for the whole organisation.")] = None,
    soft: Annotated[int | None, typer.Option(min=0, help="From here on a warning is given.")] = None,
    hard: Annotated[int | None, typer.Option(min=0, help="From here on it is refused.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the limit away.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Set a limit, or take it away."""
    if remove != (soft is None and hard is None):
        raise BadInput("Say --soft or --hard or both with a number, or --remove.")
    told = {"metric": metric, "period": period, "user": user, "soft": soft, "hard": hard}
    with reached(where) as client:
        client.call("PUT", _PATH, told)
    tell("removed" if remove else "set", told, as_json=as_json)
