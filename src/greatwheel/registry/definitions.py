"""Definitions as files and requests hold them, parsed and checked into orders.

agents.toml has one table per agent:

    [agents.research]
    file = "research.py"            # or source = '''…''', or git = "https://…" with path and revision; none: bare
    description = "Finds answers."
    model = "qwen2.5-coder:1.5b"    # these six may be left out
    engine = "monty"
    instructions = "Answer in one sentence."
    tools = ["*"]
    denied = ["delete_*"]
    budget = { tokens = 50000 }
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from greatwheel.core.errors import BadInput
from greatwheel.registry.agents import Bare, DefineAgent, EngineName, File, Git, Inline, Origin
from greatwheel.tenancy.permissions import parse_patterns


def _permission(pattern: str) -> str:
    try:
        parse_patterns([pattern])
    except BadInput as error:
        raise ValueError(str(error).removesuffix(".")) from error  # what pydantic tells of
    return pattern


_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_Pattern = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:*-]{1,100}$"), AfterValidator(_permission)]
_Text = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BudgetEntry(_Strict):
    """What a task of the agent may use; fields that are left out are the installation's."""

    tokens: int | None = Field(default=None, ge=0)
    model_calls: int | None = Field(default=None, ge=0)
    seconds: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    depth: int | None = Field(default=None, ge=0, le=100)
    steps: int | None = Field(default=None, ge=1)


class AgentEntry(_Strict):
    """One agent as TOML or JSON describes it."""

    file: _Text | None = None
    source: str | None = None
    git: _Text | None = None
    path: _Text | None = None
    revision: _Text | None = None
    description: str = Field(default="", max_length=10_000)
    model: _Text | None = None
    engine: EngineName | None = None
    instructions: str = Field(default="", max_length=20_000)
    tools: tuple[_Pattern, ...] = ("*",)
    denied: tuple[_Pattern, ...] = ()
    budget: BudgetEntry = BudgetEntry()

    @model_validator(mode="after")
    def _one_source(self) -> AgentEntry:
        given = [key for key in ("file", "source", "git") if getattr(self, key) is not None]
        if len(given) > 1:
            raise ValueError(f"takes one of {' and '.join(given)}, not both")
        if self.git is not None and self.path is None:
            raise ValueError("git needs path, the file inside the repository")
        if self.git is None and (self.path is not None or self.revision is not None):
            raise ValueError("path and revision belong to git; a file in the folder of agents is file = …")
        return self

    @property
    def origin(self) -> Origin:
        """Where the code comes from."""
        if self.file is not None:
            return File(path=self.file)
        if self.source is not None:
            return Inline(source=self.source)
        if self.git is not None and self.path is not None:
            return Git(repository=self.git, path=self.path, revision=self.revision or "HEAD")
        return Bare()


def parse_agent(name: str, data: Any) -> DefineAgent:
    """The order that a table, or a request's body, describes.

    Raises:
        BadInput: one line that names the agent, the key and what is wrong with it.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"{name[:80]!r} can't be an agent's name: use up to 63 letters, digits, _ and -, beginning with a letter."
        )
    if not isinstance(data, Mapping):
        raise BadInput(f"Agent {name} must be a table of keys.")
    try:
        entry = AgentEntry.model_validate(dict(data))
    except ValidationError as error:
        raise BadInput(f"Agent {name}: {_faults(error)}.") from error
    return DefineAgent(
        name=name,
        origin=entry.origin,
        description=entry.description,
        model=entry.model,
        engine=entry.engine,
        instructions=entry.instructions,
        tools=entry.tools,
        denied=entry.denied,
        budget=entry.budget.model_dump(exclude_none=True),
    )


def parse_agents(text: str, *, name: str = "agents.toml") -> Sequence[DefineAgent]:
    """The orders of a file's text; raises as `parse_agent`, with the file's name first."""
    try:
        data = tomllib.loads(text)
        unknown = set(data) - {"agents"}
        if unknown:
            raise BadInput(f"{min(unknown)!r} is not a key of this file; each agent is a table [agents.NAME].")
        tables = data.get("agents", {})
        if not isinstance(tables, dict):
            raise BadInput("agents must be tables, [agents.NAME] each.")
        return [parse_agent(agent, table) for agent, table in tables.items()]
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{name} is not TOML: {error}.") from error
    except BadInput as error:
        raise BadInput(f"{name}: {error}") from error


def read_agents(path: Path) -> Sequence[DefineAgent]:
    """The orders of a file; raises as `parse_agents`."""
    return parse_agents(read_text(path), name=str(path))


def read_text(path: Path) -> str:
    """The text of a file; BadInput when it can't be had."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not text in UTF-8.") from error


def _faults(error: ValidationError) -> str:
    return "; ".join(_told(error))


def _told(error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_url=False, include_input=False):
        place = [str(part) for part in fault["loc"]]
        where = ".".join(place)
        if fault["type"] == "extra_forbidden":
            fields = BudgetEntry.model_fields if place[0] == "budget" else AgentEntry.model_fields
            near = difflib.get_close_matches(place[-1], fields, n=1)
            yield f"unknown key {where}" + (f"; did you mean {near[0]}?" if near else f" (known: {', '.join(fields)})")
        else:
            reason = str(fault["msg"]).removeprefix("Value error, ").splitlines()[0]
            yield f"{where}: {reason}" if where else reason
