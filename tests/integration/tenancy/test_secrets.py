"""Secrets and session keys, in a real Postgres."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass

import pytest

from greatwheel.core.errors import BadInput, KeyRefused, NotFound, PermissionDenied, SealBroken
from greatwheel.core.ids import AgentId, OrgId, SessionId, TaskId, UserId
from greatwheel.core.tasks import Task
from greatwheel.database.database import Database
from greatwheel.tenancy import grants, orgs, session_keys, users
from greatwheel.tenancy.key_format import hash_session_key
from greatwheel.tenancy.sealing import MasterKey, Sealer
from greatwheel.tenancy.secrets import LONGEST, SecretStore
from greatwheel.tenancy.users import UserChange

VALUE = "pa ss/w+örd"
FIRST = MasterKey(os.urandom(32))


@dataclass(frozen=True, kw_only=True)
class Tenant:
    org_id: OrgId
    user_id: UserId
    agent_id: AgentId
    session_id: SessionId

    @property
    def key(self) -> str:
        """The key that the session's sandbox holds."""
        return f"gws_{self.org_id}"

    def task(self) -> Task:
        """A task of the session."""
        return Task(
            org_id=self.org_id, task_id=TaskId("tsk_1"), session_id=self.session_id, user_id=self.user_id,
            agent_id=self.agent_id, agent_version=1, kind="agent", input="", status="running", root_id=TaskId("tsk_1"),
        )  # fmt: skip


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    """An organisation with a user, an agent and a session."""
    return await make_tenant(database, "acme")


async def make_tenant(database: Database, name: str) -> Tenant:
    org_id = orgs.new_org_id()
    async with database.org(org_id) as conn:
        await orgs.create(conn, org_id, name)
        user_id = await users.create(conn, org_id, "ada")
        tenant = Tenant(org_id=org_id, user_id=user_id, agent_id=AgentId("agt_1"), session_id=SessionId("ses_1"))
        await conn.execute(
            "insert into agent_defs (org_id, agent_id, name, source_kind) values (%s, %s, 'helper', 'bare')",
            (org_id, tenant.agent_id),
        )
        await conn.execute(
            "insert into sessions (org_id, session_id, user_id, agent_id, seed, session_key)"
            " values (%s, %s, %s, %s, 1, %s)",
            (org_id, tenant.session_id, tenant.user_id, tenant.agent_id, hash_session_key(tenant.key)),
        )
    return tenant


async def test_a_secret_is_kept_sealed_and_read_back(database: Database, tenant: Tenant) -> None:
    """The host reads what was set; the table and the list never have the value."""
    store = SecretStore(Sealer([FIRST]))
    async with database.org(tenant.org_id) as conn:
        await store.put(conn, tenant.org_id, "MAIL", "first-value")
        await store.put(conn, tenant.org_id, "MAIL", VALUE)
    async with database.org(tenant.org_id) as conn:
        assert await store.reveal_all(conn, tenant.org_id) == {"MAIL": VALUE}
        (facts,) = await store.list_all(conn)
        assert (facts.name, facts.key_id) == ("MAIL", FIRST.key_id)
        row = await (await conn.execute("select sealed from org_secrets")).fetchone()
    assert row is not None
    assert VALUE.encode() not in row["sealed"]


async def test_a_secret_that_was_moved_does_not_open(database: Database, tenant: Tenant) -> None:
    """A sealed value under another name, or in another organisation, is refused."""
    store = SecretStore(Sealer([FIRST]))
    other = await make_tenant(database, "other")
    async with database.org(tenant.org_id) as conn:
        await store.put(conn, tenant.org_id, "MAIL", VALUE)
        row = await (await conn.execute("select sealed, key_id from org_secrets")).fetchone()
    assert row is not None
    for target, name in ((tenant, "STOLEN"), (other, "MAIL")):
        async with database.org(target.org_id) as conn:
            await conn.execute(
                "insert into org_secrets (org_id, name, sealed, key_id) values (%s, %s, %s, %s)",
                (target.org_id, name, row["sealed"], row["key_id"]),
            )
        with pytest.raises(SealBroken):
            async with database.org(target.org_id) as conn:
                await store.reveal_all(conn, target.org_id)


async def test_rotation_seals_with_the_newest_key(database: Database, tenant: Tenant) -> None:
    """After it the older master key is not needed for secrets any more; a second time there is nothing to do."""
    async with database.org(tenant.org_id) as conn:
        await SecretStore(Sealer([FIRST])).put(conn, tenant.org_id, "MAIL", VALUE)
    newest = MasterKey(os.urandom(32))
    both = SecretStore(Sealer([newest, FIRST]))
    async with database.org(tenant.org_id) as conn:
        await both.put(conn, tenant.org_id, "NEW", "another value")
        assert await both.reseal(conn, tenant.org_id) == 1
        assert await both.reseal(conn, tenant.org_id) == 0
    async with database.org(tenant.org_id) as conn:
        alone = await SecretStore(Sealer([newest])).reveal_all(conn, tenant.org_id)
    assert alone == {"MAIL": VALUE, "NEW": "another value"}


