"""`greatwheel agents`: an organisation's agents and the versions of their code."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from greatwheel.channels.cli.tenants import ConfigOption, JsonOption, OrgOption, show, with_database
from greatwheel.channels.cli.terminal import safe
from greatwheel.core.errors import BadInput, NotFound
from greatwheel.core.ids import OrgId
from greatwheel.database.database import Database
from greatwheel.registry.agents import Agent, AgentVersion
from greatwheel.registry.definitions import parse_agent
from greatwheel.registry.registry import Registry
from greatwheel.server.agents import load_agents, registry_of
from greatwheel.server.settings import Settings, load_settings
from greatwheel.tenancy import orgs
from greatwheel.tenancy.first_start import FIRST_ORG

agents_app = typer.Typer(help="Define agents, and look at the versions of their code.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The agent's name.")]
_Result = TypeVar("_Result")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Desk:
    """What a command works with."""

    settings: Settings
    registry: Registry
    org_id: OrgId


def _at_desk(config: Path | None, org: str, work: Callable[[_Desk], Awaitable[_Result]]) -> _Result:
    settings = load_settings(config)

    async def working(database: Database) -> _Result:
        org_id = (await orgs.find(database, org)).org_id
        return await work(_Desk(settings=settings, registry=registry_of(settings, database), org_id=org_id))

    return with_database(config, working)


@agents_app.command("list")
def list_agents(org: OrgOption = FIRST_ORG, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the agents of an organisation."""
    agents = _at_desk(config, org, lambda desk: desk.registry.list(desk.org_id))
    if as_json:
        _print_json([_agent_facts(agent) for agent in agents])
        return
    rows = [
        {
            "name": agent.name,
            "version": agent.current_version,
            "code": safe(_place(agent)),
            "model": safe(agent.model or ""),
            "tools": agent.tools,
            "description": safe(agent.description),
        }
        for agent in agents
    ]
    show(rows, as_json=False)


