"""Greatwheel's own loop."""

from __future__ import annotations

from greatwheel import RLM, Budget
from greatwheel.bench.longcontext.serving import Served
from greatwheel.bench.longcontext.systems.port import Outcome
from greatwheel.bench.longcontext.task import BenchTask
from greatwheel.core.errors import GreatwheelError

SECONDS = 300.0


class Greatwheel:
    """A fresh loop for each task."""

    def __init__(self, served: Served, *, engine: str = "monty", seconds: float = SECONDS) -> None:
        self._served = served
        self._engine = engine
        self._seconds = seconds

    @property
    def name(self) -> str:
        """`greatwheel`."""
        return "greatwheel"

    async def answer(self, task: BenchTask) -> Outcome:
        """Run the loop."""
        loop = RLM(model=self._served.chat, engine=self._engine, budget=Budget(seconds=self._seconds))
        try:
            result = await loop.acompletion(context=task.context, question=task.question)
        except GreatwheelError as error:
            return Outcome(answer="", error=f"{error.code}: {error}")
        return Outcome(answer=str(result.answer), usage=result.usage, steps=len(result.steps))
