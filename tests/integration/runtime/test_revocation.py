"""Tasks under way whose session loses its key, or whose user is disabled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from greatwheel.channels.services import ChannelServices
from greatwheel.core.clock import SystemClock
from greatwheel.core.errors import LeaseLost
from greatwheel.core.tasks import Task
from greatwheel.database.database import Database
from greatwheel.llm.port import ChatRequest
from greatwheel.runtime.group_commit import GroupCommit, Run
from greatwheel.runtime.journal import FRESH_SECONDS
from greatwheel.runtime.keeping import Keeping
from greatwheel.runtime.lifecycle import LiveSessions
from greatwheel.runtime.postgres import PostgresJournal
from greatwheel.runtime.services import Effect, Read, Record, Service, ServiceCall
from greatwheel.scheduler.worker import CANCEL_CHANNEL
from greatwheel.tenancy import session_keys
from greatwheel.tenancy.users import UserChange, update
from greatwheel.testing.models import ScriptedModel

from .conftest import make_task
from .office import ADA, Office, nothing

Taking = Callable[[Office, Task], Awaitable[None]]


async def _revoke(office: Office, task: Task) -> None:
    async with office.database.org(office.org_id) as conn:
        await session_keys.revoke(conn, task.session_id)


async def _disable(office: Office, task: Task) -> None:
    async with office.database.org(office.org_id) as conn:
        await conn.execute("insert into users (org_id, user_id, name, role) values (%s, 'adm', 'eve', 'admin')",
                           (office.org_id,))  # fmt: skip
        await update(conn, ADA, UserChange(disabled=True))


TAKING = pytest.mark.parametrize(("taking", "said"), [(_revoke, "was revoked"), (_disable, "is disabled")])


@dataclass
class World:
    """What the agent may call: an effect in which somebody takes its key away, and others that tell what they did."""

    office: Office
    taking: Taking
    served: list[str] = field(default_factory=list)

    def find(self, name: str) -> Service | None:
        match name:
            case "tool.provoke":
                return Effect(handle=self._provoke)
            case "memory.recall":
                return Read(handle=self._serve)
            case "memory.store":
                return Record(handle=self._record)
            case "tool.mail":
                return Effect(handle=self._serve)
        return ChannelServices().find(name)

    async def _provoke(self, call: ServiceCall) -> None:
        await self.taking(self.office, call.task)
        await asyncio.sleep(FRESH_SECONDS)

    async def _serve(self, call: ServiceCall) -> None:
        self.served.append(call.name)

    async def _record(self, connection: Any, call: ServiceCall) -> None:
        self.served.append(call.name)


CALLS = {
    "a model call": "llm_query('x')",
    "models in parallel": "batch_llm_query(['x', 'y'])",
    "an embedding": "llm.embed('x')",
    "a read": "memory.recall('x')",
    "a record": "memory.store('k', 'x')",
    "a message": "channel.send('x')",
    "a question": "channel.ask('x')",
    "an effect": "tool.mail()",
    "a checkpoint": "state.checkpoint()",
    "no call at all": "None",
}


@TAKING
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_task_ends_at_its_next_call(office: Office, taking: Taking, said: str, call: str) -> None:
    """Whatever that call is: nothing is asked or done, the guest can't catch it, and the task has failed and says why.

    One that calls nothing more has failed, too.
    """
    world = World(office, taking)
    office.outside = world  # type: ignore[assignment]
    office.source = f"""
def handle(task):
    tool.provoke()
    try:
        {call}
    except BaseException:
        pass
    return "went on"
