"""The models of a worker: each opened once, when it is first asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence

from greatwheel.core.errors import BadInput, ModelNotFound
from greatwheel.llm.offered import OfferedModel
from greatwheel.llm.port import ChatModel

Opener = Callable[[str | None], Awaitable[ChatModel]]
Offered = Callable[[], Awaitable[Sequence[OfferedModel]]]


class ModelPool:
    """Opens models by name. Three kinds of callers ask: definitions, which admins make, users' orders, and guests.

    Neither of the last two may have whatever they name opened.
    """

    def __init__(
        self, opener: Opener, default: str | None, *, allowed: Collection[str] = (), offered: Offered | None = None
    ) -> None:
        self._opener = opener
        self._default = default
        self._allowed = frozenset(allowed)
        self._offered = offered
        self._open: dict[str | None, ChatModel] = {}
        self._opening = asyncio.Lock()

    async def trusted(self, name: str | None) -> ChatModel:
        """The model that a definition names; None: the installation's.

        Raises:
            BadInput, ModelError: it can't be opened.
        """
        name = name or self._default
        async with self._opening:
            if name not in self._open:
                self._open[name] = await self._opener(name)
            return self._open[name]

    async def named_by_guest(self, name: str | None) -> ChatModel:
        """The model that a guest names: the installation's, or one that the settings allow.

        Raises:
            ModelNotFound: it may not be used, or is not there.
        """
        default = await self.trusted(None)
        if name is None or name in (self._default, default.model, default.name):
            return default
        if name not in self._allowed:
            known = ", ".join(sorted({default.model, *self._allowed}))
            raise ModelNotFound(f"{name[:80]!r} is no model that agents may use here; there is {known}.")
        try:
            return await self.trusted(name)
        except BadInput as error:
            raise ModelNotFound(str(error)) from error

    async def ordered(self, name: str) -> ChatModel:
        """The model that a task's order names: one that the installation offers.

        Raises:
            ModelNotFound: it offers none of that name, or it is not on this machine.
        """
        default = await self.trusted(None)
        if name in (self._default, default.model, default.name):
            return default
        offered = [] if self._offered is None else [each.name for each in await self._offered()]
        if name not in offered:
            known = ", ".join(sorted({default.model, *offered}))
            raise ModelNotFound(f"{name[:80]!r} is no model that tasks may name here; there is {known}.")
        try:
            return await self.trusted(name)
        except BadInput as error:
            raise ModelNotFound(str(error)) from error

    async def close(self) -> None:
        """Close all."""
        models, self._open = list(self._open.values()), {}
        for model in models:
            await model.close()
