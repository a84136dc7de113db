"""Agents that call agents: `agent.call` waits for the answer, `agent.notify` does not.

Both stay within the organisation, whose connection they are given, and need the permission `agent:NAME` of the
caller's agent and user. Neither goes in circles, and the scheduler bounds what one order leads to by both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from greatwheel.bus.routes import MOST_DEPTH, refusal
from greatwheel.core.ids import TaskId
from greatwheel.core.tasks import SubmitTask, Task
from greatwheel.database.connection import OrgConnection
from greatwheel.runtime.services import Record, Service, ServiceCall, Wait, Waiting
from greatwheel.scheduler.port import ChildOrder
from greatwheel.scheduler.tasks import TaskStore
from greatwheel.tenancy import grants

_LONGEST_TIMEOUT = timedelta(days=366)


@dataclass(frozen=True, kw_only=True, slots=True)
class BusServices:
    """Finds the service behind the wire name of a function of `agent`."""

    tasks: TaskStore
    most_depth: int = MOST_DEPTH

    def find(self, name: str) -> Service | None:
        """The service; None for a name that is none of the bus's."""
        match name:
            case "agent.call":
                return Wait(handle=self._call)
            case "agent.notify":
                return Record(handle=self._notify)
            case _:
                return None

    async def _call(self, conn: OrgConnection, call: ServiceCall) -> Waiting:
        name = await self._allowed(conn, call)
        expires = _expiry(call.kwargs.get("timeout"))
        order = ChildOrder(agent=name, input=_text(call.kwargs, "task"), context=call.kwargs.get("context"))
        children = await self.tasks.submit_children(conn, call.task, call.seq, [order])
        return waiting_for(children, expires)

    async def _notify(self, conn: OrgConnection, call: ServiceCall) -> TaskId:
        name = await self._allowed(conn, call)
        order = SubmitTask(
            user_id=call.task.user_id,
            input=_text(call.kwargs, "message"),
            agent=name,
            priority=call.task.priority,
        )  # without a key, which an order of the user's might have: the journal's transaction makes it once
        return (await self.tasks.submit(conn, order, caller=call.task)).task_id

    async def _allowed(self, conn: OrgConnection, call: ServiceCall) -> str:
        """The agent's name, once the call may be made."""
        name, task = call.kwargs.get("name"), call.task
        if not isinstance(name, str):
            raise TypeError(f"{call.name}: name is the name of an agent, not {type(name).__name__}")
        if refused := refusal(task.path, task.depth, name, most=self.most_depth):
            raise ValueError(f"{call.name}: {refused}")
        await grants.require(conn, f"agent:{name}", task)
        return name


def _text(kwargs: Mapping[str, Any], name: str) -> str:
    """What the other agent is told: text as it is, other data as JSON."""
    value = kwargs.get(name)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if not text.strip() or value is None:
        raise ValueError(f"{name} is empty; say what the agent shall do")
    return text


def waiting_for(children: Sequence[Task], expires: datetime | None = None) -> Waiting:
    """A call that waits for these tasks; what they may use is spoken for."""
    budgets = [child.budget for child in children]
    return Waiting(
        expires_at=expires,
        tokens=sum(budget["tokens"] for budget in budgets),
        model_calls=sum(budget["model_calls"] for budget in budgets),
    )


def _expiry(seconds: Any) -> datetime | None:
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"agent.call: timeout is a number of seconds, not {type(seconds).__name__}")
    if not 0 < seconds <= _LONGEST_TIMEOUT.total_seconds():
        raise ValueError("agent.call: timeout is a positive number of seconds, at most a year")
    return datetime.now(UTC) + timedelta(seconds=seconds)
