"""The `Wheel` of a server's own process."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from greatwheel.channels.http import following, ordering
from greatwheel.channels.http.bodies import NewTask, TaskFacts
from greatwheel.channels.http.cursors import cursor_of, read_cursor
from greatwheel.channels.http.routes.sessions import SessionEntry, SessionFacts
from greatwheel.channels.http.statements import SQL as API
from greatwheel.channels.http.visits import Visit
from greatwheel.channels.mcp.grants import usable
from greatwheel.channels.mcp.port import Ended, Facts, Happening, Order, Quiet, Told
from greatwheel.channels.questions import answer_question
from greatwheel.core.errors import NotFound
from greatwheel.core.ids import SessionId, TaskId
from greatwheel.database import queries
from greatwheel.runtime import sessions

SQL = queries.load(__file__)
QUIET_SECONDS = 1.0
LONGEST_SECONDS = 1_800.0
PAGE = 50


class InHouse:
    """See the port."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit

    @property
    def stopping(self) -> bool:
        """See the port."""
        return self._visit.news.over

    async def agents(self) -> Sequence[Facts]:
        """See the port."""
        found = await self._visit.parts.registry.list(self._visit.org_id)
        grants = self._visit.principal.grants
        return [{"name": agent.name, "description": agent.description} for agent in found if usable(grants, agent.name)]

    async def submit(self, order: Order) -> Facts:
        """See the port."""
        wanted = NewTask(
            input=order.input, agent=order.agent, context=order.context, session_id=order.session_id
        )  # fmt: skip
        return _facts(TaskFacts.of(await ordering.submit(self._visit, wanted, wanted.input, None)))

    async def task(self, task_id: str) -> Facts:
        """See the port."""
        async with self._visit.org() as conn:
            return _facts(TaskFacts.of(await self._visit.task(conn, TaskId(task_id))))

    async def watch(self, task_id: str, after: int) -> AsyncGenerator[Happening]:
        """See the port."""
        happenings = following.follow(
            self._visit, TaskId(task_id), after, quiet_seconds=QUIET_SECONDS, most_seconds=LONGEST_SECONDS
        )
        async with aclosing(happenings):
            async for each in happenings:
                match each:
                    case following.Told():
                        yield Told(id=each.id, type=each.type, data=each.data)
                    case following.Over():
                        yield Ended(task=_facts(each.task))
                    case following.Quiet():
                        yield Quiet()

    async def questions(self, task_id: str) -> Sequence[Facts]:
        """See the port."""
        values = {"org": self._visit.org_id, "task": task_id}
        async with self._visit.org() as conn:
            return await (await conn.execute(SQL["tree_questions"], values)).fetchall()

    async def answer(self, task_id: str, text: str, call: int | None) -> None:
        """See the port."""
        visit = self._visit
        async with visit.org() as conn:
            await visit.task(conn, TaskId(task_id))
        async with visit.org() as conn:
            await answer_question(conn, visit.org_id, visit.parts.tasks, TaskId(task_id), text, call=call)

    async def cancel(self, task_id: str) -> None:
        """See the port."""
        async with self._visit.org() as conn:
            await self._visit.task(conn, TaskId(task_id))
        async with self._visit.org() as conn:
            await self._visit.parts.tasks.cancel(conn, TaskId(task_id))

    async def sessions(self, cursor: str | None) -> tuple[Sequence[Facts], str | None]:
        """See the port."""
        at, key = read_cursor(cursor)
        values = {
            "org": self._visit.org_id, "user": self._visit.user_id, "status": None, "agent": None, "search": None,
            "roots": True, "chars": 100, "at": at, "key": key, "limit": PAGE + 1,
        }  # fmt: skip
        async with self._visit.org() as conn:
            rows = await (await conn.execute(API["list_sessions"], values)).fetchall()
        items = [SessionEntry(**row) for row in rows[:PAGE]]
        more = len(rows) > PAGE
        facts = [item.model_dump(mode="json") for item in items]
        return facts, cursor_of(items[-1].created_at, items[-1].session_id) if more else None

    async def session(self, session_id: str) -> Facts:
        """See the port."""
        visit = self._visit
        values = {"org": visit.org_id, "session": session_id, "user": visit.user_id}
        async with visit.org() as conn:
            row = await (await conn.execute(API["get_session"], values)).fetchone()
            if row is None:
                raise NotFound(f"There is no session {session_id} of yours.")
            variables = await sessions.variables(conn, visit.org_id, SessionId(session_id))
        return {**SessionFacts.of(row).model_dump(mode="json"), "variables": variables}


def _facts(task: TaskFacts) -> Facts:
    return task.model_dump(mode="json")
