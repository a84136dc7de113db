"""Whether a request may have left: what was not sent was certainly not done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Sending:
    """A request on its way. As httpcore's `trace` it hears when the first byte is about to be written."""

    def __init__(self) -> None:
        self.begun = False

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """See httpcore."""
        self.begun = self.begun or event.endswith(".send_request_headers.started")
