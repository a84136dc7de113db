"""What is told of a call that was begun, and that did not end as it should.

Code that gets `ToolFailed` may call again. So a tool with an effect may raise it only where the effect certainly did
not happen: nothing was sent, or the other side refused.
"""

from __future__ import annotations

from greatwheel.core.errors import InDoubt, ToolFailed
from greatwheel.tools.port import ToolKind


def unanswered(kind: ToolKind, why: str) -> InDoubt | ToolFailed:
    """The error for a call of which nobody knows what it did; `why` is a sentence without its full stop."""
    if kind == "effect":
        return InDoubt(f"{why}; it may or may not have been done. Find out before you call it again.")
    return ToolFailed(f"{why}.")
