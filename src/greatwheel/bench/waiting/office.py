"""Orders tasks, answers questions, and looks at what is stored: the measuring side of the benchmark."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from greatwheel.bench.tenant import new_tenant
from greatwheel.channels.questions import answer_question
from greatwheel.core.ids import OrgId, SessionId, TaskId, UserId
from greatwheel.core.tasks import SubmitTask
from greatwheel.database import queries
from greatwheel.database.connection import OrgConnection
from greatwheel.registry.agents import DefineAgent, Inline
from greatwheel.server.assembly import Installation

SQL = queries.load(__file__)
AGENT = "asker"
SOURCE = """
def handle(task):
    if task["input"] == "again":
        return llm_query("back again?")
    notes = [llm_query("what to ask?")]
    reply = channel.ask("Shall I go on?")
    return notes + [llm_query(reply)]
"""
"""A model call, a question to a person, and a model call once it is answered; later tasks call the model at once."""
AGAIN = "again"
_TOGETHER = 25
"""Orders of one transaction."""
_BEHIND = 150
"""Tasks that are queued at most: a longer queue would measure itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Office:
    """An organisation with one user and one agent."""

    installation: Installation
    org: OrgId
    user: UserId

    async def bring_to_wait(self, count: int, already: int, *, seconds: float) -> None:
        """Order tasks until so many more wait. Raises TimeoutError when it takes too long."""
        ordered = 0
        async with asyncio.timeout(seconds):
            while (waiting := await self._count("waiting") - already) < count:
                room = min(_BEHIND - (ordered - waiting), count - ordered, _TOGETHER)
                if room > 0:
                    await self._order(room)
                    ordered += room
                else:
                    await asyncio.sleep(0.05)

    async def waiting(self) -> list[tuple[TaskId, SessionId]]:
        """The tasks that wait, with their sessions."""
        return [(row["task_id"], row["session_id"]) for row in await self._rows("waiting_tasks")]

    async def answer(self, task: TaskId) -> float:
        """Answer a task's question, and wait for the task's end; when the answer was committed."""
        async with self._conn() as conn:
            await answer_question(conn, self.org, self.installation.tasks, task, "go on")
        committed = time.monotonic()
        await self.ended([task])
        return committed

    async def order_again(self, session: SessionId) -> tuple[TaskId, float]:
        """A further task of the session, carried out; and when it was ordered."""
        async with self._conn() as conn:
            order = SubmitTask(user_id=self.user, input=AGAIN, session_id=session)
            task = await self.installation.tasks.submit(conn, order)
        ordered = time.monotonic()
        await self.ended([task.task_id])
        return task.task_id, ordered

    async def ended(self, tasks: Sequence[TaskId], *, seconds: float = 60.0) -> None:
        """Wait until the tasks have ended well. Raises RuntimeError when one has not."""
        async with asyncio.timeout(seconds):
            while True:
                rows = await self._rows("ended_tasks", tasks=list(tasks))
                if bad := [row for row in rows if row["status"] != "done"]:
                    raise RuntimeError(f"a measured task is {bad[0]['status']}: {bad[0]['error']}")
                if rows and rows[0]["count"] == len(tasks):
                    return
                await asyncio.sleep(0.02)

    async def database_bytes(self) -> int:
        """What the whole database takes."""
        return int((await self._rows("database_bytes"))[0]["bytes"])

    async def row_bytes(self) -> Mapping[str, int]:
        """What the rows take, by table."""
        return {row["name"]: int(row["bytes"]) for row in await self._rows("row_bytes")}

    async def _order(self, count: int) -> None:
        async with self._conn() as conn:
            for _ in range(count):
                await self.installation.tasks.submit(conn, SubmitTask(user_id=self.user, input="begin", agent=AGENT))

    async def _count(self, status: str) -> int:
        return int((await self._rows("count_status", status=status))[0]["count"])

    async def _rows(self, name: str, **values: Any) -> list[dict[str, Any]]:
        async with self._conn() as conn:
            return await (await conn.execute(SQL[name], values)).fetchall()

    def _conn(self) -> AbstractAsyncContextManager[OrgConnection]:
        return self.installation.database.org(self.org)


async def opened_office(installation: Installation, *, concurrency: int) -> Office:
    """A new organisation."""
    agent = DefineAgent(name=AGENT, origin=Inline(source=SOURCE))
    org, user = await new_tenant(installation, agent, concurrency=concurrency)
    return Office(installation=installation, org=org, user=user)
