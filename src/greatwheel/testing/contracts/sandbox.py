"""The sandbox port's conformance suite: one test per clause of `greatwheel.sandbox.port`.

An adapter binds to it by a subclass, see `SandboxBinding`; what it can't do is a written list with reasons.
"""

from __future__ import annotations

import pytest

from greatwheel.testing.contracts.sandbox_answers import AnswerClauses, FailureClauses, LossClauses
from greatwheel.testing.contracts.sandbox_durability import DumpClauses
from greatwheel.testing.contracts.sandbox_limits import IsolationClauses, LimitClauses
from greatwheel.testing.contracts.sandbox_pausing import (
    AbandonClauses,
    MisuseClauses,
    PausingClauses,
    PersistenceClauses,
)
from greatwheel.testing.contracts.sandbox_values import DescribeClauses, ValueClauses
from greatwheel.testing.contracts.sandbox_world import WorldClauses

__all__ = ["SandboxContract"]


@pytest.mark.asyncio(loop_scope="class")
class SandboxContract(
    PersistenceClauses,
    PausingClauses,
    AnswerClauses,
    FailureClauses,
    LossClauses,
    LimitClauses,
    ValueClauses,
    DumpClauses,
    DescribeClauses,
    IsolationClauses,
    AbandonClauses,
    MisuseClauses,
    WorldClauses,
):
    """Every clause."""
