"""Two organisations with rows in every table and every state that statements ask for; their ids have nothing in common.

`{m}` stands for the organisation's mark.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

LONG_AGO = "2020-01-01T00:00:00Z"
LATER = "2999-01-01T00:00:00Z"

_TASK = {"user_id": "u_{m}", "agent_id": "a_{m}", "agent_version": 1, "path": ["agent_{m}"]}
_OPEN = {**_TASK, "epoch": 1, "started_at": LONG_AGO, "usage": Jsonb({"steps": 1})}

ROWS: dict[str, list[dict[str, Any]]] = {
    "orgs": [{"name": "corp_{m}", "concurrency": 10}],
    "users": [
        {"user_id": "u_{m}", "name": "ada_{m}", "role": "admin"},
        {"user_id": "v_{m}", "name": "bob_{m}"},
    ],
    "api_keys": [{"key_id": "k_{m}", "user_id": "u_{m}", "prefix": "keyprefix_{m}", "hash": b"h{m}"}],
    "logins": [
        {"login_id": "l_{m}", "key_id": "k_{m}", "prefix": "loginprefix_{m}", "hash": b"h{m}", "expires_at": LATER},
        {"login_id": "lo_{m}", "key_id": "k_{m}", "prefix": "loginold_{m}", "hash": b"h{m}", "expires_at": LONG_AGO},
    ],
    "org_secrets": [{"name": "SECRET_{m}", "sealed": b"sealed{m}", "key_id": "m"}],
    "blobs": [
        {"digest": b"dump{m}", "data": b"data{m}", "raw_size": 1},
        {"digest": b"context{m}", "data": b"data{m}", "raw_size": 1},
        {"digest": b"unused{m}", "data": b"data{m}", "raw_size": 1},
        {"digest": b"uploaded{m}", "data": b"data{m}", "raw_size": 1},
    ],
    "agent_defs": [
        {
            "agent_id": "a_{m}",
            "name": "agent_{m}",
            "source_kind": "file",
            "location": Jsonb({"path": "/agents/{m}.py"}),
            "current_version": 1,
        },
        {
            "agent_id": "r_{m}",
            "name": "removed_{m}",
            "source_kind": "file",
            "location": Jsonb({"configured": True}),
            "removed_at": LONG_AGO,
        },
    ],
    "agent_versions": [
        {"agent_id": "a_{m}", "version": 1, "source": "source {m}", "digest": b"d{m}", "trigger": "config"}
    ],
    "sessions": [
        {
            "session_id": "s_{m}",
            "user_id": "u_{m}",
            "agent_id": "a_{m}",
            "seed": 1,
            "session_key": b"key{m}",
            "snapshot": b"dump{m}",
            "context": b"context{m}",
            "given": b"context{m}",
            "idempotency_key": "order_{m}",
            "history": Jsonb(["asked {m}"]),
            "variables": Jsonb([{"name": "{m}"}]),
        },
        {"session_id": "fork_{m}", "user_id": "u_{m}", "agent_id": "a_{m}", "seed": 1, "forked_from": "s_{m}"},
        {"session_id": "ended_{m}", "user_id": "u_{m}", "agent_id": "a_{m}", "seed": 1, "status": "ended"},
        {"session_id": "revoked_{m}", "user_id": "u_{m}", "agent_id": "a_{m}", "seed": 1, "revoked_at": LONG_AGO},
        *(
            {
                "session_id": f"s_{state}_{{m}}",
                "user_id": "u_{m}",
                "agent_id": "a_{m}",
                "seed": 1,
                "session_key": f"key_{state}_{{m}}".encode(),
            }
            for state in ("queued", "admitted", "running", "waiting", "child")
        ),
    ],
    "tasks": [
        {
            **_TASK,
            "task_id": "done_{m}",
            "session_id": "s_{m}",
            "input": "ask {m}",
            "root_id": "done_{m}",
            "status": "done",
            "context": b"context{m}",
            "snapshot": b"dump{m}",
            "boundary": b"boundary{m}",
            "answer": "answer {m}",
            "idempotency_key": "order_{m}",
            "usage": Jsonb({"prompt_tokens": 1, "completion_tokens": 1}),
            "finished_at": "now",
        },
        {
            **_TASK,
            "task_id": "dead_{m}",
            "session_id": "s_{m}",
            "input": "x",
            "root_id": "dead_{m}",
            "status": "dead",
            "error": "error {m}",
        },
        *(
            {
                **(_TASK if state == "queued" else _OPEN),
                "task_id": f"{state}_{{m}}",
                "session_id": f"s_{state}_{{m}}",
                "input": "ask {m}",
                "root_id": f"{state}_{{m}}",
                "status": state,
                "cancel_requested": state == "running",
            }
            for state in ("queued", "admitted", "running", "waiting")
        ),
        {
            **_OPEN,
            "task_id": "answered_{m}",
            "session_id": "s_{m}",
            "input": "x",
            "root_id": "answered_{m}",
            "status": "waiting",
        },
        {
            **_OPEN,
            "task_id": "child_{m}",
            "session_id": "s_child_{m}",
            "input": "x",
            "root_id": "waiting_{m}",
            "parent_id": "waiting_{m}",
            "parent_call": 2,
            "part": 0,
            "depth": 1,
            "status": "running",
        },
    ],
    "session_points": [
        {"session_id": "s_{m}", "task_id": "done_{m}", "snapshot": b"dump{m}", "context": b"context{m}"},
        {"session_id": "s_{m}", "task_id": "dead_{m}", "snapshot": b"later{m}", "created_at": LATER},
    ],
    "host_calls": [
        {
            "task_id": "running_{m}",
            "seq": 1,
            "step": 1,
            "name": "n",
            "digest": b"d",
            "state": "started",
            "request": b"1",
            "answer": b"2",
        },
        {
            "task_id": "waiting_{m}",
            "seq": 1,
            "step": 1,
            "name": "channel.ask",
            "digest": b"d",
            "state": "waiting",
            "expires_at": LONG_AGO,
        },
        {"task_id": "waiting_{m}", "seq": 2, "step": 1, "name": "agent.call", "digest": b"d", "state": "waiting"},
    ],
    "task_events": [
        {"task_id": "running_{m}", "type": "model.delta", "data": Jsonb({"step": 1, "text": "{m}"}), "at": LONG_AGO},
        {
            "task_id": "waiting_{m}",
            "type": "question.asked",
            "data": Jsonb({"call": 1, "question": "what {m}?", "choices": ["{m}"]}),
            "at": LONG_AGO,
        },
    ],
    "continued_completions": [
        {"task_id": "done_{m}", "mark": "go_{m}", "after": 1, "prompt_tokens": 1, "completion_tokens": 1}
    ],
    "webhooks": [
        {"webhook_id": "w_{m}", "name": "hook_{m}", "user_id": "u_{m}", "scheme": "github", "input": "", "sealed": b"s"}
    ],
    "webhook_receipts": [
        {"webhook_id": "w_{m}", "mark": "mark_{m}", "task_id": "done_{m}"},
        {"webhook_id": "w_{m}", "mark": "old_{m}", "at": LONG_AGO},
    ],
    "subscriptions": [
        {
            "subscription_id": "sub_{m}",
            "kind": "webhook",
            "events": ["task.ended", "message.sent"],
            "url": "https://{m}.example",
            "sealed": b"sealed{m}",
        },
        {"subscription_id": "slack_{m}", "kind": "slack", "events": ["message.sent"]},
    ],
    "deliveries": [
        {"delivery_id": "d_{m}", "subscription_id": "sub_{m}", "type": "x", "payload": Jsonb(["{m}"]), "attempts": 1},
        {
            "delivery_id": "dold_{m}",
            "subscription_id": "sub_{m}",
            "type": "x",
            "payload": Jsonb(["{m}"]),
            "state": "done",
            "ended_at": LONG_AGO,
        },
        {
            "delivery_id": "ds_{m}",
            "subscription_id": "slack_{m}",
            "lane": "C_{m} 1.1",
            "type": "x",
            "payload": Jsonb({}),
        },
    ],
    "delivery_attempts": [{"delivery_id": "d_{m}", "attempt": 1, "at": LONG_AGO, "seconds": 0}],
    "slack_apps": [
        {
            "slack_id": "slack_{m}",
            "name": "app_{m}",
            "token_secret": "SECRET_{m}",
            "signing_secret": "SECRET_{m}",
            "default_user": "u_{m}",
        }
    ],
    "slack_users": [{"slack_id": "slack_{m}", "slack_user": "U_{m}", "user_id": "u_{m}"}],
    "slack_threads": [
        {"slack_id": "slack_{m}", "channel": "C_{m}", "thread_ts": "1.1", "user_id": "u_{m}", "session_id": "s_{m}"}
    ],
    "slack_events": [
        {"slack_id": "slack_{m}", "event_id": "e_{m}", "body": Jsonb({"said": "{m}"})},
        {"slack_id": "slack_{m}", "event_id": "eold_{m}", "done_at": LONG_AGO},
    ],
    "slack_messages": [{"slack_id": "slack_{m}", "channel": "C_{m}", "ts": "1.1", "at": LONG_AGO}],
    "traces": [{"trace_id": "t_{m}", "span_id": "s_{m}", "data": Jsonb({}), "started_at": LONG_AGO}],
    "memories": [{"scope": "scope_{m}", "key": "key_{m}", "value": "remembered {m}"}],
    "rate_limits": [{"metric": "tokens", "period": "day", "soft": 1, "hard": 1000}],
    "rate_limit_counters": [{"metric": "tokens", "period": "day", "period_start": LONG_AGO, "used": 5}],
    "limit_reservations": [{"task_id": "running_{m}", "seq": 1, "user_id": "u_{m}", "tokens": 1}],
    "uploads": [
        {"upload_id": "up_{m}", "user_id": "u_{m}", "name": "f_{m}", "chars": 1, "digest": b"context{m}"},
        {"upload_id": "unused_{m}", "user_id": "u_{m}", "name": "f_{m}", "chars": 1, "digest": b"uploaded{m}"},
        {
            "upload_id": "upold_{m}",
            "user_id": "u_{m}",
            "name": "f",
            "chars": 1,
            "digest": b"context{m}",
            "created_at": LONG_AGO,
        },
    ],
    "mcp_servers": [{"name": "mcp_{m}", "url": "https://mcp.{m}.example"}],
}
"""In an order that foreign keys allow."""

_JOBS = """
with worker as (insert into procrastinate_workers (last_heartbeat) values ('2020-01-01') returning id)
insert into procrastinate_jobs (queue_name, task_name, lock, args, status, worker_id)
select 'tasks', 'run_task', %(org)s || '/s_' || state || '_' || %(mark)s,
  jsonb_build_object('org', %(org)s, 'task', state || '_' || %(mark)s), job::procrastinate_job_status, id
