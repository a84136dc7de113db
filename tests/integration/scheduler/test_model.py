"""Random operations, on Postgres and on a model of what they mean."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greatwheel.core.ids import new_id
from greatwheel.core.tasks import ENDED, Task
from greatwheel.database.database import Database
from greatwheel.scheduler import limits
from greatwheel.scheduler.port import ChildOrder

from .office import Office, ask, make_office

PLACES = 2


@dataclass(eq=False)
class Entry:
    """A task of the model."""

    real: Task
    age: int
    priority: int = 0
    parent: Entry | None = None
    call: int | None = None
    status: str = "queued"
    begun: bool = False
    stopping: bool = False
    awaits: set[int] = field(default_factory=set)

    @property
    def open(self) -> bool:
        return self.status not in ENDED


@dataclass
class Model:
    """What the states should be."""

    entries: list[Entry] = field(default_factory=list)
    ages: itertools.count[int] = field(default_factory=itertools.count)

    def add(self, real: Task, **more: object) -> Entry:
        entry = Entry(real=real, age=next(self.ages), **more)  # type: ignore[arg-type]
        self.entries.append(entry)
        return entry

    def admit(self) -> None:
        while sum(entry.status in {"admitted", "running"} for entry in self.entries) < PLACES:
            ready = [entry for entry in self.entries if entry.status == "queued" and not self._held(entry)]
            if not ready:
                return
            min(ready, key=lambda entry: (-entry.priority, entry.age)).status = "admitted"

    def _held(self, entry: Entry) -> bool:
        """Another task of the session goes first."""
        for other in self.entries:
            if other is entry or other.real.session_id != entry.real.session_id:
                continue
            if other.status in {"admitted", "running", "waiting"}:
                return True
            if other.status == "queued" and other.begun and (not entry.begun or other.age < entry.age):
                return True
        return False

    def end(self, entry: Entry, status: str) -> None:
        entry.status = status
        parent = entry.parent
        if parent is None or entry.call is None:
            return
        if any(other.open for other in self.entries if other.parent is parent and other.call == entry.call):
            return
        self.answer(parent, entry.call)

    def answer(self, entry: Entry, call: int) -> None:
        if call in entry.awaits:
            entry.awaits.discard(call)
            if entry.status == "waiting" and not entry.awaits:
                entry.status = "queued"

    def below(self, top: Entry) -> list[Entry]:
        found = [top]
        for entry in found:
            found += [other for other in self.entries if other.parent is entry]
        return [entry for entry in found if entry.open]

    def stop_or_queue(self, entry: Entry) -> None:
        if entry.stopping:
            self.end(entry, "cancelled")
        else:
            entry.status = "queued"

    def cancel(self, top: Entry) -> None:
        for entry in reversed(self.below(top)):
            if entry.status == "running":
                entry.stopping = True
            else:
                self.end(entry, "cancelled")

    def retry(self, entry: Entry) -> None:
        if entry.status == "failed":
            entry.begun = False
            entry.awaits.clear()
            for other in self.entries:
                if other.parent is entry:
                    other.call = None
        entry.status, entry.age, entry.stopping = "queued", next(self.ages), False


WEIGHTS = {
    "submit": 2, "again": 4, "claim": 5, "ask": 3, "answer": 2, "finish": 2, "fail": 1, "die": 1, "call": 2,
    "give_back": 3, "cancel": 1, "retry": 1,
}  # fmt: skip
NAMES = st.sampled_from([name for name, weight in WEIGHTS.items() for _ in range(weight)])
OPERATIONS = st.lists(st.tuples(NAMES, st.integers(0, 5), st.integers(0, 2)), min_size=25, max_size=50)


LEFT_BEHIND = """
select t.task_id, t.status from tasks t join sessions s on s.session_id = t.session_id
where case when t.status in ('done', 'failed', 'dead', 'cancelled') then
  (t.boundary is not null and (t.status <> 'dead' or t.parent_id is not null))
  or (t.parent_id is not null and s.status <> 'ended')
  or exists (select from limit_reservations r where r.task_id = t.task_id)
else s.status = 'ended' end
"""
"""Tasks that have ended and left something that nobody can use, or that go on without what they need."""
SET_ASIDE = """
select
  (select coalesce(sum(reserved), 0) from rate_limit_counters where user_id = '' and period = 'day') as counted,
  (select coalesce(sum(tokens), 0) from limit_reservations) as reserved
