"""Where the engine saves and loads sessions: in memory instead of in files."""

from __future__ import annotations

from typing import Any


class MemoryStorage:
    """Dumps by name."""

    def __init__(self) -> None:
        self.dumps: dict[str, bytes] = {}

    def save(self, name: str, data: bytes) -> None:
        self.dumps[name] = data

    def load(self, name: str) -> bytes:
        return self.dumps[name]

    def list(self) -> list[dict[str, Any]]:
        return [{"name": name, "size_bytes": len(data)} for name, data in self.dumps.items()]

    def delete(self, name: str) -> bool:
        return self.dumps.pop(name, None) is not None
