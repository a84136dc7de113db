"""The registry of an installation, as its settings have it."""

from __future__ import annotations

from pathlib import Path

from greatwheel.database.database import Database
from greatwheel.registry.bundled import bundled_folder
from greatwheel.registry.registry import Registry, RegistrySettings
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
            file=given.file,
            git_protocols=given.git_protocols,
            git_networks=given.allowed,
            git_timeout=given.git_seconds,
            git_interval=given.git_interval_seconds,
        ),
    )
