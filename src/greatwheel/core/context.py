"""For whom a call is made."""

from __future__ import annotations

from dataclasses import dataclass

from greatwheel.core.ids import RunId, SessionId


@dataclass(frozen=True, kw_only=True, slots=True)
class CallContext:
    """Comes first in every port method that acts for somebody: who asks, in which session and run."""

    session_id: SessionId
    run_id: RunId
    organisation: str = "local"