"""


class Player:
    """Plays one operation on both."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.model = Model()
        self.calls = itertools.count(1)

    async def play(self, operation: str, which: int, how: int) -> None:
        match operation:
            case "submit":
                self.model.add(await self.office.submit(priority=how), priority=how)
            case "again" if entry := self._pick(which, *ENDED, "queued", "waiting", "running", "admitted"):
                if entry.parent is None:
                    task = await self.office.submit(priority=how, session_id=entry.real.session_id)
                    self.model.add(task, priority=how)
            case "claim" if entry := self._pick(which, "admitted"):
                entry.real = await self.office.claim(entry.real)
                entry.status, entry.begun = "running", True
                await self._leave_traces(entry.real)
            case "retry" if (entry := self._pick(which, "failed", "dead")) and entry.parent is None:
                async with self.office.conn() as conn:
                    await self.office.tasks.retry(conn, entry.real.task_id)
                self.model.retry(entry)
            case "cancel" if entry := self._pick(which, "queued", "admitted", "running", "waiting"):
                async with self.office.conn() as conn:
                    await self.office.tasks.cancel(conn, entry.real.task_id)
                self.model.cancel(entry)
            case "answer" if entry := self._pick(which, "waiting"):
                await self._answer(entry)
            case _ if entry := self._pick(which, "running"):
                await self._play_running(operation, entry, how)
        self.model.admit()

    async def _leave_traces(self, task: Task) -> None:
        """What an attempt leaves: a boundary, a key of its session, tokens set aside."""
        async with self.office.conn() as conn:
            await limits.reserve(conn, task, 1, 5)
            await conn.execute("update tasks set boundary = '{}' where task_id = %s", (task.task_id,))
            await conn.execute(
                "update sessions set session_key = session_id::bytea where session_id = %s", (task.session_id,)
            )

    async def _play_running(self, operation: str, entry: Entry, how: int) -> None:
        match operation:
            case "finish" | "fail" | "die":
                status = {"finish": "done", "fail": "failed", "die": "dead"}[operation]
                await self.office.finish(entry.real, status, answer="x")
                self.model.end(entry, status)
            case "give_back":
                async with self.office.conn() as conn:
                    await self.office.tasks.give_back(conn, entry.real)
                self.model.stop_or_queue(entry)
            case "ask":
                seq = next(self.calls)
                await self.office.ask(entry.real, seq)
                await self._wait(entry, seq)
            case "call" if not entry.stopping and entry.real.depth < 3:
                await self._call(entry, parts=how + 1)

    async def _call(self, entry: Entry, parts: int) -> None:
        seq = next(self.calls)
        async with self.office.conn() as conn:
            orders = [ChildOrder(input="part")] * parts
            children = await self.office.tasks.submit_children(conn, entry.real, seq, orders)
            await ask(conn, entry.real, seq, "batch_rlm_query")
        for child in children:
            self.model.add(child, parent=entry, call=seq, priority=entry.priority)
        self.model.admit()
        await self._wait(entry, seq)

    async def _wait(self, entry: Entry, seq: int) -> None:
        entry.awaits.add(seq)
        await self.office.wait(entry.real)
        if entry.stopping:
            self.model.end(entry, "cancelled")
        else:
            entry.status = "waiting"

    async def _answer(self, entry: Entry) -> None:
        seq = min(entry.awaits)
        if not any(child.parent is entry and child.call == seq for child in self.model.entries):
            await self.office.answer(entry.real, seq)
            self.model.answer(entry, seq)

    def _pick(self, which: int, *statuses: str) -> Entry | None:
        fitting = [entry for entry in self.model.entries if entry.status in statuses]
        return fitting[which % len(fitting)] if fitting else None

    async def states(self) -> list[str]:
        """Of all tasks, as Postgres has them."""
        rows = await self.office.rows("select task_id, status from tasks")
        by_id = {row["task_id"]: row["status"] for row in rows}
        return [by_id[entry.real.task_id] for entry in self.model.entries]


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(operations=OPERATIONS)
async def test_random_operations_leave_the_states_that_the_model_says(
    database: Database, operations: list[tuple[str, int, int]]
) -> None:
    """Whatever is done in whatever order, each task is in the state that the rules give it, and leaves nothing."""
    office = await make_office(database, new_id("org"), concurrency=PLACES)
    player = Player(office)
    for operation, which, how in operations:
        await player.play(operation, which, how)
        assert await player.states() == [entry.status for entry in player.model.entries], (operation, which, how)
    assert await office.rows(LEFT_BEHIND) == []
    [counted] = await office.rows(SET_ASIDE)
    assert counted["counted"] == counted["reserved"]
    async with database.system() as conn:
        sql = "select count(*) as n from procrastinate_jobs where args ->> 'org' = %s"
        jobs = await (await conn.execute(sql, (office.org,))).fetchone()
    assert jobs is not None
    assert jobs["n"] >= sum(entry.status in {"admitted", "running"} for entry in player.model.entries)
