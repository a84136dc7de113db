"""One row in every table of a tenant."""

from __future__ import annotations

from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from greatwheel.core.ids import OrgId
from greatwheel.database.connection import OrgConnection

ROWS: dict[str, dict[str, Any]] = {
    "orgs": {"name": "{org}"},
    "users": {"user_id": "u", "name": "u"},
    "api_keys": {"key_id": "k", "user_id": "u", "prefix": "{org}", "hash": b"h"},
    "logins": {"login_id": "l", "key_id": "k", "prefix": "{org}", "hash": b"h", "expires_at": "2999-01-01"},
    "uploads": {"upload_id": "l", "user_id": "u", "name": "f", "chars": 1, "digest": b"d"},
    "mcp_servers": {"name": "m", "url": "https://mcp.example.com"},
    "org_secrets": {"name": "S", "sealed": b"s", "key_id": "m"},
    "blobs": {"digest": b"d", "data": b"x", "raw_size": 1},
    "agent_defs": {"agent_id": "a", "name": "a", "source_kind": "bare"},
    "agent_versions": {"agent_id": "a", "version": 1, "source": "", "digest": b"d", "trigger": "config"},
    "sessions": {"session_id": "s", "user_id": "u", "agent_id": "a", "seed": 1},
    "tasks": {
        "task_id": "t",
        "session_id": "s",
        "user_id": "u",
        "agent_id": "a",
        "agent_version": 1,
        "input": "do",
        "root_id": "t",
    },
    "session_points": {"session_id": "s", "task_id": "t", "snapshot": b"d"},
    "host_calls": {"task_id": "t", "seq": 1, "step": 1, "name": "n", "digest": b"d", "state": "done"},
    "task_events": {"task_id": "t", "type": "x", "data": Jsonb({})},
    "continued_completions": {"task_id": "t", "mark": "m", "after": 1, "prompt_tokens": 0, "completion_tokens": 0},
    "webhooks": {"webhook_id": "w", "name": "w", "user_id": "u", "scheme": "github", "input": "", "sealed": b"s"},
    "webhook_receipts": {"webhook_id": "w", "mark": "m"},
    "subscriptions": {"subscription_id": "sub", "kind": "webhook", "events": []},
    "deliveries": {"delivery_id": "d", "subscription_id": "sub", "type": "x", "payload": Jsonb({})},
    "delivery_attempts": {"delivery_id": "d", "attempt": 1, "at": "2026-01-01", "seconds": 0},
    "slack_apps": {"slack_id": "sub", "name": "s", "token_secret": "T", "signing_secret": "S"},
    "slack_users": {"slack_id": "sub", "slack_user": "U", "user_id": "u"},
    "slack_threads": {"slack_id": "sub", "channel": "C", "thread_ts": "1.1", "user_id": "u", "session_id": "s"},
    "slack_events": {"slack_id": "sub", "event_id": "e"},
    "slack_messages": {"slack_id": "sub", "channel": "C", "ts": "1.1"},
    "traces": {"trace_id": "t", "span_id": "s", "data": Jsonb({}), "started_at": "2026-01-01"},
    "memories": {"scope": "s", "key": "k", "value": "v"},
    "rate_limits": {"metric": "tokens", "period": "day"},
    "rate_limit_counters": {"metric": "tokens", "period": "day", "period_start": "2026-01-01"},
    "limit_reservations": {"task_id": "t", "seq": 1, "user_id": "u", "tokens": 1},
}
"""Each table's row, in an order that foreign keys allow; `{org}` stands for the organisation."""


async def insert(conn: OrgConnection, table: str, org_id: OrgId) -> None:
    """Put the table's row, as the application."""
    row = {"org_id": org_id} | {name: org_id if value == "{org}" else value for name, value in ROWS[table].items()}
    statement = sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join([sql.Placeholder()] * len(row)),
    )
    await conn.execute(statement, list(row.values()))
