"""What the MCP server asks of Greatwheel, on behalf of one caller.

1. Everything is the caller's: what is another organisation's, or another user's for a member, raises NotFound.
2. Facts are the JSON of the HTTP API: tasks as `TaskFacts`, questions as `QuestionFacts`.
3. Methods raise errors of `core.errors`, whose messages may be shown.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

Facts: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What an agent is to do."""

    agent: str
    input: str
    context: Any = None
    session_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """An event of the task."""

    id: int
    type: str
    data: Facts


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nothing happened for a moment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """The task has ended."""

    task: Facts


Happening: TypeAlias = Told | Quiet | Ended


class Wheel(Protocol):
    """See the module for the contract."""

    @property
    def stopping(self) -> bool:
        """The server stops: who is cut off now has not cancelled anything."""
        ...

    async def agents(self) -> Sequence[Facts]:
        """The agents that the caller may use, each with `name` and `description`."""
        ...

    async def submit(self, order: Order) -> Facts:
        """Queue a task; the task."""
        ...

    async def task(self, task_id: str) -> Facts:
        """A task of the caller's."""
        ...

    def watch(self, task_id: str, after: int) -> AsyncGenerator[Happening]:
        """What happens in a task after one of its events, `Quiet` about every second, at last `Ended`.

        It ends without `Ended` when the server stops, or after half an hour.
        """
        ...

    async def questions(self, task_id: str) -> Sequence[Facts]:
        """What the task, or one below it, asks people and waits for: each with `task_id`, `call`, `question`,
        `choices`."""
        ...

    async def answer(self, task_id: str, text: str, call: int | None) -> None:
        """Answer a question of that very task: the oldest one, unless its call is named.

        Raises:
            NotFound: it waits for no such answer (any more).
            BadInput: the answer is none of the choices.
        """
        ...

    async def cancel(self, task_id: str) -> None:
        """Stop a task and all below it. Raises Conflict: it has ended."""
        ...

    async def sessions(self, cursor: str | None) -> tuple[Sequence[Facts], str | None]:
        """A page of the caller's own sessions, newest first, and where the next begins."""
        ...

    async def session(self, session_id: str) -> Facts:
        """One of the caller's own sessions, with `history` and `variables`."""
        ...
