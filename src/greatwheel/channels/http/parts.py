"""What the API is given to work with."""

from __future__ import annotations

from typing import Protocol

from greatwheel.database.database import Database
from greatwheel.memory.port import MemoryStore
from greatwheel.registry.registry import Registry
from greatwheel.scheduler.tasks import TaskStore
from greatwheel.tenancy.sealing import Sealer
from greatwheel.tenancy.secrets import SecretStore


class Parts(Protocol):
    """The parts of an installation that the API works with."""

    @property
    def database(self) -> Database: ...

    @property
    def tasks(self) -> TaskStore: ...

    @property
    def registry(self) -> Registry: ...

    @property
    def secrets(self) -> SecretStore: ...

    @property
    def memory(self) -> MemoryStore: ...

    @property
    def sealer(self) -> Sealer: ...
