"""What a system is to the benchmark.

1. `answer` gives an outcome for every task; whatever goes wrong in the system is an outcome with `error` set.
2. Tokens and calls come from the model server's own usage, also when the system failed.
3. One task at a time, nothing kept from one task to the next.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from greatwheel.bench.longcontext.task import BenchTask
from greatwheel.core.usage import Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a system made of a task."""

    answer: str
    usage: Usage = field(default_factory=Usage)
    steps: int = 0
    error: str = ""


class System(Protocol):
    """Answers tasks."""

    @property
    def name(self) -> str:
        """`alone`, `rlms` or `greatwheel`."""
        ...

    async def answer(self, task: BenchTask) -> Outcome:
        """Try the task."""
        ...
