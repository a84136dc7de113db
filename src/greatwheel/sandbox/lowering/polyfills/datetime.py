# mypy: ignore-errors
# ruff: noqa: UP017
"""Guest source of what an engine's `datetime` lacks."""

import datetime as _datetime

UTC = _datetime.timezone.utc
MINYEAR = 1
MAXYEAR = 9999
