"""What each parameter of the product's statements stands for when they are played: things of the marked organisation.

A parameter's name decides, unless the statement has values of its own. `{m}` stands for the organisation's mark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg.types.json import Jsonb

Statement = tuple[str, str]
"""A file, by its path below the package, and the statement's name."""
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
LATER = datetime(2999, 1, 1, tzinfo=UTC)

USUAL: Mapping[str, Any] = {
    "after": 0,
    "after_call": 0,
    "after_step": 0,
    "agent": "agent_{m}",
    "agent_id": "a_{m}",
    "allow": ["*"],
    "anew": False,
    "answer": b"1",
    "at": None,
    "attempt": 1,
    "attempts": 1,
    "before": LATER,
    "body": Jsonb({}),
    "budget": Jsonb({}),
    "call": 2,
    "channel": "C_{m}",
    "chars": 100,
    "completion_tokens": 1,
    "concurrency": 9,
    "context": b"context{m}",
    "data": Jsonb({}),
    "days": 1,
    "default_user": "u_{m}",
    "delay": 0,
    "delivery": "d_{m}",
    "denied": [],
    "deny": [],
    "depth": 0,
    "description": "",
    "digest": b"dump{m}",
    "digests": [b"context{m}", b"unused{m}"],
    "disabled": True,
    "each": 5,
    "enabled": True,
    "engine": "monty",
    "epoch": 1,
    "error": None,
    "error_code": None,
    "event": "e_{m}",
    "events": ["task.ended"],
    "fork": "forked_{m}",
    "fresh": True,
    "hard": 7,
    "hash": b"hash",
    "headers": Jsonb({}),
    "history": Jsonb([]),
    "idle_seconds": 7,
    "input": "input",
    "instructions": "",
    "key": "order_{m}",
    "key_id": "k_{m}",
    "keys": [b"newkey{m}"],
    "kind": "webhook",
    "label": "",
    "lane": None,
    "lease": 1,
    "limit": 100,
    "location": Jsonb({}),
    "login_id": "lnew_{m}",
    "mark": "newmark_{m}",
    "marks": ["mark_{m}"],
    "max_attempts": 1,
    "max_response_bytes": 1,
    "metadata": Jsonb({}),
    "metric": "tokens",
    "model": None,
    "most": 1,
    "name": "new_{m}",
    "names": ["SECRET_{m}"],
    "note": "",
    "org": "org_{m}",
    "org_id": "org_{m}",
    "origin": None,
    "outcome": None,
    "parent": "waiting_{m}",
    "path": ["agent_{m}"],
    "payload": Jsonb({}),
    "period": "day",
    "prefix": "keyprefix_{m}",
    "priority": 0,
    "prompt_tokens": 1,
    "query": "remembered",
    "raw_size": 1,
    "reason": "none",
    "reserved": 1,
    "result": None,
    "role": "member",
    "root": "waiting_{m}",
    "roots": False,
    "scheme": "github",
    "scope": "scope_{m}",
    "scopes": ["scope_{m}"],
    "sealed": b"sealed",
    "search": None,
    "seconds": 1,
    "seed": 1,
    "seen": Jsonb({}),
    "seq": 1,
    "session": "s_{m}",
    "session_id": "s_{m}",
    "signing_secret": "SECRET_{m}",
    "silent": 60,
    "since": LONG_AGO,
    "slack": "slack_{m}",
    "slack_user": "U_{m}",
    "snapshot": b"dump{m}",
    "soft": 1,
    "source": "source",
    "source_kind": "bare",
    "state": None,
    "status": None,
    "step": 0,
    "subscription": "sub_{m}",
    "task": "running_{m}",
    "tasks": ["running_{m}", "waiting_{m}"],
    "thread": "1.1",
    "token_secret": "SECRET_{m}",
    "tokens": 1,
    "tools": ["*"],
    "top_k": 5,
    "triage_agent": "agent_{m}",
    "trigger": "config",
    "trust_hints": False,
    "ts": "2.2",
    "type": "message.sent",
    "uncounted": 0,
    "upload": "up_{m}",
    "url": "https://mcp.{m}.example",
    "usage": Jsonb({}),
    "used": 1,
    "user": "u_{m}",
    "user_id": "u_{m}",
    "value": "value",
    "variables": Jsonb([]),
    "version": 1,
    "wanted": "ada_{m}",
    "webhook": "w_{m}",
}
"""By the parameter's name."""

