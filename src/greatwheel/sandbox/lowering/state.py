"""What lowering remembers of a session, and what it knows of one block."""

from __future__ import annotations

import ast
import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from greatwheel.sandbox.lowering import guest
from greatwheel.sandbox.lowering.facts import Facts


@dataclass(kw_only=True, slots=True)
class ClassFacts:
    """What later blocks must know of a class that the guest defined."""

    bases: tuple[str, ...] = ()
    """Names of its known ancestors, nearest first."""
    members: tuple[str, ...] = ()
    """Names that its body bound, those of its ancestors included."""
    kind: str = "plain"
    """plain, exception, enum, namedtuple or dataclass."""
    properties: tuple[str, ...] = ()
    """Members read through a getter."""
    error: str = ""
    """The nearest built-in exception, of an exception class."""
    fields: tuple[str, ...] = ()
    """Dataclass or named tuple fields, in order."""
    cooperative: bool = False
    """Whether a method calls `super()`, which is bound to one ancestor when the class is lowered."""
    field_sources: tuple[str, ...] = ()
    """Their statements."""


@dataclass(kw_only=True, slots=True)
class State:
    """Session-wide knowledge; plain data, so that it travels in the session's dump."""

    engine: str
    names: dict[str, None] = field(default_factory=dict)
    """Module-level names bound so far, oldest first."""
    host_names: tuple[str, ...] = ()
    """Host functions by their guest names: `llm_query`, `llm.complete`."""
    calling_host: set[str] = field(default_factory=set)
    """The guest's functions, methods and variables whose call may reach a host function."""
    classes: dict[str, ClassFacts] = field(default_factory=dict)
    specials: set[str] = field(default_factory=set)
    """Features that some earlier block brought into play (a class with `__len__`), for which every later block must
    be lowered."""
    loaded: set[str] = field(default_factory=set)
    """Setups (polyfills) that the session has run."""
    deleted: set[str] = field(default_factory=set)
    """Module-level names that the guest deleted and has not bound again."""
    attributes: dict[str, None] = field(default_factory=dict)
    """Attributes that the guest assigned on objects, oldest first."""

    def become(self, other: State) -> None:
        """Know what the other knows, and nothing else."""
        for each in fields(self):
            setattr(self, each.name, getattr(other, each.name))

    def to_json(self) -> str:
        """The state as text for the header of a dump."""
        data = asdict(self)
        for key in ("calling_host", "specials", "loaded", "deleted"):
            data[key] = sorted(data[key])
        data["names"], data["attributes"] = list(self.names), list(self.attributes)
        return json.dumps(data, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> State:
        """Inverse of `to_json`; ValueError, KeyError or TypeError when it isn't one."""
        data: dict[str, Any] = json.loads(text)
        classes = {name: _class_facts(entry) for name, entry in data.pop("classes").items()}
        names, attributes = dict.fromkeys(data.pop("names")), dict.fromkeys(data.pop("attributes"))
        hosts = tuple(data.pop("host_names"))
        sets = {key: set(data.pop(key)) for key in ("calling_host", "specials", "loaded", "deleted")}
        engine = str(data.pop("engine"))
        return cls(engine=engine, names=names, attributes=attributes, host_names=hosts, classes=classes, **sets)


def _class_facts(entry: dict[str, Any]) -> ClassFacts:
    parts: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return ClassFacts(**parts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Setup:
    """Guest source that must have run once in the session before the block."""

    name: str
    source: str


@dataclass(kw_only=True, slots=True)
class Block:
    """One block on its way through the passes."""

    source: str
    tree: ast.Module
    facts: Facts
    """Of the tree as the guest wrote it; passes don't update it."""
    state: State
    setups: list[Setup] = field(default_factory=list)
    changed: bool = False
    """Set by a pass that rewrote something."""

    def require_guest(self, *names: str) -> None:
        """Have the sources `guest/<name>.py` run in the session before this block."""
        for name in names:
            self.require(f"guest.{name}", guest.source(name))

    def require(self, name: str, source: str) -> None:
        """Have `source` run in the session before this block, unless a setup of that name has run already."""
        if name not in self.state.loaded and all(setup.name != name for setup in self.setups):
            self.setups.append(Setup(name=name, source=source))
