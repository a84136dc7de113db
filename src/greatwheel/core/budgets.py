"""What a run may use at most."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """Hard limits of one run and of everything it starts, children included."""

    tokens: int = 200_000
    """Prompt and completion tokens of all model calls."""
    model_calls: int = 200
    seconds: float = 900.0
    """Wall-clock time of the run."""
    depth: int = 2
    """Levels of child loops below this run; 0 forbids `rlm_query`."""
    steps: int = 10
    """Steps of each loop (a child has its own count)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BudgetLeft:
    """What is left, as `budget()` tells the guest."""

    tokens: int
    model_calls: int
    seconds: float
    depth: int
    steps: int
