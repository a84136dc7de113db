"""An organisation of a benchmark's own."""

from __future__ import annotations

import random

from greatwheel.core.ids import OrgId, UserId
from greatwheel.registry.agents import DefineAgent
from greatwheel.server.assembly import Installation
from greatwheel.tenancy import orgs, users


async def new_tenant(installation: Installation, agent: DefineAgent, *, concurrency: int) -> tuple[OrgId, UserId]:
    """A new organisation with that agent and one user, and so many tasks at once."""
    org = orgs.new_org_id()
    async with installation.database.org(org) as conn:
        await orgs.create(conn, org, f"bench-{random.randrange(10**9)}")
        await orgs.update(conn, org, concurrency=concurrency)
        user = await users.create(conn, org, "person")
    await installation.registry.define(org, agent)
    return org, user
