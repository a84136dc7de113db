"""The monty engine holds the sandbox port's contract."""

from __future__ import annotations

from greatwheel.sandbox.monty import MontySandboxSession
from greatwheel.sandbox.port import SandboxSession
from greatwheel.testing.contracts.sandbox import SandboxContract


class TestMonty(SandboxContract):
    """Every clause, on monty."""

    FACTORY = "greatwheel.sandbox.monty:MontyEngine"

    def worker_pid(self, session: SandboxSession) -> int:
        assert isinstance(session, MontySandboxSession)
        return session.worker_pid
