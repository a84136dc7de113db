"""Where a run stands at a boundary: what the loop needs, besides the session's dump, to go on from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from greatwheel.core.usage import Usage
from greatwheel.runtime.steps import Conversation

_GIVEN = frozenset({"opening", "prefills", "settings_history", "instructions"})
"""What a conversation is made with, and made with again."""


class TaskWaits(Exception):
    """A call waits for somebody else's answer: this attempt ends, and a later one goes on. Not an error."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Paused:
    """A block that waits in a host call; its session's dump waits there, too."""

    code: str
    """As it runs."""
    reply: str
    """As the model wrote it."""
    rebound: tuple[str, ...] = ()
    printed: str = ""
    """What it has printed so far."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LoopState:
    """A run at a boundary."""

    step: int = 0
    """The last step that was finished; with `paused`, the step under way."""
    calls: int = 0
    """Host calls so far; with `paused`, those before the ones that wait."""
    seconds: float = 0.0
    """Spent so far, waiting for others left out."""
    usage: Usage = field(default_factory=Usage)
    talk: Mapping[str, Any] = field(default_factory=dict)
    paused: Paused | None = None
    now: str | None = None
    """What its world's clock began at (ISO 8601), for the attempts that go on from here; None: the block waits, and
    they see the time of its waking."""

    def to_wire(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> LoopState:
        """From plain data."""
        paused = data["paused"]
        return cls(
            step=data["step"],
            calls=data["calls"],
            seconds=data["seconds"],
            usage=Usage(**data["usage"]),
            talk=data["talk"],
            paused=None if paused is None else Paused(**{**paused, "rebound": tuple(paused["rebound"])}),
            now=data["now"],
        )


def talk_state(talk: Conversation) -> dict[str, Any]:
    """What was said so far, as plain data."""
    return {each.name: _plain(getattr(talk, each.name)) for each in fields(talk) if each.name not in _GIVEN}


def restore_talk(talk: Conversation, state: Mapping[str, Any]) -> None:
    """Give a fresh conversation what was said so far."""
    for name, value in state.items():
        setattr(talk, name, value)


def _plain(value: Any) -> Any:
    """A copy: the conversation goes on while the state is on its way."""
    return value.copy() if isinstance(value, (list, dict, set)) else value
