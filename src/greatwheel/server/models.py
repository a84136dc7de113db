"""The models of a worker: each opened once, when it is first asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection

from greatwheel.core.errors import BadInput, ModelNotFound
from greatwheel.llm.port import ChatModel

Opener = Callable[[str | None], Awaitable[ChatModel]]


class ModelPool:
    """Opens models by name. Two kinds of callers ask: definitions, which admins make, and guests, who are hostile."""

    def __init__(self, opener: Opener, default: str | None, *, allowed: Collection[str] = ()) -> None:
        self._opener = opener
        self._default = default
        self._allowed = frozenset(allowed)
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

    async def close(self) -> None:
        """Close all."""
        models, self._open = list(self._open.values()), {}
        for model in models:
            await model.close()
