"""Whether a model file is the catalogue's. A file is read whole once; a note beside it saves doing so again."""

from __future__ import annotations

import json
import os
from pathlib import Path

from greatwheel.core.errors import ModelFileCorrupt
from greatwheel.llm.catalogue import CatalogueEntry
from greatwheel.llm.download import OnBytes, sha256_of


def check_hash(entry: CatalogueEntry, file: Path, on_bytes: OnBytes = lambda done: None) -> None:
    """Read the file.

    Raises:
        ModelFileCorrupt: it is not the catalogue's; the message names both hashes.
    """
    found = sha256_of(file, on_bytes)
    if found != entry.sha256:
        raise ModelFileCorrupt(
            f"The file for {entry.name} has SHA-256 {found}, expected {entry.sha256}; "
            f"run `greatwheel models pull {entry.name}` again."
        )


def verify(entry: CatalogueEntry, folder: Path, on_bytes: OnBytes = lambda done: None) -> None:
    """Check the placed file, unless it has not changed since it was checked.

    Raises:
        ModelFileCorrupt: as `check_hash`.
    """
    if _note(entry, folder) == _state(entry, folder):
        return
    check_hash(entry, entry.path(folder), on_bytes)
    remember(entry, folder)


def remember(entry: CatalogueEntry, folder: Path) -> None:
    """Note that the placed file has the right hash. A folder that can't be written to is no error."""
    try:
        _note_path(entry, folder).write_text(json.dumps(_state(entry, folder)))
    except OSError:
        return


def _state(entry: CatalogueEntry, folder: Path) -> dict[str, str | int]:
    stat = os.stat(entry.path(folder))
    return {"sha256": entry.sha256, "size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "inode": stat.st_ino}


def _note(entry: CatalogueEntry, folder: Path) -> object:
    try:
        return json.loads(_note_path(entry, folder).read_text())
    except (OSError, ValueError):
        return None


def _note_path(entry: CatalogueEntry, folder: Path) -> Path:
    return folder / f".{entry.file}.verified"
