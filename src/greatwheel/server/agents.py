"""The registry of an installation, as its settings have it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from greatwheel.core.ids import OrgId
from greatwheel.database.database import Database
from greatwheel.registry.bundled import bundled_folder
from greatwheel.registry.definitions import read_agents
from greatwheel.registry.registry import Loaded, Registry, RegistrySettings
from greatwheel.server.settings import Settings


def agents_folder(settings: Settings) -> Path:
    """The folder of the settings, or that of the agents that come with the product."""
    return settings.resolve(settings.agents.folder) if settings.agents.folder else bundled_folder()


def registry_of(settings: Settings, database: Database) -> Registry:
    """The registry on that database."""
    given = settings.agents
    return Registry(
        database,
        RegistrySettings(
            folder=agents_folder(settings),
            git_protocols=given.git_protocols,
            git_timeout=given.git_seconds,
            git_interval=given.git_interval_seconds,
        ),
    )


async def load_agents(settings: Settings, registry: Registry, org_ids: Sequence[OrgId]) -> Sequence[Loaded]:
    """Give the organisations the agents of agents.toml; what became of each.

    Raises:
        BadInput: the file can't be read, or one of its entries is wrong; one line.
    """
    orders = read_agents(agents_folder(settings) / settings.agents.file)
    return await registry.load(org_ids, orders)
