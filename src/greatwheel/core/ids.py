"""Identifiers. Each kind of thing has its own type, so they can't be mixed up."""

from __future__ import annotations

import secrets
from typing import NewType

RunId = NewType("RunId", str)
"""One run of the loop: one question answered in one session."""

SessionId = NewType("SessionId", str)
"""One live interpreter whose variables persist; sent to model servers as `x-session-id`."""

CallId = NewType("CallId", int)
"""A host call, numbered from 1 within its session's life in one process."""

OrgId = NewType("OrgId", str)
"""An organisation: the tenant that everything belongs to."""

UserId = NewType("UserId", str)
"""A person or program of one organisation."""

AgentId = NewType("AgentId", str)
"""An agent's definition; its versions are numbered within it."""

TaskId = NewType("TaskId", str)
"""One request to an agent. A task that has begun is a run: its run id is its task id."""


def new_id(prefix: str) -> str:
    """A fresh id: the prefix, `_` and 16 hex digits. `org`, `usr`, `agt`, `tsk`, `ses` and `run` are in use."""
    return f"{prefix}_{secrets.token_hex(8)}"


def new_run_id() -> RunId:
    """A fresh run id: `run_` and 16 hex digits."""
    return RunId(new_id("run"))


def new_session_id() -> SessionId:
    """A fresh session id: `ses_` and 16 hex digits."""
    return SessionId(new_id("ses"))