_HTTP, _SCHEDULER, _REGISTRY = "channels/http/queries.sql", "scheduler/queries.sql", "registry/queries.sql"
_SLACK, _WEBHOOKS, _TENANCY = "channels/slack/queries.sql", "channels/webhooks/queries.sql", "tenancy/queries.sql"
_OPENAI, _RUNTIME, _SESSIONS = "channels/openai/queries.sql", "runtime/queries.sql", "runtime/sessions.sql"
_POINTS, _LIMITS, _MEMORY, _MCP = "runtime/points.sql", "scheduler/limits.sql", "memory/queries.sql", "tools/mcp.sql"
_WAITING = "bench/waiting/queries.sql"

OWN: Mapping[Statement, Mapping[str, Any]] = {
    (_WAITING, "count_status"): {"status": "waiting"},
    (_WAITING, "ended_tasks"): {"tasks": ["done_{m}"]},
    (_HTTP, "list_tasks"): {"parent": None},
    (_HTTP, "ancestors"): {"session": "fork_{m}"},
    (_HTTP, "open_tasks"): {"session": "s_running_{m}"},
    (_HTTP, "note_task_order"): {"made": "running_{m}"},
    (_HTTP, "note_session_order"): {"made": "s_{m}"},
    (_HTTP, "put_upload"): {"upload": "upnew_{m}"},
    ("channels/mcp/queries.sql", "tree_questions"): {"task": "waiting_{m}"},
    (_OPENAI, "open_task"): {"session": "s_waiting_{m}"},
    (_OPENAI, "asked_below"): {"task": "waiting_{m}"},
    (_OPENAI, "continued"): {"mark": "go_{m}"},
    ("channels/queries.sql", "open_questions"): {"task": None},
    (_SLACK, "subscribe"): {"slack": "slacknew_{m}"},
    (_SLACK, "create_app"): {"slack": "sub_{m}"},
    (_SLACK, "keep_event"): {"event": "enew_{m}"},
    (_SLACK, "waiting_question"): {"session": "s_waiting_{m}"},
    (_SLACK, "notice"): {"delivery": "dnew_{m}"},
    (_WEBHOOKS, "create_webhook"): {"webhook": "wnew_{m}"},
    (_WEBHOOKS, "subscribe"): {"subscription": "subnew_{m}"},
    (_WEBHOOKS, "deliveries"): {"before": 1_000_000},
    (_WEBHOOKS, "log_attempt"): {"at": LONG_AGO, "attempt": 2},
    (_WEBHOOKS, "settle"): {"state": "done"},
    (_WEBHOOKS, "reseal_webhook"): {"id": "w_{m}"},
    (_WEBHOOKS, "reseal_subscription"): {"id": "sub_{m}"},
    ("database/queries.sql", "put_blob"): {"digest": b"new{m}", "data": b"data"},
    ("database/queries.sql", "replace_blob"): {"data": b"data"},
    (_MEMORY, "forget"): {"key": "key_{m}"},
    (_REGISTRY, "add_agent"): {"agent_id": "anew_{m}"},
    (_REGISTRY, "agent_by_name"): {"name": "agent_{m}"},
    (_REGISTRY, "lock_agent_by_name"): {"name": "agent_{m}"},
    (_REGISTRY, "configured_and_removed"): {"name": "removed_{m}"},
    (_REGISTRY, "remove_agent"): {"name": "agent_{m}"},
    (_REGISTRY, "agents_read_from"): {"kind": "file", "paths": ["/agents/{m}.py"]},
    ("runtime/keeping.sql", "drop_unused_dump"): {"digest": b"unused{m}"},
    (_POINTS, "get_point"): {"task": "done_{m}"},
    (_POINTS, "has_open_task"): {"session": "s_running_{m}"},
    (_POINTS, "mark_rewound"): {"task": None},
    (_POINTS, "drop_later_points"): {"at": LONG_AGO, "task": "done_{m}"},
    (_RUNTIME, "append_calls"): {
        "run_tasks": ["running_{m}"],
        "run_epochs": [1],
        "tasks": ["running_{m}"],
        "seqs": [2],
        "steps": [1],
        "names": ["n"],
        "digests": [b"d"],
        "states": ["done"],
        "requests": [b"1"],
        "answers": [b"1"],
        "errors": [None],
        "prompt": [1],
        "completion": [1],
        "seconds": [0.1],
        "expiring": [None],
    },
    (_RUNTIME, "append_events"): {"tasks": ["running_{m}"], "types": ["message.sent"], "data": ["{}"]},
    (_RUNTIME, "drop_deltas"): {"tasks": ["running_{m}"], "places": [1]},
    (_LIMITS, "drop_limit"): {"user": ""},
    (_SCHEDULER, "insert_tasks"): {
        "task_ids": ["new_{m}"],
        "session_ids": ["s_{m}"],
        "seeds": [1],
        "inputs": ["x"],
        "contexts": [None],
        "models": [None],
        "new_session": False,
        "kind": "agent",
        "parent": None,
        "call": None,
        "root": None,
        "key": "another_{m}",
    },
    (_SCHEDULER, "insert_session"): {"session": "snew_{m}", "key": "another_{m}"},
    (_SCHEDULER, "drop_session"): {"session": "fork_{m}"},
    (_SCHEDULER, "claim"): {"task": "admitted_{m}"},
    (_SCHEDULER, "end_task"): {"status": "done"},
    (_SCHEDULER, "fill_call"): {"task": "waiting_{m}"},
    (_SCHEDULER, "wake"): {"task": "answered_{m}"},
    (_SCHEDULER, "is_session_over"): {"session": "ended_{m}"},
    (_SCHEDULER, "detach_children"): {"task": "waiting_{m}"},
    (_SCHEDULER, "announce_cancel"): {"payload": "org_{m} running_{m}"},
    (_SCHEDULER, "list_tasks"): {"after": None},
    (_SCHEDULER, "stalled_jobs"): {"unknown": []},
    (_SCHEDULER, "jobs_of_worker"): {"worker": 1},
    (_SCHEDULER, "close_job"): {"job": 1},
    (_TENANCY, "list_orgs"): {"wanted": "corp_{m}"},
    (_TENANCY, "create_user"): {"user_id": "unew_{m}"},
    (_TENANCY, "create_key"): {"key_id": "knew_{m}", "prefix": "newprefix_{m}"},
    (_TENANCY, "find_login"): {"prefix": "loginprefix_{m}"},
    (_TENANCY, "end_login"): {"prefix": "loginprefix_{m}"},
    (_TENANCY, "begin_login"): {"prefix": "newprefix_{m}"},
    (_TENANCY, "revoke_key"): {"wanted": "keyprefix_{m}"},
    (_TENANCY, "session_standing"): {"session_id": "revoked_{m}"},
    (_TENANCY, "reseal_secret"): {"name": "SECRET_{m}"},
    (_TENANCY, "remove_secret"): {"name": "SECRET_{m}"},
    (_MCP, "find_server"): {"name": "mcp_{m}"},
    (_MCP, "remove_server"): {"name": "mcp_{m}"},
    (_MCP, "note_seen"): {"name": "mcp_{m}"},
}
"""Of statements that need other values than the usual ones."""


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Why a statement looks beyond its transaction's organisation, and what it does there."""

    why: str
    shows: tuple[str, ...] = ()
    """The columns that it gives."""
    changes: bool = False
    """Whether it changes rows of others."""


