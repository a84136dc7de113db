"""For whom a call is made."""

from __future__ import annotations

from dataclasses import dataclass

from greatwheel.core.ids import OrgId, RunId, SessionId, UserId

LOCAL = OrgId("local")
"""The organisation of runs without a database."""
SOMEBODY = UserId("local")
"""Their user."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CallContext:
    """Comes first in every port method that acts for somebody: who asks, in which session and run."""

    session_id: SessionId
    run_id: RunId
    """The task's id, for a task of the durable runtime."""
    organisation: OrgId = LOCAL
    user_id: UserId = SOMEBODY