async def test_what_can_not_be_a_secret_is_refused_without_its_value(database: Database, tenant: Tenant) -> None:
    """A refusal tells the length or the rule, and never the value."""
    store = SecretStore(Sealer([FIRST]))
    for name, value in (("MAIL", "short"), ("MAIL", "x" * (LONGEST + 1)), ("MAIL", "nul\0-value"), ("a b", VALUE)):
        with pytest.raises(BadInput) as refused:
            async with database.org(tenant.org_id) as conn:
                await store.put(conn, tenant.org_id, name, value)
        assert value not in str(refused.value)
    async with database.org(tenant.org_id) as conn:
        with pytest.raises(NotFound):
            await store.remove(conn, "MAIL")


async def test_a_removed_secret_is_gone(database: Database, tenant: Tenant) -> None:
    """What was removed can't be read."""
    store = SecretStore(Sealer([FIRST]))
    async with database.org(tenant.org_id) as conn:
        await store.put(conn, tenant.org_id, "MAIL", VALUE)
        await store.remove(conn, "MAIL")
        assert await store.reveal_all(conn, tenant.org_id) == {}


@pytest.mark.parametrize(("taken", "said"), [("key", "was revoked"), ("user", "is disabled")])
async def test_a_session_that_may_not_go_on_says_why(database: Database, tenant: Tenant, taken: str, said: str) -> None:
    """Its key was taken away, or its user disabled; the session of another organisation goes on."""
    other = await make_tenant(database, "other")
    async with database.org(tenant.org_id) as conn:
        assert await session_keys.refusal(conn, tenant.session_id) is None
        if taken == "key":
            await session_keys.revoke(conn, tenant.session_id)
        else:
            await users.update(conn, tenant.user_id, UserChange(disabled=True))
        assert said in str(await session_keys.refusal(conn, tenant.session_id))
        assert "no session" in str(await session_keys.refusal(conn, SessionId("ses_2")))
    async with database.org(other.org_id) as conn:
        assert await session_keys.refusal(conn, other.session_id) is None


@pytest.mark.parametrize("ending", ["revoked", "ended"])
async def test_a_session_key_ends_at_once(database: Database, tenant: Tenant, ending: str) -> None:
    """A session whose key was taken away, and one that has ended, may use nothing."""
    async with database.org(tenant.org_id) as conn:
        await grants.require(conn, "mail", tenant.task())
        if ending == "revoked":
            await session_keys.revoke(conn, tenant.session_id)
        else:
            await conn.execute("update sessions set status = 'ended', session_key = null")
        with pytest.raises(KeyRefused):
            await grants.require(conn, "mail", tenant.task())


async def test_grants_are_those_of_now(database: Database, tenant: Tenant) -> None:
    """A denial to the user or the agent counts from the next call on; a disabled user may do nothing."""

    async def require(permission: str) -> None:
        async with database.org(tenant.org_id) as conn:
            await grants.require(conn, permission, tenant.task())

    await require("mail")
    async with database.org(tenant.org_id) as conn:
        await users.update(conn, tenant.user_id, UserChange(deny=["mail"]))
    with pytest.raises(PermissionDenied, match="mail is denied to the user"):
        await require("mail")
    async with database.org(tenant.org_id) as conn:
        await conn.execute("update agent_defs set tools = '{web_*}'")
    with pytest.raises(PermissionDenied, match="agent:research is not granted to the agent"):
        await require("agent:research")
    await require("web_search")
    async with database.org(tenant.org_id) as conn:
        await users.update(conn, tenant.user_id, UserChange(disabled=True))
    with pytest.raises(KeyRefused, match="disabled"):
        await require("web_search")


async def test_secrets_set_at_once_leave_one(database: Database, tenant: Tenant) -> None:
    """Two who set the same secret at once leave one of the two values, whole."""
    store = SecretStore(Sealer([FIRST]))

    async def put(value: str) -> None:
        async with database.org(tenant.org_id) as conn:
            await store.put(conn, tenant.org_id, "MAIL", value)

    values = [f"value number {n}" for n in range(6)]
    await asyncio.gather(*map(put, values))
    async with database.org(tenant.org_id) as conn:
        assert (await store.reveal_all(conn, tenant.org_id))["MAIL"] in values