_ROUND = "Who works for all organisations learns where something is to be done, and does it there."
_DOOR = "Whose it is comes out only by it; the caller has yet to prove that he may."
_ROUTINE = "What is old goes by its age, whosever it is."
_QUEUE = "The queue's workers serve all organisations; they find the number themselves."
_OPERATOR = "For who operates the installation: no organisation's user can have it carried out."

BEYOND: Mapping[Statement, Reach] = {
    (_TENANCY, "find_key"): Reach(
        why=_DOOR,
        shows=("org_id", "key_id", "user_id", "role", "allow", "deny", "hash", "usable", "use_is_noted"),
    ),
    (_TENANCY, "find_login"): Reach(
        why=_DOOR,
        shows=("org_id", "login_id", "key_id", "user_id", "role", "allow", "deny", "hash", "usable", "use_is_noted"),
    ),
    (_WEBHOOKS, "find_webhook"): Reach(
        why=_DOOR,
        shows=(
            *("org_id", "webhook_id", "name", "user_id", "user_disabled", "agent", "scheme", "input", "context"),
            "sealed",
        ),
    ),
    (_SLACK, "find_app"): Reach(why=_DOOR, shows=("org_id", "slack_id", "signing_secret")),
    (_TENANCY, "list_orgs"): Reach(
        why=_OPERATOR, shows=("org_id", "name", "concurrency", "idle_seconds", "triage_agent", "created_at")
    ),
    (_TENANCY, "is_first_start"): Reach(why=_OPERATOR, shows=("first",)),
    (_REGISTRY, "agents_read_from"): Reach(why=_ROUND, shows=("org_id", "agent_id")),
    (_HTTP, "orgs_with_old_uploads"): Reach(why=_ROUND, shows=("org_id",)),
    (_SLACK, "orgs_with_events"): Reach(why=_ROUND, shows=("org_id",)),
    (_WEBHOOKS, "orgs_with_deliveries"): Reach(why=_ROUND, shows=("org_id",)),
    (_SCHEDULER, "due_orgs"): Reach(why=_ROUND, shows=("org_id",)),
    (_SCHEDULER, "orgs_with_expired"): Reach(why=_ROUND, shows=("org_id",)),
    (_SCHEDULER, "lost_tasks"): Reach(why=_ROUND, shows=("org_id", "task_id")),
    (_SCHEDULER, "stalled_jobs"): Reach(why=_ROUND, shows=("id", "org_id", "task_id")),
    (_SCHEDULER, "jobs_of_worker"): Reach(why=_QUEUE, shows=("id",)),
    (_SCHEDULER, "close_job"): Reach(why=_QUEUE, shows=("id",), changes=True),
    (_HTTP, "workers"): Reach(why="Workers belong to nobody; how many live is told.", shows=("workers", "age")),
    (_WEBHOOKS, "forget"): Reach(why=_ROUTINE, shows=("gw_forget_deliveries",), changes=True),
    (_SLACK, "forget"): Reach(why=_ROUTINE, shows=("gw_forget_slack_events",), changes=True),
}
"""Statements that run without organisation, and may see more than one."""

_TOLD = "It only tells who listens to look; they look as who they are."
NOTHING: Mapping[Statement, str] = {
    (_SLACK, "wake"): _TOLD,
    (_WEBHOOKS, "wake"): _TOLD,
    (_SCHEDULER, "announce_cancel"): _TOLD,
    (_TENANCY, "create_org"): "Its organisation is there.",
    (_TENANCY, "is_first_start"): "There are organisations.",
}
"""Statements that find and change nothing, even for the organisation itself; with the reason."""
