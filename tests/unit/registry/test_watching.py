"""The loops that follow files and repositories."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from pathlib import Path

import pytest

from greatwheel.core.errors import DatabaseUnavailable
from greatwheel.registry.folder import AgentFolder
from greatwheel.registry.watching import Watching


class Follower:
    """Takes in what it is told of, after so many failures of the database."""

    def __init__(self, *, failures: int = 0) -> None:
        self.seen: list[set[str] | None] = []
        self.attempts = 0
        self._failures = failures
        self._news = asyncio.Event()

    async def __call__(self, paths: Collection[str] | None = None) -> None:
        """One attempt."""
        self.attempts += 1
        if self.attempts <= self._failures:
            raise DatabaseUnavailable()
        self.seen.append(None if paths is None else set(paths))
        self._news.set()

    async def news(self) -> set[str] | None:
        """What was taken in next."""
        await asyncio.wait_for(self._news.wait(), 20)
        self._news.clear()
        return self.seen[-1]


def watching(folder: Path, files: Follower, git: Follower, definitions: Follower | None = None) -> Watching:
    """The loops over a folder."""
    return Watching(
        folder=AgentFolder(folder),
        follow_definitions=definitions or Follower(),
        follow_files=files,
        follow_git=git,
        git_interval=0.05,
    )


async def test_changed_files_are_told_by_their_names(tmp_path: Path) -> None:
    """First everything is followed, then the Python files that change, and no others."""
    files, stop = Follower(), asyncio.Event()
    loops = asyncio.create_task(watching(tmp_path, files, Follower()).run(stop))
    assert await files.news() is None
    (tmp_path / "notes.txt").write_text("no code")
    (tmp_path / "deep").mkdir()
    (tmp_path / "one.py").write_text("x = 1")
    assert await files.news() == {"one.py"}
    (tmp_path / "deep" / "two.py").write_text("x = 2")
    assert await files.news() == {"deep/two.py"}
    stop.set()
    await asyncio.wait_for(loops, 5)


async def test_definitions_are_looked_at_when_anything_changes(tmp_path: Path) -> None:
    """At the start, and again while the database is away, and after a change of whatever agents.toml may link to."""
    definitions, stop = Follower(failures=1), asyncio.Event()
    loops = asyncio.create_task(watching(tmp_path, Follower(), Follower(), definitions).run(stop))
    await definitions.news()
    assert definitions.attempts == 2
    (tmp_path / "..data").write_text("[agents.one]")
    await definitions.news()
    stop.set()
    await asyncio.wait_for(loops, 5)


async def test_what_fails_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """While the database is away the changes are kept, and taken in when it is back."""
    files, git, stop = Follower(failures=2), Follower(failures=1), asyncio.Event()
    loops = asyncio.create_task(watching(tmp_path, files, git).run(stop))
    assert await files.news() is None
    assert await git.news() is None
    assert files.attempts == 3
    assert "could not be followed: No Postgres answers" in caplog.text
    stop.set()
    await asyncio.wait_for(loops, 5)


async def test_without_a_folder_repositories_are_still_followed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder that is not there is told of, once."""
    files, git, stop = Follower(), Follower(), asyncio.Event()
    with caplog.at_level(logging.WARNING):
        loops = asyncio.create_task(watching(tmp_path / "none", files, git).run(stop))
        assert await git.news() is None
        assert await git.news() is None
    stop.set()
    await asyncio.wait_for(loops, 5)
    assert files.attempts == 0
    assert caplog.text.count("there is no folder") == 1
