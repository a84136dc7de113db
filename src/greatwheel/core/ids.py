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


def new_run_id() -> RunId:
    """A fresh run id: `run_` and 16 hex digits."""
    return RunId(f"run_{secrets.token_hex(8)}")


def new_session_id() -> SessionId:
    """A fresh session id: `ses_` and 16 hex digits."""
    return SessionId(f"ses_{secrets.token_hex(8)}")
