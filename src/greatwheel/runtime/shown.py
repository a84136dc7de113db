"""Values of guests as text for people and models, whatever they are."""

from __future__ import annotations

from typing import Any


def shown(value: Any) -> str:
    """The value's repr; for one that Python refuses to write (thousands of digits, endless nesting) its type."""
    try:
        return repr(value)
    except (ValueError, RecursionError):
        return f"<{type(value).__name__} object too large to write>"
