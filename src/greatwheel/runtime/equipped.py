"""Sessions that hold the guest's tools.

Lowering and running the tools' source takes fifty milliseconds, loading a session that has run it two. So an engine's
first session is dumped, and the others are its copies.
"""

from __future__ import annotations

from dataclasses import replace
from weakref import WeakKeyDictionary

from greatwheel.runtime.guest_source import GUEST_TOOLS
from greatwheel.sandbox.port import Engine, Limits, SandboxSession, World

PREPARING_SECONDS = 60.0
"""For the tools' own block: they are not the guest's work."""

_DUMPS: WeakKeyDictionary[Engine, dict[Limits, bytes]] = WeakKeyDictionary()


async def open_equipped(engine: Engine, limits: Limits, world: World | None = None) -> SandboxSession:
    """A fresh session of the engine with the tools in it. The copies share no world: the tools are made without one."""
    dumps = _DUMPS.setdefault(engine, {})
    if limits not in dumps:
        dumps[limits] = await _prepared(engine, limits)
    return await engine.load(dumps[limits], limits=limits, world=world)


async def _prepared(engine: Engine, limits: Limits) -> bytes:
    session = await engine.open(limits=replace(limits, seconds=PREPARING_SECONDS))
    try:
        await session.run(GUEST_TOOLS)
        return await session.dump()
    finally:
        await session.close()
