"""`greatwheel agents`: an organisation's agents and the versions of their code."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from greatwheel.channels.cli.client import ApiClient
from greatwheel.channels.cli.reach import ConfigOption, Where, placed, reached
from greatwheel.channels.cli.rows import JsonOption, Row, moment, print_json, show, tell
from greatwheel.channels.cli.suggestions import agent_names
from greatwheel.channels.cli.tenants import OrgOption as LocalOrgOption
from greatwheel.channels.cli.tenants import with_database
from greatwheel.channels.cli.terminal import safe
from greatwheel.channels.cli.watching import InstructionsOption, instructions_of
from greatwheel.core.errors import BadInput, NotFound
from greatwheel.database.database import Database
from greatwheel.registry.definitions import parse_agent
from greatwheel.registry.registry import Loaded
from greatwheel.server.agents import registry_of
from greatwheel.server.settings import load_settings
from greatwheel.tenancy import orgs
from greatwheel.tenancy.first_start import FIRST_ORG

agents_app = typer.Typer(help="Define agents, and look at the versions of their code.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The agent's name.", autocompletion=agent_names)]
_PATH = "/api/agents/{}"
_SHOWN = (
    "name", "agent_id", "code", "version", "description",
    "model", "engine", "instructions", "tools", "denied", "budget",
)  # fmt: skip


@agents_app.command("list")
@placed
def list_agents(
    where: Where,
    as_json: JsonOption = False,
) -> None:
    """Show the agents of an organisation."""
    with reached(where) as client:
        agents = client.pages("/api/agents")
    show(agents if as_json else [_line(agent) for agent in agents], as_json=as_json)


@agents_app.command("show")
@placed
def show_agent(
    where: Where,
    name: NameArgument,
    version: Annotated[int | None, typer.Option("--version", help="Another than the current version.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show an agent's definition and its code."""
    with reached(where) as client:
        agent = client.call("GET", client.path(_PATH, name))
        shown = _version(client, name, version or agent["current_version"])
    if as_json:
        print_json({**agent, "version": shown})
        return
    told = agent | {"code": _place(agent), "version": _version_line(shown)}
    for field in _SHOWN:
        value = told[field]
        print(safe(f"{field}: {' '.join(value) if isinstance(value, list) else value or ''}").rstrip())
    print(safe(f"\n{shown['source']}") if shown["source"] else "\n(no code: the loop alone)")


@agents_app.command("versions")
@placed
def list_versions(
    where: Where,
    name: NameArgument,
    as_json: JsonOption = False,
) -> None:
    """Show the versions of an agent's code, newest first."""
    with reached(where) as client:
        versions = client.pages(client.path(_PATH, name) + "/versions")
    rows = [
        {
            "version": each["version"],
            "made": moment(each["created_at"]),
            "trigger": each["trigger"],
            "from": each["note"],
            "sha256": each["sha256"][:12],
        }
        for each in versions
    ]
    show(versions if as_json else rows, as_json=as_json)


