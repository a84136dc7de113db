"""Checks of the sandbox engines: each runs a block."""

from __future__ import annotations

import time
from collections.abc import Sequence

from greatwheel.core.errors import GreatwheelError
from greatwheel.sandbox.port import Finished, Limits
from greatwheel.server.checkup.finding import Finding, fail, ok, warn
from greatwheel.server.composition import open_engine

_BLOCK = "found = sum(n * n for n in range(10))\nassert found == 285\nprint(found)"


async def engine(name: str, *, chosen: bool) -> Sequence[Finding]:
    """Whether that engine starts and runs a block; one that nobody chose only warns."""
    check, begun = f"sandbox {name}", time.perf_counter()
    wrong = await _tried(name)
    if wrong is None:
        return [ok(check, f"ran a block, {time.perf_counter() - begun:.1f} s with its start")]
    remedy = "Install Greatwheel's dependencies again, or choose another: [sandbox] engine."
    return [(fail if chosen else warn)(check, wrong, remedy)]


async def _tried(name: str) -> str | None:
    """What went wrong; None when nothing did."""
    try:
        opened = open_engine(name)
        try:
            session = await opened.open(host_functions=frozenset(), limits=Limits())
            event = await session.run(_BLOCK)
            await session.close()
        finally:
            await opened.close()
    except (GreatwheelError, ImportError, OSError) as error:
        return " ".join(str(error).split())
    if isinstance(event, Finished) and event.stdout == "285\n":
        return None
    return f"a block went wrong: {type(event).__name__}"
