"""How an adapter binds to the sandbox suite."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Mapping
from typing import ClassVar

import pytest
import pytest_asyncio

from greatwheel.sandbox.port import Engine, SandboxSession

HOST = frozenset({"ask", "tell", "look_up"})
"""Host functions of every session in the suite."""


def open_named(factory: str) -> Engine:
    """The engine that `module:callable` makes, or `module:callable:argument`."""
    module, name, *given = factory.split(":")
    engine: Engine = getattr(importlib.import_module(module), name)(*given)
    return engine


class SandboxBinding:
    """Base of every group of clauses. A binding sets the three class variables and `worker_pid`.

    ```python
    class TestMonty(SandboxContract):
        FACTORY = "greatwheel.sandbox.monty:MontyEngine"
        KNOWN_GAPS = {"test_values_deep_nesting": "why"}

        def worker_pid(self, session): return session.worker_pid
    ```
    """

    FACTORY: ClassVar[str]
    """`module:callable`, so that another process can make the same engine."""
    KNOWN_GAPS: ClassVar[Mapping[str, str]] = {}
    """Test name, with its parameters in brackets or without, → reason. These tests must fail."""

    def worker_pid(self, session: SandboxSession) -> int:
        """The process that holds the session's interpreter, for the tests that kill it."""
        raise NotImplementedError

    @pytest_asyncio.fixture(scope="class", loop_scope="class")
    @classmethod
    async def engine(cls) -> AsyncIterator[Engine]:
        """One engine for all tests of the class."""
        engine = open_named(cls.FACTORY)
        yield engine
        await engine.close()

    @pytest_asyncio.fixture(loop_scope="class")
    async def session(self, engine: Engine) -> AsyncIterator[SandboxSession]:
        """A fresh session with default limits."""
        session = await engine.open(host_functions=HOST)
        yield session
        await session.close()

    @pytest.fixture(autouse=True)
    def known_gap(self, request: pytest.FixtureRequest) -> None:
        """Marks the tests of the written list as expected failures; one that passes is reported."""
        node: pytest.Item = request.node
        names = (node.name, getattr(node, "originalname", node.name))
        reason = next((self.KNOWN_GAPS[name] for name in names if name in self.KNOWN_GAPS), None)
        if reason:
            request.applymarker(pytest.mark.xfail(strict=True, reason=reason))

    async def test_known_gaps_name_tests(self) -> None:
        """Every entry of the list of known gaps names a test."""
        missing = [name for name in self.KNOWN_GAPS if not hasattr(self, name.partition("[")[0])]
        assert missing == []