@agents_app.command("diff")
@placed
def diff_versions(
    where: Where,
    name: NameArgument,
    old: Annotated[int | None, typer.Argument(help="A version; the one before the newer if left out.")] = None,
    new: Annotated[int | None, typer.Argument(help="A newer one; the current one if left out.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what changed from one version to another."""
    with reached(where) as client:
        newer = new or int(client.call("GET", client.path(_PATH, name))["current_version"])
        if old is None and newer == 1:
            raise NotFound(f"Agent {name} has no version before version 1.")
        before, after = (_version(client, name, number) for number in (old or newer - 1, newer))
    titles = [f"{name} version {each['version']}" for each in (before, after)]
    first, second = before["source"].splitlines(), after["source"].splitlines()
    lines = list(difflib.unified_diff(first, second, titles[0], titles[1], lineterm=""))
    if as_json:
        print_json({"from": before["version"], "to": after["version"], "diff": lines})
    else:
        print(safe("\n".join(lines) or f"{titles[0]} and {titles[1]} have the same code."))


@agents_app.command("rollback")
@placed
def rollback_agent(
    where: Where,
    name: NameArgument,
    version: Annotated[int, typer.Argument(help="The version whose code it shall have again.")],
    as_json: JsonOption = False,
) -> None:
    """Give an agent the code of an old version, as a new version."""
    with reached(where) as client:
        made = client.call("PUT", client.path(_PATH, name) + "/rollback", query={"version": version})
    tell(f"agent {name} is at version {_version_line(made)}", made, as_json=as_json)


@agents_app.command("define")
@placed
def define_agent(
    where: Where,
    name: NameArgument,
    file: Annotated[str | None, typer.Option(help="A file in the folder of agents.")] = None,
    source: Annotated[str | None, typer.Option(metavar="FILE|-", help="A file to take the code from, once.")] = None,
    git: Annotated[str | None, typer.Option(help="A repository: https://…, ssh://… or a path.")] = None,
    path: Annotated[str | None, typer.Option(help="The file inside the repository.")] = None,
    revision: Annotated[str | None, typer.Option(help="A branch, tag or whole commit id; HEAD if left out.")] = None,
    bare: Annotated[bool, typer.Option("--bare", help="No code: the loop alone.")] = False,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    model: Annotated[str | None, typer.Option(help="The model it uses.")] = None,
    engine: Annotated[str | None, typer.Option(help="monty or ouros.")] = None,
    instructions: InstructionsOption = None,
    tool: Annotated[list[str] | None, typer.Option(help="A pattern of what it may call; may be repeated.")] = None,
    deny: Annotated[list[str] | None, typer.Option(help="A pattern of what it may not call; may be repeated.")] = None,
    budget: Annotated[list[str] | None, typer.Option(metavar="KEY=N", help="As tokens=5000; may be repeated.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make an agent, or change the one of that name. What no option says stays as it is."""
    text = None if source is None else _read_source(source)
    code = {"file": file, "source": text, "git": git, "path": path, "revision": revision}
    if bare and any(value is not None for value in code.values()):
        raise BadInput("--bare means no code; give it, or where the code is, not both.")
    others = {
        "description": description,
        "model": model,
        "engine": engine,
        "instructions": instructions_of(instructions),
        "tools": tool,
        "denied": deny,
        "budget": None if budget is None else _budget(budget),
    }
    new_code = bare or any(value is not None for value in code.values())

    with reached(where) as client:
        before = _before(client, name, with_code=not new_code)
        given = {field: value for field, value in (code | others).items() if value is not None}
        order = {**(before or {}), **given}
        parse_agent(name, order)  # its faults are told by the options' names
        if before is None:
            agent = client.call("POST", "/api/agents", order | {"name": name})
        else:
            agent = client.call("PUT", client.path(_PATH, name), order)
    tell(f"agent {name} is at version {agent['current_version']} ({_place(agent)})", agent, as_json=as_json)


@agents_app.command("remove")
@placed
def remove_agent(
    where: Where,
    name: NameArgument,
    as_json: JsonOption = False,
) -> None:
    """Take an agent away. Its running tasks end as they began."""
    with reached(where) as client:
        client.call("DELETE", client.path(_PATH, name))
    tell(f"agent {name} is removed", {"name": name, "removed": True}, as_json=as_json)


@agents_app.command("sync")
@placed
def sync_agent(
    where: Where,
    name: NameArgument,
    as_json: JsonOption = False,
) -> None:
    """Read an agent's file or repository now."""
    with reached(where) as client:
        agent = client.call("POST", client.path(_PATH, name) + "/sync")
        made = _version(client, name, agent["current_version"])
    tell(f"agent {name} is at version {_version_line(made)}", made, as_json=as_json)


@agents_app.command("load")
def load_file(org: LocalOrgOption = FIRST_ORG, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Bring an organisation of this installation up to date with agents.toml, as every start of the server does."""
    settings = load_settings(config)

    async def work(database: Database) -> Sequence[Loaded]:
        org_id = (await orgs.find(database, org)).org_id
        return await registry_of(settings, database).load([org_id])

    loaded = with_database(config, work)
    if as_json:
        print_json([asdict(each) for each in loaded])
    else:
        for each in loaded:
            print(safe(f"{each.name}: {each.outcome}" + (f" ({each.reason})" if each.reason else "")))
    if any(each.outcome == "refused" for each in loaded):
        raise typer.Exit(BadInput.exit_code)


def _before(client: ApiClient, name: str, *, with_code: bool) -> dict[str, Any] | None:
    """The definition as agents.toml would have it, with or without where its code is; None when there is none."""
    try:
        agent = client.call("GET", client.path(_PATH, name))
    except NotFound:
        return None
    keys = ("description", "model", "engine", "instructions", "tools", "denied", "budget")
    told: dict[str, Any] = {key: agent[key] for key in keys if agent[key] is not None}
    if not with_code:
        return told
    place = agent["location"]
    match agent["source_kind"]:
        case "inline":
            return told | {"source": _version(client, name, agent["current_version"])["source"]}
        case "file":
            return told | {"file": place["path"]}
        case "git":
            return told | {"git": place["repository"], "path": place["path"], "revision": place["revision"]}
        case _:
            return told


def _version(client: ApiClient, name: str, number: int) -> dict[str, Any]:
    found: dict[str, Any] = client.call("GET", client.path(_PATH, name) + f"/versions/{number}")
    return found


def _line(agent: dict[str, Any]) -> Row:
    """A line of a table."""
    return {
        "name": agent["name"],
        "version": agent["current_version"],
        "code": _place(agent),
        "model": agent["model"],
        "tools": agent["tools"],
        "description": agent["description"],
    }


def _read_source(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{file} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{file} is not text in UTF-8.") from error


def _budget(pairs: list[str]) -> dict[str, float]:
    found = {}
    for pair in pairs:
        key, _, number = pair.partition("=")
        try:
            found[key] = float(number) if "." in number else int(number)
        except ValueError:
            raise BadInput(f"{pair!r} is no part of a budget; write it as tokens=5000.") from None
    return found


def _place(agent: dict[str, Any]) -> str:
    place = agent["location"]
    match agent["source_kind"]:
        case "file":
            return str(place["path"])
        case "git":
            return f"{place['repository']} {place['path']} at {place['revision']}"
        case kind:
            return str(kind)


def _version_line(version: dict[str, Any]) -> str:
    note = f", {version['note']}" if version["note"] else ""
    return f"{version['version']} ({version['trigger']}{note}, {moment(version['created_at']):%Y-%m-%d %H:%M})"
