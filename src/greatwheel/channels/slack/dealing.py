"""Deals with Slack's events: of each app one after the other, each in one transaction with all that it changes.

event ──► answers the question that waits in its thread
      ──► or is a task, in the session of its user and thread
      ──► or is nothing: people talk to each other
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from greatwheel.channels.questions import answer_question, open_questions
from greatwheel.channels.slack.events import Message
from greatwheel.channels.slack.statements import SQL
from greatwheel.core.clock import Clock
from greatwheel.core.errors import GreatwheelError, PermissionDenied
from greatwheel.core.ids import OrgId, SessionId, TaskId, UserId, new_id
from greatwheel.core.tasks import SubmitTask
from greatwheel.database.connection import OrgConnection
from greatwheel.database.database import Database
from greatwheel.database.errors import as_ours
from greatwheel.scheduler.retrying import Retrying
from greatwheel.scheduler.tasks import TaskStore

LOG = logging.getLogger("greatwheel.errands")
RETRYING = Retrying(max_attempts=8, base_seconds=1.0, cap_seconds=60.0)
_FORGET_SECONDS = 3_600.0
_SERVERS_FAULT = 500
_AT_ONCE = 4
"""Organisations whose events a process deals with at a time."""
_IN_A_ROW = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """Where something was said, and for whom."""

    org_id: OrgId
    slack_id: str
    agent: str | None
    user_id: UserId
    message: Message

    @property
    def values(self) -> dict[str, Any]:
        """For statements."""
        said = self.message
        return {
            "org": self.org_id, "slack": self.slack_id, "user": self.user_id, "channel": said.channel, "ts": said.ts,
            "thread": said.thread,
        }  # fmt: skip


class SlackErrands:
    """See the module, and `webhooks.courier.Errands`."""

    def __init__(self, database: Database, tasks: TaskStore, clock: Clock, retrying: Retrying = RETRYING) -> None:
        self._database = database
        self._tasks = tasks
        self._clock = clock
        self._retrying = retrying
        self._chance = random.Random()
        self._forget_at = 0.0
        self._under_way: set[OrgId] = set()
        self._again: set[OrgId] = set()

    async def look(self, group: asyncio.TaskGroup, wake: asyncio.Event) -> None:
        """Begin with each organisation that has events, as far as there is room."""
        await self._forget()
        async with self._database.system() as conn:
            rows = await (await conn.execute(SQL["orgs_with_events"])).fetchall()
        for org_id in [OrgId(row["org_id"]) for row in rows]:
            if org_id in self._under_way:
                self._again.add(org_id)
            elif len(self._under_way) < _AT_ONCE:
                self._under_way.add(org_id)
                group.create_task(self._deal_all(org_id, wake))

    async def _deal_all(self, org_id: OrgId, wake: asyncio.Event) -> None:
        """Deal with an organisation's events; of many with some, so that the others have their turn."""
        try:
            for _ in range(_IN_A_ROW):
                if not await self._deal(org_id):
                    break
            else:
                wake.set()
        except Exception as error:
            LOG.warning("events of Slack wait", exc_info=error)
        finally:
            self._under_way.discard(org_id)
            if org_id in self._again:  # something came at the last moment
                self._again.discard(org_id)
                wake.set()

    async def _deal(self, org_id: OrgId) -> bool:
        """Deal with the oldest event of an app, if no other worker is at it; whether there was one."""
        values: dict[str, Any] = {"org": org_id}
        attempts = 0
        try:
            async with self._database.org(org_id) as conn:
                app = await (await conn.execute(SQL["lock_app"], values)).fetchone()
                if app is None:
                    return False
                values["slack"] = app["slack_id"]
                event = await (await conn.execute(SQL["oldest_event"], values)).fetchone()
                if event is None or not event["due"]:
                    return False
                values["event"], attempts = event["event_id"], event["attempts"] + 1
                await self._act(conn, org_id, app, Message(**event["body"]))
                await conn.execute(SQL["close_event"], values)
        except Exception as error:
            if attempts == 0:
                raise
            LOG.warning("an event of Slack was not dealt with, the attempt was number %d", attempts, exc_info=error)
            await self._put_off(org_id, values, attempts)
        return True

    async def _put_off(self, org_id: OrgId, values: Mapping[str, Any], attempts: int) -> None:
        """Try again with an event after a while; after the last attempt pass it over, for those behind it."""
        async with self._database.org(org_id) as conn:
            if attempts >= self._retrying.max_attempts:
                await conn.execute(SQL["close_event"], values)
            else:
                delay = self._retrying.delay(attempts, self._chance)
                await conn.execute(SQL["put_off_event"], {**values, "attempts": attempts, "delay": delay})

    async def _act(self, conn: OrgConnection, org_id: OrgId, app: Mapping[str, Any], message: Message) -> None:
        """Do what a message asks for. What can't be done for a lasting reason is told in its thread."""
        default = None if message.foreign else app["default_user"]
        values = {
            "org": org_id, "slack": app["slack_id"], "slack_user": message.user, "default_user": default,
        }  # fmt: skip
        user = await (await conn.execute(SQL["acting_user"], values)).fetchone()
        user_id = UserId("") if user is None else user["user_id"]
        place = _Place(org_id=org_id, slack_id=app["slack_id"], agent=app["agent"], user_id=user_id, message=message)
        try:
            async with conn.transaction():
                await self._carry_out(conn, place, known=user is not None and not user["disabled"])
        except (GreatwheelError, psycopg.Error) as raised:
            error = raised if isinstance(raised, GreatwheelError) else as_ours(raised)
            if error.retryable or error.http_status >= _SERVERS_FAULT:
                raise
            await _notice(conn, place, str(error))

    async def _carry_out(self, conn: OrgConnection, place: _Place, *, known: bool) -> None:
        row = await (await conn.execute(SQL["thread"], place.values)).fetchone()
        session = None if row is None else SessionId(row["session_id"])
        asked = None
        if session is not None:
            values = {**place.values, "session": session}
            asked = await (await conn.execute(SQL["waiting_question"], values)).fetchone()
        if asked is None and not place.message.to_us:
            return  # people talk to each other
        if await (await conn.execute(SQL["act_on"], place.values)).fetchone() is None:
            return  # another event told of the same message
        if not known:
            raise PermissionDenied(
                f"You can't use this here: ask an admin to let your Slack id, {place.message.user}, act for a user."
            )
        if asked is not None:
            await self._answer(conn, place, TaskId(asked["task_id"]), asked["call"])
        else:
            await self._submit(conn, place, session)

    async def _answer(self, conn: OrgConnection, place: _Place, task_id: TaskId, call: int) -> None:
        """Answer a question; of its choices the one that was meant, whatever its case."""
        text = place.message.text
        for question in await open_questions(conn, place.org_id, task=task_id):
            if question.call == call:
                meant = [each for each in question.choices or () if each.strip().casefold() == text.casefold()]
                text = meant[0] if meant else text
        await answer_question(conn, place.org_id, self._tasks, task_id, text, call=call)

    async def _submit(self, conn: OrgConnection, place: _Place, session: SessionId | None) -> None:
        """Queue a task; a session that goes on keeps its agent."""
        order = SubmitTask(
            user_id=place.user_id,
            input=place.message.text,
            agent=place.agent if session is None else None,
            session_id=session,
        )
        task = await self._tasks.submit(conn, order)
        if session is None:
            await conn.execute(SQL["begin_thread"], {**place.values, "session": task.session_id})

    async def _forget(self) -> None:
        if self._clock.monotonic() < self._forget_at:
            return
        self._forget_at = self._clock.monotonic() + _FORGET_SECONDS
        async with self._database.system() as conn:
            await conn.execute(SQL["forget"])


async def _notice(conn: OrgConnection, place: _Place, text: str) -> None:
    """Post something into the thread that no task said."""
    values = {
        "org": place.org_id, "slack": place.slack_id, "delivery": new_id("msg"), "lane": lane_of(place.message),
        "payload": Jsonb({"type": "notice", "data": {"text": text}}),
    }  # fmt: skip
    await conn.execute(SQL["notice"], values)
    await conn.execute(SQL["wake"])


def lane_of(message: Message) -> str:
    """The thread, as deliveries have it."""
    return f"{message.channel} {message.thread}"
