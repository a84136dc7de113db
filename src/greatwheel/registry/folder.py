"""The folder of agents: the only place that file sources are read from."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from greatwheel.core.errors import BadInput, SourceRefused

MAX_BYTES = 1_000_000
"""A longer file is not read at all; `sources.check_source` has the limit in characters."""


class AgentFolder:
    """Reads code from below one folder. A path that leads out of it, by `..` or by a link, is refused."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    @property
    def path(self) -> Path:
        """The folder itself, absolute."""
        return self._folder

    def relative(self, path: str | Path) -> str:
        """How a definition names a file: relative to the folder, with `/`.

        Raises:
            BadInput: the path is no Python file of the folder.
        """
        named = Path(os.path.normpath(self._folder / path))
        inside = named.resolve() if str(path).isprintable() else self._folder
        if not inside.is_relative_to(self._folder) or inside.suffix != ".py":
            raise BadInput(f"{str(path)!r} must be a .py file in the folder of agents, {self._folder}.")
        # A link inside the folder keeps its own name: what it points to may change.
        return (named if named.is_relative_to(self._folder) else inside).relative_to(self._folder).as_posix()

    async def read(self, path: str) -> str:
        """The code in a file.

        Raises:
            BadInput: as `relative`, or the file can't be read.
            SourceRefused: it is too long, or not text.
        """
        return await asyncio.to_thread(self._read, path)

    def _read(self, path: str) -> str:
        full = self._folder / self.relative(path)
        try:
            if not full.is_file():
                raise BadInput(f"There is no file {path} in the folder of agents, {self._folder}.")
            with full.open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise BadInput(f"{path} can't be read: {error.strerror}.") from error
        return as_source(raw, name=path)


def as_source(raw: bytes, *, name: str) -> str:
    """Bytes as code; line ends become `\\n`, as Python has them."""
    if len(raw) > MAX_BYTES:
        raise SourceRefused(f"{name} has more than {MAX_BYTES:,} bytes.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceRefused(f"{name} is not text in UTF-8.") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")
