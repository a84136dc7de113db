"""Which calls between agents are refused at once: decided from the caller's path."""

from __future__ import annotations

from collections.abc import Sequence

MOST_DEPTH = 16
"""Agents that may stand above one another in a chain of calls."""


def refusal(path: Sequence[str], depth: int, name: str, *, most: int = MOST_DEPTH) -> str | None:
    """Why the agents of this path may not call or notify `name`, with the path in full; None when they may.

    Nobody waits for a notified agent, but agents that notify one another in a circle would never come to an end.
    """
    shown = " → ".join([*path, name])
    if name in path:
        return f"a cycle of calls: {shown}"
    if depth >= most:
        return f"calls go too deep (at most {most} below the first): {shown}"
    return None
