"""Where the master keys come from: the environment, or a file that the first start makes.

Each is 32 bytes in base64; several stand in lines (in the environment also with commas between), the newest first.
"""

from __future__ import annotations

import base64
import binascii
import logging
import os
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from greatwheel.core.errors import BadInput
from greatwheel.tenancy.sealing import KEY_BYTES, MasterKey, Sealer

LOG = logging.getLogger("greatwheel.tenancy")
VARIABLE = "GREATWHEEL_MASTER_KEY"
FILE_NAME = "master.key"
_OTHERS = 0o077


def open_sealer(file: Path, environment: Mapping[str, str]) -> Sealer:
    """A sealer with the environment's keys, or else the file's; a file that is not there is made with a fresh key.

    Raises:
        BadInput: the keys can't be read, or others than the file's owner may read it.
    """
    given = environment.get(VARIABLE)
    if given:
        return Sealer(_parse(given.replace(",", "\n"), VARIABLE))
    return Sealer(KeyFile(file))


class KeyFile:
    """The keys of a file, read again when it has changed: who is at work takes a new key up at once.

    Raises:
        BadInput: it can't be read, and never could be. Later faults are logged, and the keys of before stay.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._mark = self._marked()  # before it is read: a change meanwhile is seen at the next call
        self._keys = _load(file) or _make(file)

    def __call__(self) -> Sequence[MasterKey]:
        """The keys of now, the newest first."""
        mark = self._marked()
        if mark != self._mark:
            self._mark = mark
            try:
                self._keys = _load(self._file) or self._keys
            except BadInput as error:
                LOG.warning("the master keys stay as they were: %s", error)
        return self._keys

    def _marked(self) -> tuple[int, int] | None:
        """Changes whenever the file does: it is replaced, never written to."""
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino


def add_key(file: Path) -> MasterKey:
    """Put a fresh key before the file's others: it seals from now on, wherever the file is read again.

    Raises:
        BadInput: as `open_sealer`.
    """
    key = MasterKey(secrets.token_bytes(KEY_BYTES))
    _write(file, [key, *(_load(file) or [])])
    return key


def _load(file: Path) -> Sequence[MasterKey] | None:
    try:
        mode, text = file.stat().st_mode, file.read_text(encoding="ascii")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"The master key's file {file} can't be read: {error}") from error
    if mode & _OTHERS:
        raise BadInput(f"Others may read the master key's file {file}; run: chmod 600 {file}")
    return _parse(text, str(file))


def _make(file: Path) -> Sequence[MasterKey]:
    """Of several processes at a first start one makes the file, and all read it."""
    fresh = [MasterKey(secrets.token_bytes(KEY_BYTES))]
    _write(file, fresh, replace=False)
    return _load(file) or fresh


def _write(file: Path, keys: Sequence[MasterKey], *, replace: bool = True) -> None:
    """Whole or not at all, and never readable by others."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as lines:
            lines.writelines(f"{base64.b64encode(key.secret).decode()}\n" for key in keys)
            lines.flush()
            os.fsync(lines.fileno())
        if replace:
            os.replace(draft, file)
        else:
            os.link(draft, file)
    except FileExistsError:
        return  # another process was faster: its key is the one
    finally:
        Path(draft).unlink(missing_ok=True)


def _parse(text: str, source: str) -> Sequence[MasterKey]:
    try:
        keys = [MasterKey(base64.b64decode(line, validate=True)) for line in text.split()]
    except (binascii.Error, ValueError) as error:
        raise BadInput(f"{source} has no master keys: each is {KEY_BYTES} bytes in base64.") from error
    if not keys:
        raise BadInput(f"{source} is empty; it has the master key, {KEY_BYTES} bytes in base64.")
    return keys
