"""An organisation to work for."""

from __future__ import annotations

import pytest

from greatwheel.database.database import Database

from .office import Office, make_office


@pytest.fixture
async def office(database: Database) -> Office:
    """An organisation that runs four tasks at a time."""
    return await make_office(database, "first")
