"""The held-out families by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from greatwheel.bench.longcontext.families.held_out import (
    access,
    ancestry,
    catalogue,
    charnames,
    docstrings,
    judging,
    ledger,
    minutes,
    settings,
)
from greatwheel.bench.longcontext.task import Generator

HELD_OUT_GENERATORS: Mapping[str, Generator] = MappingProxyType(
    {
        "ledger": ledger.ledger,
        "access": access.access,
        "settings": settings.settings,
        "charnames": charnames.charnames,
        "docstrings": docstrings.docstrings,
        "minutes": minutes.minutes,
        "catalogue": catalogue.catalogue,
        "ancestry": ancestry.ancestry,
        "judge_language": judging.judge_language,
    }
)
"""By name."""
