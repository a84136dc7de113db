"""Where the master keys come from: the environment, or a file that the first start makes.

Each is 32 bytes in base64; several stand in lines (in the environment also with commas between), the newest first.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from greatwheel.core.errors import BadInput
from greatwheel.tenancy.sealing import KEY_BYTES, MasterKey, Sealer

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
    return Sealer(_load(file) or _make(file))


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
