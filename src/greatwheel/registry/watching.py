"""The loops behind `Registry.watch`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress

from watchfiles import awatch

from greatwheel.core.errors import BadInput, GreatwheelError
from greatwheel.registry.folder import AgentFolder

_LOG = logging.getLogger("greatwheel.registry")
_PAUSE_MS = 500
"""How often the watcher looks up from waiting: to stop, or to try again what failed."""


class Watching:
    """Two loops that end when they are told to."""

    def __init__(
        self,
        *,
        folder: AgentFolder,
        follow_definitions: Callable[[], Awaitable[None]],
        follow_files: Callable[[Collection[str] | None], Awaitable[None]],
        follow_git: Callable[[], Awaitable[None]],
        git_interval: float,
    ) -> None:
        self._folder = folder
        self._follow_definitions = follow_definitions
        self._follow_files = follow_files
        self._follow_git = follow_git
        self._git_interval = git_interval

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until `stop` is set. Everything is looked at once at the start: it may have changed before."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._files(stop))
            group.create_task(self._repositories(stop))

    async def _files(self, stop: asyncio.Event) -> None:
        if not self._folder.path.is_dir():
            _LOG.warning("there is no folder %s; agents' files are not followed", self._folder.path)
            return
        pending: set[str] | None = None  # None: any file may have changed
        news = True  # agents.toml may have changed; it may be a link to what changed, so any change is looked at
        changes = awatch(self._folder.path, stop_event=stop, rust_timeout=_PAUSE_MS, yield_on_timeout=True)
        async for change in changes:
            if news or change:
                news = not await _done(self._follow_definitions())
            if pending is not None:
                pending |= self._named(path for _, path in change)
            if pending is None or pending:
                pending = set() if await _done(self._follow_files(pending)) else pending

    async def _repositories(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await _done(self._follow_git())
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._git_interval)

    def _named(self, paths: Iterable[str]) -> set[str]:
        found = set()
        for path in paths:
            with suppress(BadInput):  # no Python file
                found.add(self._folder.relative(path))
        return found


async def _done(following: Awaitable[None]) -> bool:
    """Whether everything was taken in; if not, for want of a database, say, it is tried again later."""
    try:
        await following
    except (GreatwheelError, OSError) as error:
        _LOG.warning("agents could not be followed: %s", error or type(error).__name__)
        return False
    return True
