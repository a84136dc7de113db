"""`greatwheel sessions`: what agents remember from task to task, and going back in it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from greatwheel.channels.cli.client import ApiClient
from greatwheel.channels.cli.reach import Where, placed, reached
from greatwheel.channels.cli.rows import JsonOption, cut, fields, moment, print_json, show, tell
from greatwheel.channels.cli.suggestions import agent_names
from greatwheel.channels.cli.terminal import safe
from greatwheel.runtime.sessions import SessionStatus

sessions_app = typer.Typer(help="Look at sessions, go on from earlier points, end them.", no_args_is_help=True)

SessionArgument = Annotated[str, typer.Argument(help="The session's id.")]
AfterOption = Annotated[
    str | None, typer.Option("--after", help="As it was after this task; `sessions points` lists them.")
]
_SHOWN = 70


@sessions_app.command("list")
@placed
def list_sessions(
    where: Where,
    status: Annotated[SessionStatus | None, typer.Option(help="Only those in this state.")] = None,
    agent: Annotated[str | None, typer.Option(help="Only those of this agent.", autocompletion=agent_names)] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Show sessions, newest first."""
    query = {"status": status, "agent": agent, "limit": min(limit, 500)}
    with reached(where) as client:
        found = client.pages("/api/sessions", query, most=limit)
    show(found if as_json else [_line(session) for session in found], as_json=as_json)


@sessions_app.command("show")
@placed
def show_session(
    where: Where,
    session: SessionArgument,
    as_json: JsonOption = False,
) -> None:
    """Show a session, where it was forked from, and its forks."""
    with reached(where) as client:
        found = client.call("GET", _path(client, session))
        lineage = client.call("GET", _path(client, session, "/lineage"))
    if as_json:
        print_json(found | {"lineage": lineage})
        return
    history = found.pop("history", None) or []
    kin = {name: [each["session_id"] for each in lineage[name]] or None for name in ("ancestors", "forks")}
    show(fields(found | {"exchanges": len(history)} | kin), as_json=False)


@sessions_app.command("vars")
@placed
def show_variables(
    where: Where,
    session: SessionArgument,
    as_json: JsonOption = False,
) -> None:
    """Show a session's variables: names, types, sizes and how their values begin."""
    with reached(where) as client:
        found = client.pages(_path(client, session, "/variables"))
    rows = [each | {"preview": cut(str(each["preview"]), _SHOWN)} for each in found]
    show(found if as_json else rows, as_json=as_json)


@sessions_app.command("history")
@placed
def show_history(
    where: Where,
    session: SessionArgument,
    as_json: JsonOption = False,
) -> None:
    """Show what was asked in a session and what was answered, oldest first."""
    with reached(where) as client:
        found = client.pages(_path(client, session, "/history"))
    if as_json:
        print_json(found)
        return
    for each in found:
        print(safe(f"› {each['asked']}\n{each['answered']}\n"))


@sessions_app.command("points")
@placed
def show_points(
    where: Where,
    session: SessionArgument,
    as_json: JsonOption = False,
) -> None:
    """Show the points that a session can be forked at or brought back to: the ends of its tasks."""
    with reached(where) as client:
        found = client.pages(_path(client, session, "/points"))
    rows = [
        {
            "after task": each["task_id"],
            "at": moment(each["at"]),
            "asked": cut(each["asked"], _SHOWN),
            "bytes": each["dump_bytes"],
        }
        for each in found
    ]
    show(found if as_json else rows, as_json=as_json)


@sessions_app.command("fork")
@placed
def fork_session(
    where: Where,
    session: SessionArgument,
    after: AfterOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a copy of a session, as it is or as it was after a task, and print its id."""
    with reached(where) as client:
        made = client.call("POST", _path(client, session, "/fork"), {"task_id": after} if after else {})
    tell(made["session_id"], made, as_json=as_json)


@sessions_app.command("rewind")
@placed
def rewind_session(
    where: Where,
    session: SessionArgument,
    after: Annotated[str, typer.Option("--after", help="The task after which it is to be again.")],
    as_json: JsonOption = False,
) -> None:
    """Bring a session back to where it was after a task. What came later is gone from it."""
    with reached(where) as client:
        found = client.call("POST", _path(client, session, "/rewind"), {"task_id": after})
    tell(f"session {session} is as it was after task {after}", found, as_json=as_json)


@sessions_app.command("end")
@placed
def end_session(
    where: Where,
    session: SessionArgument,
    as_json: JsonOption = False,
) -> None:
    """End a session: its tasks are cancelled, and its key is worth nothing."""
    with reached(where) as client:
        client.call("DELETE", _path(client, session))
    tell(f"session {session} has ended", {"session_id": session, "ended": True}, as_json=as_json)


@sessions_app.command("revoke-key")
@placed
def revoke_key(
    where: Where,
    session: SessionArgument,
    as_json: JsonOption = False,
) -> None:
    """Take a session's key away, at once: what its code asks of the host is refused from now on."""
    with reached(where) as client:
        client.call("DELETE", _path(client, session, "/key"))
    tell(f"the key of session {session} is revoked", {"session_id": session, "revoked": True}, as_json=as_json)


def _path(client: ApiClient, session: str, rest: str = "") -> str:
    return client.path("/api/sessions/{}", session) + rest


def _line(session: dict[str, Any]) -> dict[str, Any]:
    """A line of a table."""
    return {
        "session": session["session_id"],
        "status": session["status"],
        "agent": session["agent"],
        "last used": moment(session["touched_at"]),
        "about": cut(session.get("title") or "", _SHOWN),
        "forked from": session["forked_from"],
    }
