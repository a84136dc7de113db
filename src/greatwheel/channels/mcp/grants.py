"""Which agents a user may use."""

from __future__ import annotations

from greatwheel.tenancy.permissions import Grants


def usable(grants: Grants, agent: str) -> bool:
    """Whether the user is granted the agent, as `agent.call` would ask."""
    permission = f"agent:{agent}"
    return grants.allows(permission) and not grants.denies(permission)
