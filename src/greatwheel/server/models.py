"""The models of a worker: each opened once, when it is first asked for."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence

from greatwheel.core.errors import BadInput, ModelNotFound
from greatwheel.llm.offered import OfferedModel
from greatwheel.llm.port import ChatModel

Opener = Callable[[str | None], Awaitable[ChatModel]]
Offered = Callable[[], Awaitable[Sequence[OfferedModel]]]
Configured = Callable[[], Awaitable[Collection[str]]]


async def _none() -> Collection[str]:
    return ()


class ModelPool:
    """Opens models by name.

    A name comes from an agent's definition, which an organisation's admin writes, from a task's order or from a
    guest: none of them may have whatever address or file they like opened. What is open may be used; else it must be
    among what the installation offers, or what its operator configured agents with.
    """

    def __init__(
        self, opener: Opener, default: str | None, *, offered: Offered | None = None, configured: Configured = _none
    ) -> None:
        self._opener = opener
        self._default = default
        self._offered = offered
        self._configured = configured
        self._allowed: set[str] = set()
        self._open: dict[str | None, ChatModel] = {}
        self._opening: defaultdict[str | None, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def open(self, name: str | None) -> ChatModel:
        """The model of that name; None: the installation's.

        Raises:
            ModelNotFound: it may not be named, or is not there.
            ModelError: it can't be opened.
        """
        if name is None or name in self._open:
            return await self._opened(self._default if name is None else name)
        try:
            return await self._opened(await self._permitted(name))
        except BadInput as error:
            raise ModelNotFound(str(error)) from error

    def allow(self, name: str) -> None:
        """Let this model be named: the operator configured an agent with it."""
        self._allowed.add(name)

    async def close(self) -> None:
        """Close all."""
        models, self._open = list(self._open.values()), {}
        for model in models:
            await model.close()

    async def _permitted(self, name: str) -> str | None:
        """What to open for a name.

        Raises:
            ModelNotFound: it may not be named.
        """
        if name == self._default:
            return name
        offered = () if self._offered is None else await self._offered()
        for each in offered:
            if each.name == name:
                return self._default if each.default else name
        if name in self._allowed or name in await self._configured():
            return name
        default = await self._opened(self._default)
        if name in (default.model, default.name):
            return self._default
        known = ", ".join(sorted({default.model, *(each.name for each in offered)}))
        raise ModelNotFound(f"There is no model {name[:80]!r} that may be named here, only {known}.")

    async def _opened(self, name: str | None) -> ChatModel:
        if name in self._open:
            return self._open[name]
        async with self._opening[name]:  # who wants another model does not wait for this one's server
            if name not in self._open:
                self._open[name] = await self._opener(name)
            return self._open[name]
