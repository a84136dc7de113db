"""Fixtures for what workers do end to end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from greatwheel.testing.servers import FakeModelServer

from .plant import Plant, opened_plant


@pytest.fixture
async def plant(tmp_path: Path, database_url: str) -> AsyncIterator[Plant]:
    """An installation whose model says "yes" (tests change that), and whose loops may go deep."""
    with FakeModelServer("yes") as model:
        async with opened_plant(tmp_path, database_url, model=model, more="[limits]\ndepth = 8\n") as plant:
            yield plant