from worker, (values ('running', 'doing'), ('admitted', 'todo')) as given (state, job)
"""
_TODAY = "update rate_limit_counters set period_start = date_trunc('day', now() at time zone 'UTC') at time zone 'UTC'"


def marked(value: Any, mark: str) -> Any:
    """A value with the mark put in."""
    match value:
        case str():
            return value.replace("{m}", mark)
        case bytes():
            return value.replace(b"{m}", mark.encode())
        case Jsonb():
            return Jsonb(marked(value.obj, mark))
        case list():
            return [marked(each, mark) for each in value]
        case dict():
            return {name: marked(each, mark) for name, each in value.items()}
        case _:
            return value


def settle(conn: psycopg.Connection[Any], mark: str) -> None:
    """Put everything of the organisation `org_<mark>` into the database, as the superuser."""
    org = f"org_{mark}"
    # No trigger tells anybody of these rows.
    conn.execute("set session_replication_role = replica")
    for table, rows in ROWS.items():
        for row in rows:
            given = {"org_id": org, **marked(row, mark)}
            conn.execute(
                sql.SQL("insert into {} ({}) values ({})").format(
                    sql.Identifier(table),
                    sql.SQL(", ").join(map(sql.Identifier, given)),
                    sql.SQL(", ").join([sql.Placeholder()] * len(given)),
                ),
                list(given.values()),
            )
    conn.execute(_TODAY)
    conn.execute(_JOBS, {"org": org, "mark": mark})
    conn.execute("set session_replication_role = origin")


_LEAVE = "; ".join(
    [
        "set local session_replication_role = replica",
        *(f"delete from {table} where org_id = '{{org}}'" for table in ROWS),
        "delete from procrastinate_jobs where args ->> 'org' = '{org}'",
        "set local session_replication_role = origin",
    ]
)
_STATE = " union all ".join(
    [
        *(
            f"select '{table}' as name, coalesce(jsonb_agg(to_jsonb(t) order by to_jsonb(t)::text), '[]') as rows"
            f" from {table} t where org_id = %(org)s"
            for table in ROWS
        ),
        "select 'jobs', coalesce(jsonb_agg(to_jsonb(t) - 'id' order by t.id), '[]') from procrastinate_jobs t"
        " where args ->> 'org' = %(org)s",
    ]
)


def leave(conn: psycopg.Connection[Any], org: str) -> None:
    """Take everything of an organisation away, as the superuser, in a transaction."""
    conn.execute(_LEAVE.replace("{org}", org))


def state(conn: psycopg.Connection[Any], org: str) -> dict[str, Any]:
    """All rows of an organisation by their table, as the superuser sees them."""
    return dict(conn.execute(_STATE, {"org": org}).fetchall())
