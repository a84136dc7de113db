"""What every process of an installation opens: its settings, its database, its keys."""

from __future__ import annotations

import os
from pathlib import Path

from greatwheel.database import embedded
from greatwheel.database.database import Database
from greatwheel.database.migration import migrate
from greatwheel.server.settings import Settings, load_settings
from greatwheel.tenancy.master_keys import open_sealer
from greatwheel.tenancy.sealing import Sealer


async def open_database(config: Path | None = None) -> Database:
    """The installation's database, migrated; the embedded server is started if it is needed.

    Raises:
        BadInput: the settings have a fault.
        DatabaseError: it can't be opened.
    """
    return await database_of(load_settings(config))


async def database_of(settings: Settings) -> Database:
    """The database of these settings. Raises as `open_database`."""
    url = settings.database.url or None
    return await Database.open(url, folder=settings.data_folder, size=settings.database.size)


def migrate_database(settings: Settings) -> list[str]:
    """Bring the database to this version's schema; the revisions that were carried out. Raises as `open_database`."""
    url = settings.database.url or embedded.start(settings.data_folder / "postgres").url()
    return migrate(url)


def sealer_of(settings: Settings) -> Sealer:
    """The sealer with the installation's master keys; a first start makes one.

    Raises:
        BadInput: the keys can't be read.
    """
    return open_sealer(settings.key_file, os.environ)
