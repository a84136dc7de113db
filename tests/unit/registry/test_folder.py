"""The folder that file sources are read from."""

from __future__ import annotations

from pathlib import Path

import pytest

from greatwheel.core.errors import BadInput, SourceRefused
from greatwheel.registry.folder import MAX_BYTES, AgentFolder


@pytest.fixture
def folder(tmp_path: Path) -> AgentFolder:
    """A folder with one file, and a secret beside it."""
    (tmp_path / "agents" / "deep").mkdir(parents=True)
    (tmp_path / "agents" / "deep" / "one.py").write_bytes(b"\xef\xbb\xbfdef handle(task):\r\n    return 1\r\n")
    (tmp_path / "secret.py").write_text("secret")
    return AgentFolder(tmp_path / "agents")


async def test_a_file_is_named_relative_to_the_folder(folder: AgentFolder) -> None:
    """All paths to one file give one name, and its text has Python's line ends."""
    for path in [folder.path / "deep" / "one.py", "deep/one.py", "./deep/../deep//one.py"]:
        assert folder.relative(path) == "deep/one.py"
    assert await folder.read("deep/one.py") == "def handle(task):\n    return 1\n"


@pytest.mark.parametrize("path", ["../secret.py", "/etc/passwd", "deep/../../secret.py", "link.py", "deep", "x\0.py"])
async def test_nothing_outside_is_read(folder: AgentFolder, path: str) -> None:
    """Neither `..`, an absolute path nor a link leads out of the folder, and a folder is no file."""
    (folder.path / "link.py").symlink_to(folder.path.parent / "secret.py")
    with pytest.raises(BadInput, match="must be a"):
        await folder.read(path)


async def test_a_file_that_is_no_code_is_refused(folder: AgentFolder) -> None:
    """A file that is missing, too long or no text is refused by name."""
    (folder.path / "long.py").write_bytes(b"#" * (MAX_BYTES + 1))
    (folder.path / "raw.py").write_bytes(b"\xff")
    (folder.path / "dir.py").mkdir()
    with pytest.raises(BadInput, match=r"no file none\.py"):
        await folder.read("none.py")
    with pytest.raises(BadInput, match=r"no file dir\.py"):
        await folder.read("dir.py")
    with pytest.raises(SourceRefused, match=r"long\.py has more than"):
        await folder.read("long.py")
    with pytest.raises(SourceRefused, match=r"raw\.py is not text"):
        await folder.read("raw.py")
