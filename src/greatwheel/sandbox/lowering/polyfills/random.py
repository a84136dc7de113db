# mypy: ignore-errors
"""Guest source of what an engine's `random` lacks."""

import random as _random

SystemRandom = _random.Random
