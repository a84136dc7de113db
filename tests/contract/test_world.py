"""The clause of the sandbox contract about time and chance, held by the lowered engines, and worlds themselves."""

from __future__ import annotations

from datetime import datetime

import pytest

from greatwheel.sandbox.port import World
from greatwheel.testing.contracts.sandbox_world import WorldClauses


@pytest.mark.asyncio(loop_scope="class")
class TestWorldOfLoweredMonty(WorldClauses):
    """On monty, under lowering."""

    FACTORY = "greatwheel.server.composition:open_engine:monty"


@pytest.mark.asyncio(loop_scope="class")
class TestWorldOfLoweredOuros(WorldClauses):
    """On ouros, under lowering."""

    FACTORY = "greatwheel.server.composition:open_engine:ouros"


def test_world_without_a_time_zone_is_refused() -> None:
    """A time without a zone would be another moment on another machine."""
    with pytest.raises(ValueError, match="time zone"):
        World(seed=1, now=datetime(2031, 5, 6))
