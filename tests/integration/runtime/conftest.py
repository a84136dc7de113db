"""Rows that the runtime's tests need."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from greatwheel.core.ids import OrgId, SessionId, TaskId, new_id
from greatwheel.database.connection import OrgConnection
from greatwheel.database.database import Database
from greatwheel.runtime.group_commit import GroupCommit, Run
from greatwheel.runtime.keeping import Keeping
from greatwheel.runtime.postgres import PostgresJournal, PostgresStore, connector
from greatwheel.server.composition import open_engine
from greatwheel.tenancy.sealing import MasterKey, Sealer
from greatwheel.testing.models import ScriptedModel

from .office import Office, Outside


@pytest.fixture
def sealer() -> Sealer:
    """With a key of the test's own."""
    return Sealer([MasterKey(secret=b"k" * 32)])


@pytest.fixture
async def commits(database: Database) -> AsyncIterator[GroupCommit]:
    """The process's group commit."""
    commits = GroupCommit(PostgresStore(connector(database.url)))
    yield commits
    await commits.close()


async def make_agent(conn: OrgConnection, org_id: OrgId) -> None:
    """A user `usr` and an agent `agt` with a first version."""
    await conn.execute("insert into users (org_id, user_id, name) values (%s, 'usr', 'ada')", (org_id,))
    await conn.execute(
        "insert into agent_defs (org_id, agent_id, name, source_kind, current_version)"
        " values (%s, 'agt', 'worker', 'bare', 1)",
        (org_id,),
    )
    await conn.execute(
        "insert into agent_versions (org_id, agent_id, version, source, digest, trigger)"
        " values (%s, 'agt', 1, '', '', 'config')",
        (org_id,),
    )


async def make_task(conn: OrgConnection, org_id: OrgId) -> Run:
    """A running task in its own session."""
    session, task = SessionId(new_id("ses")), TaskId(new_id("tsk"))
    await conn.execute(
        "insert into sessions (org_id, session_id, user_id, agent_id, session_key, seed)"
        " values (%s, %s, 'usr', 'agt', %s, 1)",
        (org_id, session, session.encode()),
    )
    await conn.execute(
        "insert into tasks (org_id, task_id, session_id, user_id, agent_id, agent_version, input, root_id, status,"
        " epoch) values (%s, %s, %s, 'usr', 'agt', 1, 'do it', %s, 'running', 1)",
        (org_id, task, session, task),
    )
    return Run(org_id=org_id, task_id=task, epoch=1)


@pytest.fixture
async def run(database: Database, org_id: OrgId) -> Run:
    """A running task of the organisation."""
    async with database.org(org_id) as conn:
        await make_agent(conn, org_id)
        return await make_task(conn, org_id)


@pytest.fixture
def keeping(org_id: OrgId, sealer: Sealer) -> Keeping:
    """What the task's session keeps."""
    return Keeping(org_id=org_id, session_id=SessionId("ses_1"), sealer=sealer)


@pytest.fixture
def journal(database: Database, commits: GroupCommit, run: Run, keeping: Keeping) -> PostgresJournal:
    """The journal of the task's first attempt."""
    return PostgresJournal(database, commits, run, keeping, None)


@pytest.fixture(scope="module", params=["monty", "ouros"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """Each engine."""
    return str(request.param)


@pytest.fixture
async def office(database: Database, org_id: OrgId, sealer: Sealer, engine_name: str) -> AsyncIterator[Office]:
    """An office whose model says what it was asked, in capitals."""
    async with database.org(org_id) as conn:
        await make_agent(conn, org_id)
    engine = open_engine(engine_name)
    model = ScriptedModel(lambda request: request.messages[-1].content.upper())
    yield Office(database=database, org_id=org_id, sealer=sealer, engine=engine, outside=Outside(), model=model)
    await engine.close()
