"""Master keys that are rotated and session keys that are revoked, while tasks are under way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from greatwheel.bus.children import ChildServices
from greatwheel.core.errors import Conflict, SealBroken
from greatwheel.core.ids import OrgId
from greatwheel.core.tasks import Task
from greatwheel.database.database import Database
from greatwheel.runtime import points, sessions
from greatwheel.runtime.keeping import reseal_kept
from greatwheel.runtime.postgres import PostgresStore, connector
from greatwheel.runtime.services import Service
from greatwheel.server.composition import open_engine
from greatwheel.tenancy import session_keys
from greatwheel.tenancy.key_format import hash_session_key
from greatwheel.tenancy.master_keys import KeyFile, add_key
from greatwheel.tenancy.sealing import Sealer
from greatwheel.testing.models import ScriptedModel

from .conftest import make_agent
from .office import Dying, Office, Outside

SOURCE = """
def handle(task):
    keys = [SESSION_KEY]
    llm_query(keys[0])
    if task["input"] != "short":
        channel.ask("Go on?")
    keys.append(SESSION_KEY)
    return keys + [len(context) if task["context"] else 0]
"""


@dataclass
class WithChildren(Outside):
    """Child loops, too."""

    children: ChildServices | None = None

    def find(self, name: str) -> Service | None:
        assert self.children is not None
        return self.children.find(name) or super().find(name)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """Of the master keys."""
    return tmp_path / "master.key"


@pytest.fixture
async def office(database: Database, org_id: OrgId, key_file: Path) -> AsyncIterator[Office]:
    """An office whose sealer reads its keys from a file."""
    async with database.org(org_id) as conn:
        await make_agent(conn, org_id)
    engine = open_engine("monty")
    model = ScriptedModel(lambda request: request.messages[-1].content.upper())
    yield Office(
        database=database, org_id=org_id, sealer=Sealer(KeyFile(key_file)), engine=engine, outside=Outside(),
        model=model, source=SOURCE,
    )  # fmt: skip
    await engine.close()


async def _key_is_valid(office: Office, task: Task, key: str) -> bool:
    async with office.database.org(office.org_id) as conn:
        session = await sessions.get(conn, office.org_id, task.session_id)
    return session.key_hash == hash_session_key(key)


async def _rotate(office: Office) -> int:
    return await reseal_kept(office.database, office.org_id, office.sealer)


async def _blobs(office: Office) -> list[bytes]:
    async with office.database.org(office.org_id) as conn:
        return [row["data"] for row in await (await conn.execute("select data from blobs")).fetchall()]


@pytest.mark.parametrize("resealed", [False, True], ids=["added", "resealed"])
async def test_a_waiting_task_goes_on_after_a_rotation(office: Office, key_file: Path, resealed: bool) -> None:
    """Its dump and its context open, its key is still the one it had and valid; what is kept next has the new key."""
    task = await office.work(await office.submit(context="x" * 100_000))
    assert task.status == "waiting"
    add_key(key_file)
    if resealed:
        assert await _rotate(office) == len(await _blobs(office)) == 2
        assert await _rotate(office) == 0
        assert all(map(office.sealer.is_newest, await _blobs(office)))
    await office.answer(task, "yes")
    task = await office.work(task)
    assert (task.status, task.error) == ("done", None)
    first, second, chars = task.result
    assert first == second
    assert chars == 100_000
    assert await _key_is_valid(office, task, first)
    again = await office.work(await office.submit("short", session_id=task.session_id))
    assert again.result == [first, first, 100_000]
    await _rotate(office)
    assert all(map(office.sealer.is_newest, await _blobs(office)))


async def test_the_older_key_is_not_needed_after_a_rotation(office: Office, key_file: Path) -> None:
    """Once all is sealed anew, a worker that has the new key alone carries a waiting task on; before, it can not."""
    task = await office.work(await office.submit())
    newest = [add_key(key_file)]
    await office.answer(task, "yes")
    both, office.sealer = office.sealer, Sealer(newest)
    with pytest.raises(SealBroken):
        await office.work(task)
    await office.take_over(task)
    office.sealer = both
    await _rotate(office)
    office.sealer = Sealer(newest)
    task = await office.work(task)
    assert task.status == "done"
    assert await _key_is_valid(office, task, task.result[0])


async def test_a_replay_after_a_rotation_has_the_key_of_before(office: Office, key_file: Path) -> None:
    """A task that lost its worker before its first boundary takes the same path again, whatever key is the newest."""
    office.linger = 60.0
    task = await office.submit("a")
    dying = Dying(PostgresStore(connector(office.database.url)), left=1, after=True)
    with pytest.raises(Exception, match="Another worker"):
        await office.work(task, wrap=lambda store: dying)
    await office.take_over(task)
    add_key(key_file)
    task = await office.work(task)
    assert task.status == "waiting"
    asked = {request.messages[-1].content for request in office.model.requests}
    assert len(asked) == 1
    assert await _key_is_valid(office, task, asked.pop())


async def test_a_revoked_session_begins_nothing(office: Office) -> None:
    """Its waiting task ends with an error that says so as soon as it would go on, and a further one is refused."""
    task = await office.work(await office.submit())
    async with office.database.org(office.org_id) as conn:
        await session_keys.revoke(conn, task.session_id)
    await office.answer(task, "yes")
    task = await office.work(task)
    assert (task.status, task.error_code) == ("failed", "access.key_refused")
    assert task.error is not None
    assert task.error.startswith(f"KeyRefused: The key of the session {task.session_id} was revoked")
    with pytest.raises(Conflict, match="was revoked"):
        await office.submit("short", session_id=task.session_id)
    other = await office.work(await office.submit("short"))
    assert other.status == "done"


async def test_with_a_session_those_that_it_led_to_are_revoked(office: Office) -> None:
    """A child loop does not go on either; other sessions do."""
    office.outside = WithChildren(children=ChildServices(tasks=office.tasks))
    office.source = "def handle(task):\n    return rlm_query('What is it?', context='an anchor')"
    task, other = [await office.work(await office.submit()) for _ in range(2)]
    assert {task.status, other.status} == {"waiting"}
    child, others = await office.child(task), await office.child(other)
    async with office.database.org(office.org_id) as conn:
        await session_keys.revoke(conn, task.session_id)
        rows = await (await conn.execute("select session_id from sessions where revoked_at is not null")).fetchall()
    assert {row["session_id"] for row in rows} == {task.session_id, child.session_id}
    office.model = ScriptedModel(lambda request: "```python\nFINAL('an anchor')\n```")
    child, others = await office.work(child), await office.work(others)
    assert (child.status, child.error_code) == ("failed", "access.key_refused")
    assert others.status == "done", others.error


async def test_a_task_that_was_ordered_before_the_key_was_revoked_does_not_begin(office: Office) -> None:
    """No code of it runs, and the session gets no new key."""
    first = await office.work(await office.submit("short"))
    later = await office.submit("short", session_id=first.session_id)
    async with office.database.org(office.org_id) as conn:
        await session_keys.revoke(conn, first.session_id)
    asked = len(office.model.requests)
    later = await office.work(later)
    assert later.status == "failed"
    assert len(office.model.requests) == asked
    row: Any
    async with office.database.org(office.org_id) as conn:
        row = await (await conn.execute("select session_key, revoked_at is not null as gone from sessions")).fetchone()
    assert (row["session_key"], row["gone"]) == (None, True)


async def test_points_of_a_session_outlive_a_rotation(office: Office, key_file: Path) -> None:
    """Their dumps are sealed anew, too: the session can be taken back with the new key alone."""
    one = await office.work(await office.submit("short"))
    await office.work(await office.submit("short", session_id=one.session_id))
    newest = [add_key(key_file)]
    await _rotate(office)
    office.sealer = Sealer(newest)
    async with office.database.org(office.org_id) as conn:
        await points.rewind(conn, office.org_id, one.session_id, after=one.task_id)
    again = await office.work(await office.submit("short", session_id=one.session_id))
    assert again.status == "done"
    assert await _key_is_valid(office, again, again.result[0])
