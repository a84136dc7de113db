"""New tasks: orders of people, and children of calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from greatwheel.core.budgets import Budget
from greatwheel.core.errors import BadInput, BudgetExceeded, Conflict, LeaseLost, NotFound
from greatwheel.core.ids import OrgId, SessionId, TaskId, new_id
from greatwheel.core.tasks import KeptContext, NewSession, SubmitTask, Task, TaskKind
from greatwheel.database.connection import OrgConnection
from greatwheel.database.storable import storable_text
from greatwheel.runtime.sessions import new_seed
from greatwheel.scheduler import limits
from greatwheel.scheduler.delivery import SQL, admit, fetch
from greatwheel.scheduler.port import ChildOrder, Keep
from greatwheel.scheduler.rows import task_of
from greatwheel.scheduler.shares import effective, handed_on, lesser, require_within, share

LONGEST_INPUT = 1_000_000
"""Characters; more than that is data, and belongs into the context."""

LONGEST_INSTRUCTIONS = 20_000
"""Characters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """Queues tasks, each with the session that it needs."""

    keep: Keep
    budget: Budget = field(default_factory=Budget)
    """Where neither the order nor the agent says."""
    engine: str = "monty"
    """Of agents that name none."""
    max_attempts: int = 5
    most_tasks: int = 2_000
    """That one order leads to, through calls, child loops and notifications."""

    async def submit(self, conn: OrgConnection, order: SubmitTask, caller: Task | None = None) -> Task:
        """Queue a task. See `tasks.TaskStore.submit`."""
        wanted = await self._resolve(conn, order)
        if wanted["earlier"] is not None:
            return await _earlier(conn, order)
        most = effective(self.budget, wanted["budget"])
        require_within(order.budget, most)
        origin = None if caller is None else await self._origin(conn, caller, 1)
        budget = order.budget if caller is None else lesser(most, await self._handed_on(conn, caller))
        warnings = await limits.count_tasks(conn, order.user_id) if wanted["limited"] else []
        session_id = order.session_id or SessionId(new_id("ses"))
        rows = await self._insert(
            conn,
            wanted,
            [ChildOrder(input=order.input, context=order.context, model=order.model)],
            sessions=[session_id],
            user=order.user_id,
            version=wanted["current_version"],
            kind="agent",
            new_session=order.session_id is None,
            path=[*(caller.path if caller else ()), wanted["name"]],
            depth=caller.depth + 1 if caller else 0,
            origin=origin,
            priority=order.priority,
            budget=budget,
            key=order.idempotency_key,
            instructions=None if order.instructions is None else storable_text(order.instructions),
        )
        if not rows:
            if order.session_id is None:
                await conn.execute(SQL["drop_session"], {"session": session_id})
            return await _earlier(conn, order)
        task = task_of(rows[0])
        await limits.tell(conn, task.task_id, warnings)
        await admit(conn)
        return task

    async def begin_session(self, conn: OrgConnection, order: NewSession) -> SessionId:
        """Make a session in which nothing was asked yet. See `tasks.TaskStore.begin_session`."""
        values = {"user": order.user_id, "key": order.idempotency_key}
        if (earlier := await fetch(conn, "session_by_key", **values)) is not None:
            return SessionId(earlier["session_id"])
        wanted = SubmitTask(user_id=order.user_id, input="", agent=order.agent)
        agent = await self._resolved(conn, wanted)
        made = await fetch(
            conn,
            "insert_session",
            session=new_id("ses"),
            agent_id=agent["agent_id"],
            engine=agent["engine"],
            seed=new_seed(),
            context=await self._kept(conn, agent["org_id"], order.context),
            **values,
        )
        made = made or await fetch(conn, "session_by_key", **values)
        if made is None:
            raise Conflict("A session with that idempotency key is just being made; try again.")
        return SessionId(made["session_id"])

    async def submit_children(
        self, conn: OrgConnection, parent: Task, call: int, orders: Sequence[ChildOrder]
    ) -> list[Task]:
        """Queue the parts of a call. See `tasks.TaskStore.submit_children`."""
        held = await fetch(conn, "hold_running", task=parent.task_id, epoch=parent.epoch)
        if held is None or held["cancel_requested"]:
            raise LeaseLost
        agents = {order.agent for order in orders}
        if len(agents) != 1:
            raise ValueError("the parts of a call all go to one agent, and there is at least one")
        own = await fetch(conn, "resolve_version", agent_id=parent.agent_id, engine=self.engine)
        name = agents.pop()
        agent = own if name is None else await fetch(conn, "resolve_agent", agent=name, engine=self.engine)
        if own is None or agent is None or not agent["current_version"]:
            raise NotFound(f"There is no agent {name!r} in this organisation.")
        kind: TaskKind = "child" if name is None else "agent"
        given = effective(self.budget, own["budget"], parent.budget)
        part = share(given, parent.usage, len(orders), kind)
        origin = await self._origin(conn, parent, len(orders))
        warnings = await limits.count_tasks(conn, parent.user_id, len(orders)) if own["limited"] else []
        rows = await self._insert(
            conn,
            {**agent, "org_id": parent.org_id},
            orders,
            sessions=[SessionId(new_id("ses")) for _ in orders],
            user=parent.user_id,
            version=parent.agent_version if name is None else agent["current_version"],
            kind=kind,
            new_session=True,
            path=list(parent.path) if name is None else [*parent.path, name],
            priority=parent.priority,
            budget=part if name is None else lesser(part, agent["budget"]),
            parent=parent.task_id,
            call=call,
            root=parent.root_id,
            origin=origin,
            depth=parent.depth + 1,
        )
        await limits.tell(conn, parent.task_id, warnings)
        await admit(conn)
        return [task_of(row) for row in rows]

    async def _origin(self, conn: OrgConnection, caller: Task, more: int) -> TaskId:
        """The order that led to the caller, if it may lead to so many more tasks."""
        led = await fetch(conn, "led_to", task=caller.task_id)
        if led is None:
            raise LeaseLost
        if led["tasks"] + more > self.most_tasks:
            raise BudgetExceeded(
                f"One order leads to {self.most_tasks:,} tasks at most, and {led['tasks']:,} came of {led['origin']};"
                " raise tasks_per_order of [scheduler]."
            )
        return TaskId(led["origin"])

    async def _handed_on(self, conn: OrgConnection, caller: Task) -> Mapping[str, Any]:
        own = await fetch(conn, "resolve_version", agent_id=caller.agent_id, engine=self.engine)
        given = effective(self.budget, own["budget"] if own is not None else {}, caller.budget)
        return handed_on(given, caller.usage)

    async def _resolve(self, conn: OrgConnection, order: SubmitTask) -> DictRow:
        if not order.input.strip():
            raise BadInput("The task is empty.")
        if len(order.input) > LONGEST_INPUT:
            raise BadInput(f"The task has more than {LONGEST_INPUT:,} characters; give long texts as its context.")
        if order.instructions is not None and len(order.instructions) > LONGEST_INSTRUCTIONS:
            raise BadInput(f"The instructions have more than {LONGEST_INSTRUCTIONS:,} characters.")
        return await self._resolved(conn, order)

    async def _resolved(self, conn: OrgConnection, order: SubmitTask) -> DictRow:
        """What the order refers to, if it is there and fits together."""
        row = await fetch(
            conn,
            "resolve_order",
            user=order.user_id,
            agent=order.agent,
            session=order.session_id,
            key=order.idempotency_key,
            engine=self.engine,
        )
        if row is None:
            raise NotFound("There is no such organisation.")
        _check(order, row)
        return row

    async def _insert(
        self,
        conn: OrgConnection,
        agent: Mapping[str, Any],
        orders: Sequence[ChildOrder],
        *,
        sessions: Sequence[SessionId],
        budget: Mapping[str, Any],
        **common: Any,
    ) -> list[DictRow]:
        contexts = [await self._kept(conn, agent["org_id"], order.context) for order in orders]
        values = {
            **{
                "parent": None,
                "call": None,
                "root": None,
                "origin": None,
                "depth": 0,
                "key": None,
                "instructions": None,
            },
            "task_ids": [new_id("tsk") for _ in orders],
            "session_ids": list(sessions),
            "seeds": [new_seed() for _ in orders],
            "inputs": [storable_text(order.input) for order in orders],
            "contexts": contexts,
            "models": [order.model for order in orders],
            "agent_id": agent["agent_id"],
            "engine": agent["engine"],
            "max_attempts": self.max_attempts,
            "budget": Jsonb(dict(budget)),
            **common,
        }
        return await (await conn.execute(SQL["insert_tasks"], values)).fetchall()

    async def _kept(self, conn: OrgConnection, org: OrgId, context: Any) -> bytes | None:
        if isinstance(context, KeptContext):
            return context.digest
        return None if context is None else await self.keep(conn, org, context)


def _check(order: SubmitTask, row: Mapping[str, Any]) -> None:
    """What the order refers to is there and fits together."""
    if row["earlier"] is not None:
        return
    if order.session_id is not None and row["session_id"] is None:
        raise NotFound(f"There is no session {order.session_id} of yours.")
    if row["agent_id"] is None:
        raise NotFound(f"There is no agent {row['wanted']!r} in this organisation; see `greatwheel agents list`.")
    if row["current_version"] == 0:
        raise Conflict(f"The agent {row['wanted']!r} has no version yet.")
    if row["ended"]:
        raise Conflict(f"The session {order.session_id} has ended; begin a new one.")
    if row["revoked"]:
        raise Conflict(f"The key of the session {order.session_id} was revoked; begin a new one.")
    if row["session_agent"] is not None and row["session_agent"] != row["agent_id"]:
        raise Conflict(f"The session {order.session_id} belongs to another agent; begin a new one.")


async def _earlier(conn: OrgConnection, order: SubmitTask) -> Task:
    row = await fetch(conn, "task_by_key", user=order.user_id, key=order.idempotency_key)
    if row is None:
        raise Conflict("A task with that idempotency key is just being made; try again.")
    return task_of(row)
