"""Child loops as tasks of their own: `rlm_query` and `batch_rlm_query` with data, spread over all workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from greatwheel.bus.services import waiting_for
from greatwheel.database.connection import OrgConnection
from greatwheel.runtime.services import Service, ServiceCall, Wait, Waiting
from greatwheel.scheduler.port import ChildOrder
from greatwheel.scheduler.tasks import TaskStore

MOST_PARTS = 1_000
"""Questions of one batch."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChildServices:
    """Finds the service behind the wire names of child loops."""

    tasks: TaskStore

    def find(self, name: str) -> Service | None:
        """The service; None for other names."""
        match name:
            case "rlm_query" | "batch_rlm_query":
                return Wait(handle=self._start)
            case _:
                return None

    async def _start(self, conn: OrgConnection, call: ServiceCall) -> Waiting:
        children = await self.tasks.submit_children(conn, call.task, call.seq, orders_of(call.name, call.kwargs))
        return waiting_for(children)


def orders_of(name: str, kwargs: Mapping[str, Any]) -> list[ChildOrder]:
    """The parts of a call.

    Raises:
        TypeError, ValueError: its arguments do not fit together.
    """
    model = kwargs.get("model")
    if model is not None and not isinstance(model, str):
        raise TypeError(f"model is the name of a model, not {type(model).__name__}")
    if name == "rlm_query":
        return [_order(kwargs.get("question"), kwargs.get("context"), model)]
    questions, contexts = kwargs.get("questions"), kwargs.get("contexts")
    if not isinstance(questions, (list, tuple)):
        raise TypeError(f"{name}: questions is a list, not {type(questions).__name__}")
    each = list(contexts) if isinstance(contexts, (list, tuple)) else [contexts] * len(questions)
    if len(each) != len(questions):
        raise ValueError(f"{name} got {len(questions)} questions and {len(each)} contexts")
    if not 1 <= len(questions) <= MOST_PARTS:
        raise ValueError(f"{name} takes 1 to {MOST_PARTS} questions, not {len(questions)}")
    return [_order(question, context, model) for question, context in zip(questions, each, strict=True)]


def _order(question: Any, context: Any, model: str | None) -> ChildOrder:
    text = question if isinstance(question, str) else str(question)
    if not text.strip():
        raise ValueError("the question is empty")
    return ChildOrder(input=text, context=context, model=model)
