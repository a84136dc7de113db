"""Known gaps of each engine: what a guest's author meets, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Gap:
    """One thing that an engine does not do as CPython does."""

    feature: str
    symptom: str
    instead: str


MONTY: tuple[Gap, ...] = ()

OUROS: tuple[Gap, ...] = ()
