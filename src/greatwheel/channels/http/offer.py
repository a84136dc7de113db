"""What an installation offers to whoever gives it tasks, and what that costs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from greatwheel.llm.offered import OfferedModel

Models: TypeAlias = Callable[[], Awaitable[Sequence[OfferedModel]]]
_MILLION = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """What a model costs, per million tokens."""

    prompt: float = 0.0
    completion: float = 0.0

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """The cost of so many tokens."""
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / _MILLION


async def _none() -> Sequence[OfferedModel]:
    return ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """The models that tasks may name, and the prices that the settings give."""

    models: Models = _none
    prices: Mapping[str, Price] = field(default_factory=dict)
    """By the models' names, with or without `openai:` and the like."""
    currency: str = "USD"

    async def default(self) -> str | None:
        """The name of the model that does the tasks which name none; None: there is no model."""
        return next((model.name for model in await self.models() if model.default), None)

    def price(self, model: str | None) -> Price | None:
        """A model's price; None: it has none."""
        if model is None:
            return None
        return self.prices.get(model) or self.prices.get(_bare(model))


def _bare(model: str) -> str:
    """A model's name without what says where it is."""
    scheme, _, rest = model.partition(":")
    if scheme in ("ollama", "openai", "embedded"):
        return rest
    return model.partition("#")[2] or model if scheme in ("http", "https") else model
