"""Guest sources: Python that runs inside a session, never here. `source` gives one as text."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def source(name: str) -> str:
    """The text of `guest/<name>.py`, without comments that only serve its author's tools."""
    text = files(__name__).joinpath(f"{name}.py").read_text(encoding="utf-8")
    return text.split('"""', 2)[2].lstrip("\n")
