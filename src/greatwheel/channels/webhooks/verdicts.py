"""What becomes of a delivery after an attempt: decided from values to values."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from greatwheel.channels.webhooks.port import Attempt
from greatwheel.scheduler.retrying import Retrying

_LEAST = 1.0
"""Seconds that a receiver is left alone at least when it asks for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What to write."""

    state: Literal["pending", "done", "dead"]
    delay: float = 0.0
    """Seconds until the next attempt."""
    counts: bool = True
    """Whether the attempt is one of those that the delivery has."""


def verdict_of(attempt: Attempt, tries: int, retrying: Retrying, chance: random.Random) -> Verdict:
    """What an attempt means, which was the one of that number among those that count."""
    if attempt.error is None:
        return Verdict(state="done")
    if attempt.hopeless or attempt.unsubscribe:
        return Verdict(state="dead")
    asked = min(attempt.pause or 0.0, retrying.cap_seconds)
    if not attempt.counts:
        return Verdict(state="pending", delay=max(_LEAST, asked), counts=False)
    if tries >= retrying.max_attempts:
        return Verdict(state="dead")
    return Verdict(state="pending", delay=max(asked, retrying.delay(tries, chance)))
