"""`greatwheel memories`: what agents remember."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from greatwheel.channels.cli.reach import Where, placed, reached
from greatwheel.channels.cli.rows import JsonOption, cut, moment, show, tell
from greatwheel.channels.cli.suggestions import agent_names
from greatwheel.channels.cli.terminal import read_piped
from greatwheel.channels.http.routes.memory import ScopeName
from greatwheel.memory.services import MOST_RECALLED

memories_app = typer.Typer(help="Look at what agents remember, add to it, forget it.", no_args_is_help=True)

ScopeOption = Annotated[
    ScopeName | None, typer.Option(help="Whose; without, yours, or what --agent or --session says.")
]
AgentOption = Annotated[
    str | None, typer.Option(help="What this agent has of all its users.", autocompletion=agent_names)
]
SessionOption = Annotated[str | None, typer.Option(help="What is kept for this session.")]
LimitOption = Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")]
MemoryArgument = Annotated[str, typer.Argument(metavar="KEY", help="What it is remembered under.")]
_PATH = "/api/memory"
_SHOWN = 100


@memories_app.command("list")
@placed
def list_memories(
    where: Where,
    scope: ScopeOption = None,
    agent: AgentOption = None,
    session: SessionOption = None,
    limit: LimitOption = 50,
    as_json: JsonOption = False,
) -> None:
    """Show memories, newest first."""
    query = _place(scope, agent, session) | {"limit": min(limit, MOST_RECALLED)}
    with reached(where) as client:
        found = client.pages(_PATH, query, most=limit)
    rows = [_line(memory) | {"stored": moment(memory["updated_at"])} for memory in found]
    show(found if as_json else rows, as_json=as_json)


@memories_app.command("recall")
@placed
def recall(
    where: Where,
    query: Annotated[str, typer.Argument(help="What it is to be about.")],
    scope: ScopeOption = None,
    agent: AgentOption = None,
    session: SessionOption = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_RECALLED, help="How many at most.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show the memories that answer a query best, the best first."""
    asked = _place(scope, agent, session) | {"query": query, "limit": limit}
    with reached(where) as client:
        found = client.pages(_PATH, asked, most=limit)
    rows = [_line(memory) | {"score": f"{memory['score']:.3g}"} for memory in found]
    show(found if as_json else rows, as_json=as_json)


@memories_app.command("store")
@placed
def store(
    where: Where,
    name: MemoryArgument,
    value: Annotated[str, typer.Argument(metavar="VALUE|-", help="A text; - reads it from standard input.")],
    scope: ScopeOption = None,
    agent: AgentOption = None,
    session: SessionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remember a text; it replaces what was known under its key."""
    text = read_piped() if value == "-" else value
    with reached(where) as client:
        client.call("POST", _PATH, _place(scope, agent, session) | {"key": name, "value": text})
    tell(f"{name} is remembered", {"key": name, "stored": True}, as_json=as_json)


@memories_app.command("forget")
@placed
def forget(
    where: Where,
    name: MemoryArgument,
    scope: ScopeOption = None,
    agent: AgentOption = None,
    session: SessionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forget what is known under a key."""
    with reached(where) as client:
        client.call("DELETE", client.path(_PATH + "/{}", name), query=_place(scope, agent, session))
    tell(f"{name} is forgotten", {"key": name, "forgotten": True}, as_json=as_json)


def _place(scope: ScopeName | None, agent: str | None, session: str | None) -> dict[str, Any]:
    """Where the memories are, as the API has it; an agent or a session is a scope by itself."""
    if scope is None:
        scope = "agent" if agent is not None else "session" if session is not None else "user"
    return {"scope": scope, "agent": agent, "session": session}


def _line(memory: dict[str, Any]) -> dict[str, Any]:
    """A line of a table, but for what differs."""
    return {"key": memory["key"], "value": cut(memory["value"], _SHOWN)}
