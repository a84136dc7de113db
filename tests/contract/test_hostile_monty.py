"""Hostile programs on the monty engine."""

from __future__ import annotations

import pytest

from greatwheel.testing.contracts.hostile import HostileContract

pytestmark = pytest.mark.hostile


class TestHostileMonty(HostileContract):
    """Every program."""

    FACTORY = "greatwheel.sandbox.monty:MontyEngine"
