"""What a guest prints, kept within a limit."""

from __future__ import annotations


class Output:
    """Collects a block's text; what is beyond the limit is dropped as it comes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.kept = 0
        self.dropped = 0
        self._parts: list[str] = []
        self._told = False

    def start(self, kept: int = 0) -> None:
        """Begin a block, or go on with one of which so much was kept."""
        self.kept, self.dropped, self._told = kept, 0, False
        self._parts.clear()

    def write(self, _stream: str, text: str) -> None:
        """Monty's print callback."""
        part = text[: self.limit - self.kept]
        self.dropped += len(text) - len(part)
        if part:
            self.kept += len(part)
            self._parts.append(part)

    def take(self) -> str:
        """The text since the last take; a last line tells of the first text that was dropped."""
        text = "".join(self._parts)
        self._parts.clear()
        if self.dropped and not self._told:
            self._told = True
            text += ("" if text.endswith("\n") or not text else "\n") + f"[output cut at {self.limit} characters]\n"
        return text
