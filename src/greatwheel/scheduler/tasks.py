"""The tasks of an organisation, in Postgres: every change of a task's state is one of these methods.

1. Each works on a connection of the task's organisation, in a transaction that the caller commits, and that sees no
   other organisation's tasks.
2. Each that queues a task or frees a place admits what there is room for, in the same transaction.
3. What a worker writes is refused with `LeaseLost` once another attempt has begun, or the task has ended.
4. No wake-up is lost: an answer that comes while its task is about to wait queues the task at once.
5. An end is told to the caller's call in the same transaction; a caller is woken when its last part has ended.
6. Locks are taken in one order (see `queries.sql`): no two of these methods can block one another for ever. They lock
   the organisation last; call them last, too.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from psycopg.rows import DictRow

from greatwheel.core.errors import Conflict, LeaseLost, NotFound
from greatwheel.core.ids import SessionId, TaskId
from greatwheel.core.tasks import ENDED, Ending, NewSession, SubmitTask, Task, TaskStatus
from greatwheel.database.connection import OrgConnection
from greatwheel.scheduler import limits
from greatwheel.scheduler.delivery import SQL, admit, answer_call, end, fetch
from greatwheel.scheduler.outcomes import CANCELLED, DEAD, CallOutcome, dead, reason_of
from greatwheel.scheduler.port import ChildOrder
from greatwheel.scheduler.retrying import LASTING, Retrying, may_pass, retry_refusal
from greatwheel.scheduler.rows import task_of
from greatwheel.scheduler.submission import Submission

CANCEL_CHANNEL = "greatwheel_cancel"
MOST = 1_000
"""Rows of one page."""


class TaskStore:
    """See the module for the contract."""

    def __init__(
        self, submission: Submission, *, retrying: Retrying | None = None, chance: random.Random | None = None
    ) -> None:
        self._submission = submission
        self._retrying = retrying or Retrying()
        self._chance = chance or random.Random()

    async def submit(self, conn: OrgConnection, order: SubmitTask, caller: Task | None = None) -> Task:
        """Queue a task for the agent's version of now; an earlier order with the same key gives its task.

        A `caller` is a task that orders it without waiting for it: its path and depth go on, and the new task may use
        no more than the caller has left.

        Raises:
            BadInput: the order is empty or too long, or asks for more than tasks of the agent may use.
            BudgetExceeded: the caller has nothing left, or the order above all has led to too many tasks.
            NotFound: no such agent, or no such session of that user.
            Conflict: the session has ended, has lost its key, or is another agent's.
            LimitReached: the organisation or the user may start no more tasks for now.
        """
        return await self._submission.submit(conn, order, caller)

    async def begin_session(self, conn: OrgConnection, order: NewSession) -> SessionId:
        """Make a session in which nothing was asked yet; an earlier order with the same key gives its session.

        Raises:
            NotFound: no such agent.
            Conflict: the agent has no version yet.
        """
        return await self._submission.begin_session(conn, order)

    async def submit_children(
        self, conn: OrgConnection, parent: Task, call: int, orders: Sequence[ChildOrder]
    ) -> list[Task]:
        """Queue the parts of a call of a running task, all for one agent, each in a session of its own.

        What the parent has left of its budget (`Task.usage`) is divided among them, some of it staying with it.

        Raises:
            LeaseLost: the parent is not that attempt's any more, or is to be cancelled.
            NotFound: no such agent.
            BudgetExceeded: nothing is left to divide, child loops would go too deep, or the order above all has led to
                too many tasks.
            LimitReached: the organisation or the user may start no more tasks for now.
        """
        return await self._submission.submit_children(conn, parent, call, orders)

    async def claim(self, conn: OrgConnection, task_id: TaskId) -> Task | None:
        """Begin an attempt at an admitted task; None when it is not admitted (any more)."""
        row = await fetch(conn, "claim", task=task_id)
        if row is None:
            return None
        if row["reserved"]:
            await limits.settle_unknown(conn, [task_id])
        return task_of(row)

    async def wait(self, conn: OrgConnection, task: Task) -> TaskStatus:
        """Give the place back until the calls that wait are answered; the state that the task has then.

        That is `waiting`, or `queued` when the answers came meanwhile, or `cancelled`.
        """
        row = await self._lock_running(conn, task)
        if row["cancel_requested"]:
            await end(conn, task.task_id, CANCELLED)
            status: TaskStatus = "cancelled"
        else:
            changed = await fetch(conn, "set_waiting", task=task.task_id)
            assert changed is not None
            status = changed["status"]
        await admit(conn)
        return status

    async def answer(
        self, conn: OrgConnection, task_id: TaskId, seq: int, answer: bytes | None, error: str | None = None
    ) -> bool:
        """Answer a call that waits (`runtime.journal.encoded`, or `Type: message`); False when it does not wait."""
        await conn.execute(SQL["lock_task"], {"task": task_id})
        if not await answer_call(conn, task_id, seq, CallOutcome(answer=answer, error=error)):
            return False
        await admit(conn)
        return True

    async def finish(self, conn: OrgConnection, task: Task, ending: Ending) -> None:
        """End a running task; its caller gets the answer or the error."""
        if task.parent_id is not None:
            await conn.execute(SQL["lock_task"], {"task": task.parent_id})
        if not await end(conn, task.task_id, ending, epoch=task.epoch):
            raise LeaseLost
        await admit(conn)

    async def fail_attempt(self, conn: OrgConnection, task: Task, error: BaseException) -> TaskStatus:
        """An attempt failed for a reason of the host's: try again later. Dead after the last attempt, or when all the
        others would fail in the same way."""
        row = await self._lock_running(conn, task)
        reason = reason_of(error)
        if row["cancel_requested"]:
            await end(conn, task.task_id, CANCELLED)
            status: TaskStatus = "cancelled"
        elif row["attempts"] >= row["max_attempts"] or not may_pass(error):
            code = error.code if isinstance(error, LASTING) else DEAD
            await end(conn, task.task_id, dead(reason, row["attempts"], code))
            status = "dead"
        else:
            delay = self._retrying.delay(row["attempts"], self._chance)
            await self._requeue(conn, task.task_id, delay=delay, error=reason)
            status = "queued"
        await admit(conn)
        return status

    async def give_back(self, conn: OrgConnection, task: Task) -> None:
        """A worker that stops gives a running task back; the attempt does not count."""
        row = await self._lock_running(conn, task)
        if row["cancel_requested"]:
            await end(conn, task.task_id, CANCELLED)
        else:
            await self._requeue(conn, task.task_id, uncounted=1)
        await admit(conn)

    async def take_over(self, conn: OrgConnection, task_id: TaskId) -> TaskStatus | None:
        """Queue a task whose worker is gone; dead when that was its last attempt. None: there is nothing to do."""
        row = await self._lock(conn, task_id)
        job = await fetch(conn, "has_live_job", task=task_id)
        status: TaskStatus = row["status"]
        if status not in {"admitted", "running"} or (job is not None and job["live"]):
            return None
        if row["cancel_requested"]:
            await end(conn, task_id, CANCELLED)
            status = "cancelled"
        elif status == "running" and row["attempts"] >= row["max_attempts"]:
            await end(conn, task_id, dead("Its worker was lost", row["attempts"]))
            status = "dead"
        else:
            await self._requeue(conn, task_id)
            status = "queued"
        await admit(conn)
        return status

    async def retry(self, conn: OrgConnection, task_id: TaskId) -> Task:
        """Queue a task that is dead (it goes on from its last boundary) or failed (it begins anew).

        Raises:
            NotFound: no such task.
            Conflict: it is neither, was called by another task, or its session is over.
        """
        row = await self._lock(conn, task_id)
        session = await fetch(conn, "is_session_over", session=row["session_id"])
        if refused := retry_refusal(row, session_over=session is None or session["over"]):
            raise Conflict(refused)
        anew = row["status"] == "failed"
        if anew:
            await conn.execute(SQL["forget_calls"], {"task": task_id})
            await conn.execute(SQL["detach_children"], {"task": task_id})
        queued = await fetch(conn, "retry_task", task=task_id, anew=anew)
        assert queued is not None
        await admit(conn)
        return task_of(queued)

    async def cancel(self, conn: OrgConnection, task_id: TaskId) -> Task:
        """Cancel a task and everything below it; what runs is told to stop, the rest ends at once.

        Raises:
            NotFound: no such task.
            Conflict: it has ended.
        """
        await self._cancel(conn, task_id)
        await admit(conn)
        return await self.get(conn, task_id)

    async def expire_waiting(self, conn: OrgConnection) -> bool:
        """Answer the call whose time has been over longest with a TimeoutError; False when there is none.

        A called agent that has not answered in time is cancelled. One to a transaction: the order of locks allows no
        more.
        """
        row = await fetch(conn, "expired_call")
        if row is None:
            return False
        await conn.execute(SQL["lock_task"], {"task": row["task_id"]})
        late = CallOutcome(answer=None, error="TimeoutError: nobody answered in time")
        if await answer_call(conn, row["task_id"], row["seq"], late):
            parts = await conn.execute(SQL["open_parts"], {"parent": row["task_id"], "call": row["seq"]})
            for part in await parts.fetchall():
                await self._cancel(conn, part["task_id"])
        await admit(conn)
        return True

    async def get(self, conn: OrgConnection, task_id: TaskId) -> Task:
        """The task. Raises NotFound."""
        row = await fetch(conn, "get_task", task=task_id)
        if row is None:
            raise _unknown(task_id)
        return task_of(row)

    async def list(
        self,
        conn: OrgConnection,
        *,
        status: TaskStatus | None = None,
        session: SessionId | None = None,
        agent: str | None = None,
        after: TaskId | None = None,
        limit: int = 50,
    ) -> list[Task]:
        """A page of tasks, newest first: those older than `after`."""
        values = {"status": status, "session": session, "agent": agent, "after": after, "limit": min(limit, MOST)}
        return [task_of(row) for row in await (await conn.execute(SQL["list_tasks"], values)).fetchall()]

    async def _lock(self, conn: OrgConnection, task_id: TaskId) -> DictRow:
        """The task's row, locked, its parent's before it."""
        rows = await (await conn.execute(SQL["lock_family"], {"task": task_id})).fetchall()
        if not rows or rows[-1]["task_id"] != task_id:
            raise _unknown(task_id)
        return rows[-1]

    async def _lock_running(self, conn: OrgConnection, task: Task) -> DictRow:
        row = await self._lock(conn, task.task_id)
        if row["status"] != "running" or row["epoch"] != task.epoch:
            raise LeaseLost
        return row

    async def _cancel(self, conn: OrgConnection, task_id: TaskId) -> None:
        tree = await self._lock_tree(conn, task_id)
        if task_id not in tree:
            ended = await self.get(conn, task_id)
            raise Conflict(f"The task {task_id} has ended: it is {ended.status}.")
        below = [row for row in tree.values() if row["task_id"] != tree[task_id]["parent_id"]]
        running = [row["task_id"] for row in below if row["status"] == "running"]
        await conn.execute(SQL["request_cancel"], {"tasks": running})
        for running_id in running:
            payload = f"{tree[running_id]['org_id']} {running_id}"
            await conn.execute(SQL["announce_cancel"], {"payload": payload})
        ending = [row["task_id"] for row in reversed(below) if row["status"] != "running"]
        await limits.settle_unknown(conn, ending)  # of all at once, for the order of locks
        for ended in ending:
            await end(conn, ended, CANCELLED)

    async def _lock_tree(self, conn: OrgConnection, task_id: TaskId) -> dict[TaskId, Any]:
        """The rows of a task and all below it that have not ended. Repeated until none was added meanwhile."""
        locked: dict[TaskId, Any] = {}
        while True:
            rows = await (await conn.execute(SQL["lock_tree"], {"task": task_id})).fetchall()
            found = {row["task_id"]: row for row in rows if row["status"] not in ENDED}
            if found.keys() == locked.keys():
                return found
            locked = found

    async def _requeue(
        self, conn: OrgConnection, task_id: TaskId, *, delay: float = 0.0, uncounted: int = 0, error: str | None = None
    ) -> None:
        await conn.execute(SQL["requeue"], {"task": task_id, "delay": delay, "uncounted": uncounted, "error": error})


def _unknown(task_id: TaskId) -> NotFound:
    return NotFound(f"There is no task {task_id} in this organisation.")
