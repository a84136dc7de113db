"""Greatwheel's own loop."""

from __future__ import annotations

from pathlib import Path

from greatwheel import RLM, Budget
from greatwheel.bench.longcontext.serving import Served
from greatwheel.bench.longcontext.systems.port import Outcome
from greatwheel.bench.longcontext.task import BenchTask
from greatwheel.core.errors import GreatwheelError
from greatwheel.llm.gate import gated

SECONDS = 300.0


class Greatwheel:
    """A fresh loop for each task, behind a fresh gate, whose count holds also for a run that failed."""

    def __init__(
        self, served: Served, *, engine: str = "monty", seconds: float = SECONDS, trajectories: Path | None = None
    ) -> None:
        self._served = served
        self._engine = engine
        self._budget = Budget(seconds=seconds)
        self._trajectories = trajectories

    @property
    def name(self) -> str:
        """`greatwheel`."""
        return "greatwheel"

    async def answer(self, task: BenchTask) -> Outcome:
        """Run the loop."""
        model = gated(self._served.chat)
        folder = self._trajectories and self._trajectories / f"{task.family}-{task.seed}"
        async with RLM(model=model, engine=self._engine, budget=self._budget, trajectories=folder) as loop:
            try:
                result = await loop.acompletion(context=task.context, question=task.question)
            except GreatwheelError as error:
                return Outcome(answer="", usage=model.usage, error=f"{error.code}: {error}")
        return Outcome(answer=result.answer, usage=model.usage, steps=result.steps)
