"""agents.toml as the processes that follow it see it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from greatwheel.core.errors import BadInput
from greatwheel.registry.agents import DefineAgent
from greatwheel.registry.definitions import parse_agents, read_text


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What the file said at a moment."""

    text: str
    orders: Sequence[DefineAgent]


class AgentsFile:
    """The file of the operator's own agents."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._models: frozenset[str] = frozenset()
        self.taken: str | None = None
        """The text that this process has taken in for every organisation."""

    def read(self) -> Reading:
        """What it says now.

        Raises:
            BadInput: it can't be read, or one of its entries is wrong; one line.
        """
        text = read_text(self._path)
        orders = parse_agents(text, name=str(self._path))
        self._models = frozenset(order.model for order in orders if order.model is not None)
        return Reading(text=text, orders=orders)

    def has_news(self) -> bool:
        """Whether it says something else than what was taken in last. Raises BadInput when it can't be read."""
        return read_text(self._path) != self.taken

    def still_says(self, text: str) -> bool:
        """Whether nobody has changed it since it said this."""
        try:
            return read_text(self._path) == text
        except BadInput:
            return False

    def models(self) -> Collection[str]:
        """The models that its agents have; while it is wrong, those that they had before."""
        with suppress(BadInput):
            self.read()
        return self._models