@agents_app.command("show")
def show_agent(
    name: NameArgument,
    version: Annotated[int | None, typer.Option("--version", help="Another than the current version.")] = None,
    org: OrgOption = FIRST_ORG,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an agent's definition and its code."""

    async def work(desk: _Desk) -> tuple[Agent, AgentVersion]:
        agent = await desk.registry.get(desk.org_id, name)
        return agent, await desk.registry.version(desk.org_id, name, version)

    agent, shown = _at_desk(config, org, work)
    if as_json:
        _print_json({**_agent_facts(agent), "version": _version_facts(shown, with_source=True)})
        return
    facts = _agent_facts(agent) | {"code": _place(agent), "version": _version_line(shown)}
    for key in ("name", "agent_id", "code", "version", "description", "model", "engine", "tools", "denied", "budget"):
        value = facts[key]
        print(safe(f"{key}: {' '.join(value) if isinstance(value, (list, tuple)) else value or ''}").rstrip())
    print(safe(f"\n{shown.source}") if shown.source else "\n(no code: the loop alone)")


@agents_app.command("versions")
def list_versions(
    name: NameArgument, org: OrgOption = FIRST_ORG, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Show the versions of an agent's code, newest first."""
    versions = _at_desk(config, org, lambda desk: desk.registry.versions(desk.org_id, name))
    if as_json:
        _print_json([_version_facts(each) for each in versions])
        return
    rows = [
        {
            "version": each.version,
            "made": each.created_at,
            "trigger": each.trigger,
            "from": safe(each.note),
            "sha256": each.digest.hex()[:12],
        }
        for each in versions
    ]
    show(rows, as_json=False)


@agents_app.command("diff")
def diff_versions(
    name: NameArgument,
    old: Annotated[int | None, typer.Argument(help="A version; the one before the newer if left out.")] = None,
    new: Annotated[int | None, typer.Argument(help="A newer one; the current one if left out.")] = None,
    org: OrgOption = FIRST_ORG,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what changed from one version to another."""

    async def work(desk: _Desk) -> tuple[AgentVersion, AgentVersion]:
        after = await desk.registry.version(desk.org_id, name, new)
        if old is None and after.version == 1:
            raise NotFound(f"Agent {name} has no version before version 1.")
        return await desk.registry.version(desk.org_id, name, old or after.version - 1), after

    before, after = _at_desk(config, org, work)
    titles = [f"{name} version {each.version}" for each in (before, after)]
    first, second = before.source.splitlines(), after.source.splitlines()
    lines = list(difflib.unified_diff(first, second, titles[0], titles[1], lineterm=""))
    if as_json:
        _print_json({"from": before.version, "to": after.version, "diff": lines})
    else:
        print(safe("\n".join(lines) or f"{titles[0]} and {titles[1]} have the same code."))


@agents_app.command("rollback")
def rollback_agent(
    name: NameArgument,
    version: Annotated[int, typer.Argument(help="The version whose code it shall have again.")],
    org: OrgOption = FIRST_ORG,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give an agent the code of an old version, as a new version."""
    made = _at_desk(config, org, lambda desk: desk.registry.rollback(desk.org_id, name, version))
    _print_version(name, made, as_json=as_json)


@agents_app.command("define")
def define_agent(
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
    tool: Annotated[list[str] | None, typer.Option(help="A pattern of what it may call; may be repeated.")] = None,
    deny: Annotated[list[str] | None, typer.Option(help="A pattern of what it may not call; may be repeated.")] = None,
    budget: Annotated[list[str] | None, typer.Option(metavar="KEY=N", help="As tokens=5000; may be repeated.")] = None,
    org: OrgOption = FIRST_ORG,
    config: ConfigOption = None,
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
        "tools": tool,
        "denied": deny,
        "budget": None if budget is None else _budget(budget),
    }
    new_code = bare or any(value is not None for value in code.values())

    async def work(desk: _Desk) -> Agent:
        before = await _before(desk, name, with_code=not new_code)
        given = {key: value for key, value in (code | others).items() if value is not None}
        order = parse_agent(name, {**(before or {}), **given})
        change = desk.registry.define if before is None else desk.registry.update
        return await change(desk.org_id, order)

    agent = _at_desk(config, org, work)
    if as_json:
        _print_json(_agent_facts(agent))
    else:
        print(f"agent {agent.name} is at version {agent.current_version} ({_place(agent)})")


@agents_app.command("remove")
def remove_agent(
    name: NameArgument, org: OrgOption = FIRST_ORG, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Take an agent away. Its running tasks end as they began."""
    _at_desk(config, org, lambda desk: desk.registry.remove(desk.org_id, name))
    if as_json:
        _print_json({"name": name, "removed": True})
    else:
        print(f"agent {name} is removed")


@agents_app.command("sync")
def sync_agent(
    name: NameArgument, org: OrgOption = FIRST_ORG, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Read an agent's file or repository now."""

    async def work(desk: _Desk) -> AgentVersion:
        await desk.registry.sync(desk.org_id, name)
        return await desk.registry.version(desk.org_id, name)

    _print_version(name, _at_desk(config, org, work), as_json=as_json)


@agents_app.command("load")
def load_file(org: OrgOption = FIRST_ORG, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Bring an organisation up to date with agents.toml, as every start of the server does."""
    loaded = _at_desk(config, org, lambda desk: load_agents(desk.settings, desk.registry, [desk.org_id]))
    if as_json:
        _print_json([asdict(each) for each in loaded])
    else:
        for each in loaded:
            print(safe(f"{each.name}: {each.outcome}" + (f" ({each.reason})" if each.reason else "")))
    if any(each.outcome == "refused" for each in loaded):
        raise typer.Exit(BadInput.exit_code)


async def _before(desk: _Desk, name: str, *, with_code: bool) -> dict[str, Any] | None:
    """The definition as agents.toml would have it, with or without where its code is; None when there is none."""
    try:
        agent = await desk.registry.get(desk.org_id, name)
    except NotFound:
        return None
    keys = ("description", "model", "engine", "tools", "denied", "budget")
    told: dict[str, Any] = {key: getattr(agent, key) for key in keys if getattr(agent, key) is not None}
    if not with_code:
        return told
    match agent.source_kind:
        case "bare":
            return told
        case "inline":
            return told | {"source": (await desk.registry.version(desk.org_id, name)).source}
        case "file":
            return told | {"file": agent.location["path"]}
        case "git":
            place = agent.location
            return told | {"git": place["repository"], "path": place["path"], "revision": place["revision"]}


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


def _place(agent: Agent) -> str:
    match agent.source_kind:
        case "file":
            return str(agent.location["path"])
        case "git":
            place = agent.location
            return f"{place['repository']} {place['path']} at {place['revision']}"
        case "bare" | "inline":
            return agent.source_kind


def _agent_facts(agent: Agent) -> dict[str, Any]:
    return asdict(agent) | {"created_at": agent.created_at.isoformat()}


def _version_facts(version: AgentVersion, *, with_source: bool = False) -> dict[str, Any]:
    facts = asdict(version) | {"digest": version.digest.hex(), "created_at": version.created_at.isoformat()}
    return facts if with_source else {key: value for key, value in facts.items() if key != "source"}


def _version_line(version: AgentVersion) -> str:
    note = f", {version.note}" if version.note else ""
    return f"{version.version} ({version.trigger}{note}, {version.created_at:%Y-%m-%d %H:%M})"


def _print_version(name: str, version: AgentVersion, *, as_json: bool) -> None:
    if as_json:
        _print_json(_version_facts(version))
    else:
        print(safe(f"agent {name} is at version {_version_line(version)}"))


def _print_json(facts: Any) -> None:
    print(json.dumps(facts, indent=2))
