"""What admission costs does not grow with the tasks that wait."""

from __future__ import annotations

import time
from statistics import median

import psycopg
from psycopg.rows import dict_row

from greatwheel.database.connection import OrgConnection

from .office import Office

WAITING = 3_000
ROUNDS = 15


async def test_waiting_tasks_do_not_slow_admission(office: Office) -> None:
    """A worker that planned its statements while there were few tasks admits as fast among thousands that wait."""
    async with await psycopg.AsyncConnection.connect(
        office.database.url, autocommit=True, row_factory=dict_row
    ) as conn:
        await conn.execute("select set_config('greatwheel.org', %s, false)", (office.org,))
        await _add(conn, "few", 60, "queued")
        before = await _admitting(conn)
        await _add(conn, "waiting", WAITING, "waiting")
        await _add(conn, "more", 60, "queued")
        after = await _admitting(conn)
    assert after < 5 * before + 0.005


async def _add(conn: OrgConnection, name: str, count: int, status: str) -> None:
    values = {"name": name, "count": count, "status": status}
    await conn.execute(
        "insert into sessions (org_id, session_id, user_id, agent_id, seed)"
        " select u.org_id, %(name)s || n, u.user_id, 'agt_0', 1 from users u, generate_series(1, %(count)s::int) n",
        values,
    )
    await conn.execute(
        "insert into tasks (org_id, task_id, session_id, user_id, agent_id, agent_version, input, root_id, status)"
        " select u.org_id, %(name)s || n, %(name)s || n, u.user_id, 'agt_0', 1, 'x', %(name)s || n,"
        " %(status)s::task_status from users u, generate_series(1, %(count)s::int) n",
        values,
    )


async def _admitting(conn: OrgConnection) -> float:
    """Seconds to admit one task, after another has given its place back."""
    times = []
    await conn.execute("select gw_admit()")
    for _ in range(ROUNDS):
        await conn.execute(
            "update tasks set status = 'done' where task_id = ("
            "select task_id from tasks where status in ('admitted', 'running') limit 1)"
        )
        begun = time.perf_counter()
        row = await (await conn.execute("select gw_admit() as admitted")).fetchone()
        times.append(time.perf_counter() - begun)
        assert row is not None
        assert row["admitted"] == 1
    return median(times)