"""
    task = await office.work(await office.submit())
    assert (task.status, task.error_code, task.answer) == ("failed", "access.key_refused", None)
    assert said in (task.error or "")
    assert (world.served, office.model.requests) == ([], [])
    async with office.database.org(office.org_id) as conn:
        events = await (await conn.execute("select type from task_events where type = 'message.sent'")).fetchall()
    assert events == []


@TAKING
async def test_a_loop_ends_before_its_next_step(office: Office, taking: Taking, said: str) -> None:
    """Its model is not asked for another block."""
    office.outside = World(office, taking)  # type: ignore[assignment]
    office.model = ScriptedModel(lambda request: "```python\ntool.provoke()\n```", capabilities=frozenset())
    task = await office.work(await office.submit())
    assert (task.status, task.error_code) == ("failed", "access.key_refused")
    assert said in (task.error or "")
    assert len(office.model.requests) == 1


@TAKING
async def test_a_task_that_has_not_begun_does_not(office: Office, taking: Taking, said: str) -> None:
    """No code of it runs."""
    office.source = "def handle(task):\n    return llm_query('x')"
    task = await office.submit()
    await taking(office, task)
    task = await office.work(task)
    assert (task.status, task.error_code) == ("failed", "access.key_refused")
    assert said in (task.error or "")
    assert office.model.requests == []


@TAKING
async def test_a_call_under_way_is_stopped_at_once(
    office: Office, commits: GroupCommit, taking: Taking, said: str
) -> None:
    """The worker hears of it, and does not wait for the model; the task has failed and says why."""
    asked = asyncio.Event()

    async def author(request: ChatRequest) -> str:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError("it waits until it is stopped")

    office.model = ScriptedModel(author)
    office.source = "def handle(task):\n    return llm_query('x')"
    task = await office.submit()
    runner = office.runner(commits, LiveSessions(SystemClock(), nothing))
    listens, heard = asyncio.Event(), list[str]()

    async def listen() -> None:
        async for notification in office.database.listen(CANCEL_CHANNEL):
            listens.set()
            if notification.payload:
                heard.append(notification.payload)
                runner.cancel(task.task_id)

    listening = asyncio.create_task(listen())
    try:
        attempt = asyncio.create_task(office.attempt(runner, task))
        await asked.wait()
        await listens.wait()
        await taking(office, task)
        async with asyncio.timeout(10):
            await attempt
    finally:
        listening.cancel()
    assert heard == [f"{office.org_id} {task.task_id}"]
    task = await office.get(task)
    assert (task.status, task.error_code) == ("failed", "access.key_refused")
    assert said in (task.error or "")


async def test_a_busy_run_asks_nothing_extra(
    database: Database, commits: GroupCommit, journal: PostgresJournal, run: Run
) -> None:
    """What its rows' commits have found out counts; a revoked run is refused by the first that finds it out."""
    await journal.live()
    asked = commits.live_since(run)
    await asyncio.sleep(FRESH_SECONDS)
    journal.event("message.sent", {"text": "x"})
    await journal.committed()
    assert commits.live_since(run) > asked
    async with database.org(run.org_id) as conn:
        await conn.execute("update sessions set session_key = null")
    journal.event("message.sent", {"text": "y"})
    for refused in (journal.committed, journal.live):
        with pytest.raises(LeaseLost):
            await refused()
    commits.forget(run)
    with pytest.raises(LeaseLost):
        await journal.live()


async def test_one_question_is_asked_for_all_runs(
    database: Database, commits: GroupCommit, keeping: Keeping, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs that are busy together wait for one answer; the one that may not go on learns it by its own question."""
    async with database.org(run.org_id) as conn:
        runs = [run, *[await make_task(conn, run.org_id) for _ in range(9)]]
    journals = [PostgresJournal(database, commits, each, keeping, None) for each in runs]
    for each in journals:
        await each.live()
    asked = [commits.live_since(each) for each in runs]
    async with database.org(run.org_id) as conn:
        await conn.execute(
            "update sessions set session_key = null"
            " where session_id in (select session_id from tasks where task_id = %s)",
            (runs[-1].task_id,),
        )
    await asyncio.sleep(FRESH_SECONDS)
    questions = 0
    ask = PostgresJournal._ask

    async def counted(journal: PostgresJournal) -> None:
        nonlocal questions
        questions += 1
        await ask(journal)

    monkeypatch.setattr(PostgresJournal, "_ask", counted)
    *_, last = await asyncio.gather(*[each.live() for each in journals], return_exceptions=True)
    assert isinstance(last, LeaseLost)
    assert questions == 2
    assert all(commits.live_since(each) > before for each, before in zip(runs[:-1], asked, strict=False))
