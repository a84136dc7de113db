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
    KNOWN_GAPS: ClassVar[Mapping[str, str]] = {
        "test_pausing_in_gather_goes_on_where_it_can": "the engine loses a coroutine when some futures are resolved and "
        "others not, so answers wait until all calls in flight have theirs",
    }

    def worker_pid(self, session: SandboxSession) -> int:
        assert isinstance(session, OurosSession)
        return session.worker_pid
