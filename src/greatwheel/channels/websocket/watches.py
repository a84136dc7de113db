"""The tasks that one connection follows."""

from __future__ import annotations

import logging
from contextlib import aclosing
from typing import assert_never

from anyio import CancelScope
from anyio.abc import TaskGroup

from greatwheel.channels.http.following import Happening, Over, Quiet, Told, follow
from greatwheel.channels.http.visits import Visit
from greatwheel.channels.websocket.line import Line
from greatwheel.channels.websocket.messages import MOST_WATCHES
from greatwheel.core.errors import GreatwheelError, LimitReached
from greatwheel.core.ids import TaskId

LOG = logging.getLogger("greatwheel.websocket")
_QUIET_SECONDS = 60.0


class Watches:
    """Tells the client what happens in tasks, each from its place on. Whether it may see them was looked at before."""

    def __init__(self, line: Line, visit: Visit, group: TaskGroup) -> None:
        self._line = line
        self._visit = visit
        self._group = group
        self._scopes: dict[TaskId, CancelScope] = {}

    def require_room(self, task_id: TaskId | None = None) -> None:
        """Go on if one more task can be followed, or that one is already. Raises LimitReached."""
        if task_id not in self._scopes and len(self._scopes) >= MOST_WATCHES:
            raise LimitReached(f"A connection follows {MOST_WATCHES} tasks at a time; unwatch one, or open another.")

    def begin(self, task_id: TaskId, after: int) -> None:
        """Tell what happens after that event; a task that is followed already is followed from there."""
        self.require_room(task_id)
        self.end(task_id)
        scope = self._scopes[task_id] = CancelScope()
        self._group.start_soon(self._tell, task_id, after, scope)

    def end(self, task_id: TaskId) -> None:
        """Tell no more of it."""
        scope = self._scopes.pop(task_id, None)
        if scope is not None:
            scope.cancel()

    async def _tell(self, task_id: TaskId, after: int, scope: CancelScope) -> None:
        try:
            with scope:
                await self._follow(task_id, after)
        except GreatwheelError as error:
            await self._line.refuse(error, task_id=task_id)
        except Exception:
            LOG.exception("a task's events can't be told")
            await self._line.refuse(GreatwheelError(), task_id=task_id)
        finally:
            if self._scopes.get(task_id) is scope:
                del self._scopes[task_id]

    async def _follow(self, task_id: TaskId, after: int) -> None:
        happenings = follow(self._visit, task_id, after, quiet_seconds=_QUIET_SECONDS)
        async with aclosing(happenings):
            async for happening in happenings:
                await self._say(task_id, happening)

    async def _say(self, task_id: TaskId, happening: Happening) -> None:
        match happening:
            case Told(type="question.asked"):
                await self._line.say("question", None, **{**happening.data, "task_id": task_id, "id": happening.id})
            case Told():
                await self._line.say(
                    "event", task_id=task_id, id=happening.id, event=happening.type, data=happening.data
                )
            case Over():
                self._scopes.pop(task_id, None)  # it makes room before the client can hear of it
                await self._line.say("ended", task_id=task_id, task=happening.task.model_dump(mode="json"))
            case Quiet():
                pass  # the server's pings keep the connection alive
            case _:
                assert_never(happening)
