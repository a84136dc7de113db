"""Hears when a caller's tools change: agents come and go, or are described anew.

It looks now and then, so nothing that changes an agent needs to know of who listens.
"""

from __future__ import annotations

import math
import time
from collections.abc import AsyncGenerator

import anyio

from greatwheel.channels.mcp.port import Wheel
from greatwheel.core.errors import GreatwheelError

LOOK_SECONDS = 3.0
"""From one look to the next."""


async def changes(
    wheel: Wheel, look_seconds: float = LOOK_SECONDS, most_seconds: float = math.inf
) -> AsyncGenerator[None]:
    """One for each change that is seen from now on, until the server stops or refuses the caller."""
    until = time.monotonic() + most_seconds
    known = None
    while time.monotonic() < until and not wheel.stopping:
        try:
            now = {(agent["name"], agent["description"]) for agent in await wheel.agents()}
        except GreatwheelError as error:
            if not error.retryable:
                return
        else:
            if known not in (None, now):
                yield
            known = now
        await anyio.sleep(look_seconds)
