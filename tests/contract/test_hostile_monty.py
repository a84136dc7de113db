"""Hostile programs on the monty engine."""

from __future__ import annotations

from greatwheel.testing.contracts.hostile import HostileContract


class TestHostileMonty(HostileContract):
    """Every program."""

    FACTORY = "greatwheel.sandbox.monty:MontyEngine"
