"""The sandbox contract, held by the Ouros engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from greatwheel.sandbox.ouros import OurosSession
from greatwheel.sandbox.port import SandboxSession
from greatwheel.testing.contracts.sandbox import SandboxContract


class TestOuros(SandboxContract):
    """Every clause, but for the known gaps."""

    FACTORY = "greatwheel.sandbox.ouros:OurosEngine"
    KNOWN_GAPS: ClassVar[Mapping[str, str]] = {}

    def worker_pid(self, session: SandboxSession) -> int:
        assert isinstance(session, OurosSession)
        return session.worker_pid
