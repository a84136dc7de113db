"""What Monty's guests see of time and chance. Monty asks the host for both, so a dump binds a session to neither."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from pydantic_monty import ExternalSettledResult, OSPolicy

from greatwheel.sandbox.port import CLOCK_STEP, World

POLICY: OSPolicy = {"sleep": "zero", "datetime": "call_host", "random_start": "call_host"}
"""What a session asks the host for. A dump keeps it, whatever the session that loads it was opened with."""
_LARGEST_DRAW = 2**20
"""Bytes of one `os.urandom`; the start of a generator takes 2,496."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class MontyWorld:
    """Answers a session's questions: from its world and from what it asked before, or from this machine."""

    def __init__(self, world: World | None) -> None:
        self.world = world
        self.draws = 0
        """How often the session drew entropy."""
        self.clock = 0
        """The last reading, in microseconds since 1970."""

    def answer(self, function: str, args: tuple[Any, ...]) -> ExternalSettledResult | None:
        """What the function gives; None for one that is not about time or chance."""
        match function, args:
            case "os.urandom", (int(size),):
                return self._entropy(size)
            case "time.time", _:
                return {"return_value": self._now().timestamp()}
            case "datetime.now", (zone, *_):
                return {"return_value": _in_zone(self._now(), zone)}
            case "date.today", _:
                return {"return_value": self._now().date()}
        return None

    def _now(self) -> datetime:
        """This moment in UTC. In a world, the clock only moves on when it is read or when the world's `now` does."""
        if self.world is None:
            return datetime.now(UTC)
        self.clock = max((self.world.now - _EPOCH) // _MICROSECOND, self.clock + CLOCK_STEP // _MICROSECOND)
        return _EPOCH + timedelta(microseconds=self.clock)

    def _entropy(self, size: int) -> ExternalSettledResult:
        if size > _LARGEST_DRAW:
            return {"exc_type": "MemoryError", "message": f"os.urandom gives at most {_LARGEST_DRAW} bytes"}
        if self.world is None:
            return {"return_value": os.urandom(size)}
        self.draws += 1
        return {"return_value": hashlib.shake_256(f"{self.world.seed} {self.draws}".encode()).digest(size)}


def _in_zone(now: datetime, zone: tzinfo | None) -> datetime:
    return now.replace(tzinfo=None) if zone is None else now.astimezone(zone)
