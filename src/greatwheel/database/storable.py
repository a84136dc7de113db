"""What Postgres refuses in text and in JSON: NUL, and halves of surrogate pairs."""

from __future__ import annotations

from typing import Any


def storable_text(text: str) -> str:
    """The text with a replacement character (NUL) or a question mark (half a pair) for what can't be kept."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def storable(value: Any) -> Any:
    """JSON data with each of its texts, keys too, as `storable_text`."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, (list, tuple)):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    return value
