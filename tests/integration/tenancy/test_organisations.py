"""Organisations, users and API keys, in a real Postgres."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from greatwheel.core.errors import BadInput, Conflict, KeyRefused, NotFound
from greatwheel.core.ids import OrgId, UserId
from greatwheel.database.database import Database
from greatwheel.tenancy import api_keys, orgs, users
from greatwheel.tenancy.first_start import FIRST_ORG, ensure_first
from greatwheel.tenancy.key_format import new_api_key
from greatwheel.tenancy.users import UserChange


async def make_org(database: Database, name: str) -> OrgId:
    org_id = orgs.new_org_id()
    async with database.org(org_id) as conn:
        await orgs.create(conn, org_id, name)
    return org_id


async def make_user(database: Database, org_id: OrgId, name: str = "ada") -> UserId:
    async with database.org(org_id) as conn:
        return await users.create(conn, org_id, name, allow=["web_*"], deny=["web_admin"])


async def test_the_first_start_makes_an_admin_and_tells_the_key_once(database: Database) -> None:
    """The first start gives a key that works; a later one gives none."""
    key = await ensure_first(database)
    assert key is not None
    principal = await api_keys.authenticate(database, key.text)
    assert (await orgs.find(database, FIRST_ORG)).org_id == principal.org_id
    assert principal.role == "admin"
    assert await ensure_first(database) is None


async def test_of_many_first_starts_at_once_one_makes_the_organisation(database: Database) -> None:
    """Processes that start together make one organisation, and one of them has the key."""
    made = await asyncio.gather(*(ensure_first(database) for _ in range(8)))
    assert len([key for key in made if key]) == 1
    assert len(await orgs.list_all(database)) == 1


async def test_organisations_are_found_by_name_and_id(database: Database) -> None:
    """Who operates the installation finds each organisation, and their names are unique."""
    acme = await make_org(database, "acme")
    await make_org(database, "zenith")
    assert [org.name for org in await orgs.list_all(database)] == ["acme", "zenith"]
    assert (await orgs.find(database, "acme")).org_id == acme
    assert (await orgs.find(database, acme)).name == "acme"
    with pytest.raises(NotFound, match="nobody"):
        await orgs.find(database, "nobody")
    with pytest.raises(Conflict, match="exists already"):
        await make_org(database, "acme")


async def test_an_organisation_changes_only_itself(database: Database) -> None:
    """Settings of one organisation can't be changed from within another's transaction."""
    acme, other = await make_org(database, "acme"), await make_org(database, "other")
    async with database.org(acme) as conn:
        assert (await orgs.update(conn, acme, concurrency=9)).concurrency == 9
    async with database.org(acme) as conn:
        with pytest.raises(NotFound):
            await orgs.update(conn, other, concurrency=9)
    with pytest.raises(BadInput, match="concurrency"):
        async with database.org(acme) as conn:
            await orgs.update(conn, acme, concurrency=0)


async def test_a_key_names_its_user_and_what_they_may_do(database: Database) -> None:
    """Who holds a key is its user, with the role and grants that the user has now."""
    org_id = await make_org(database, "acme")
    user_id = await make_user(database, org_id)
    async with database.org(org_id) as conn:
        key = await api_keys.create(conn, org_id, user_id, label="laptop", days=30)
    principal = await api_keys.authenticate(database, key.text)
    assert (principal.org_id, principal.user_id, principal.role) == (org_id, user_id, "member")
    assert (principal.allow, principal.deny) == (("web_*",), ("web_admin",))
    async with database.org(org_id) as conn:
        (facts,) = await api_keys.list_all(conn)
    assert (facts.label, facts.user_name) == ("laptop", "ada")
    assert facts.expires_at is not None
    assert facts.expires_at - facts.created_at == timedelta(days=30)


async def test_only_a_hash_of_a_key_is_stored(database: Database) -> None:
    """Nothing in the table of keys gives a key back."""
    org_id = await make_org(database, "acme")
    user_id = await make_user(database, org_id)
    async with database.org(org_id) as conn:
        key = await api_keys.create(conn, org_id, user_id)
        row = await (await conn.execute("select api_keys::text as text, hash from api_keys")).fetchone()
    assert row is not None
    secret = key.text.split("_", 2)[2]
    assert secret not in row["text"]
    assert secret.encode() not in row["hash"]


async def test_keys_that_are_not_valid_are_refused_alike(database: Database) -> None:
    """A malformed, unknown, changed, expired or revoked key, and one of a disabled user, get the same words."""
    org_id = await make_org(database, "acme")
    user_id = await make_user(database, org_id)
    keys = {}
    async with database.org(org_id) as conn:
        for name in ("changed", "expired", "revoked", "disabled"):
            keys[name] = (await api_keys.create(conn, org_id, user_id)).text
        await conn.execute(
            "update api_keys set expires_at = now() - interval '1 second' where prefix = %s",
            (keys["expired"].split("_")[1],),
        )
        await api_keys.revoke(conn, keys["revoked"])
    await api_keys.authenticate(database, keys["disabled"])
    async with database.org(org_id) as conn:
        await users.update(conn, user_id, UserChange(disabled=True))
    changed = keys["changed"][:-1] + ("A" if keys["changed"][-1] != "A" else "B")
    said = set()
    for key in ("", "gwk_x", new_api_key().text, changed, keys["expired"], keys["revoked"], keys["disabled"]):
        with pytest.raises(KeyRefused) as refused:
            await api_keys.authenticate(database, key)
        said.add(str(refused.value))
    assert len(said) == 1


async def test_the_last_use_of_a_key_is_written_once_a_minute(database: Database) -> None:
    """Many uses in a minute write the row once; one after that writes it again."""
    org_id = await make_org(database, "acme")
    user_id = await make_user(database, org_id)
    async with database.org(org_id) as conn:
        key = await api_keys.create(conn, org_id, user_id)

    async def last_use() -> tuple[str, object]:
        async with database.org(org_id) as conn:
            row = await (await conn.execute("select xmin::text as version, last_used_at from api_keys")).fetchone()
        assert row is not None
        return row["version"], row["last_used_at"]

    await api_keys.authenticate(database, key.text)
    first = await last_use()
    assert first[1] is not None
    for _ in range(5):
        await api_keys.authenticate(database, key.text)
    assert await last_use() == first
    async with database.org(org_id) as conn:
        await conn.execute("update api_keys set last_used_at = now() - interval '61 seconds'")
    await api_keys.authenticate(database, key.text)
    assert (await last_use())[1] > first[1]  # type: ignore[operator]


async def test_a_key_is_revoked_by_its_own_organisation_alone(database: Database) -> None:
    """Another organisation neither sees nor revokes a key."""
    acme, other = await make_org(database, "acme"), await make_org(database, "other")
    user_id = await make_user(database, acme)
    async with database.org(acme) as conn:
        key = await api_keys.create(conn, acme, user_id)
    async with database.org(other) as conn:
        assert await api_keys.list_all(conn) == []
        with pytest.raises(NotFound):
            await api_keys.revoke(conn, key.text)
    await api_keys.authenticate(database, key.text)


async def test_an_organisation_keeps_an_admin(database: Database) -> None:
    """The only admin can't be disabled or made a member; one of two can, and not both at once."""
    org_id = await make_org(database, "acme")
    async with database.org(org_id) as conn:
        one = await users.create(conn, org_id, "one", role="admin")
    with pytest.raises(Conflict, match="only admin"):
        async with database.org(org_id) as conn:
            await users.update(conn, one, UserChange(role="member"))
    async with database.org(org_id) as conn:
        two = await users.create(conn, org_id, "two", role="admin")

    async def disable(user_id: UserId) -> bool:
        try:
            async with database.org(org_id) as conn:
                await users.update(conn, user_id, UserChange(disabled=True))
        except Conflict:
            return False
        return True

    assert sorted(await asyncio.gather(disable(one), disable(two))) == [False, True]


async def test_users_are_changed_by_name(database: Database) -> None:
    """A user is found by name or id; what is not given stays."""
    org_id = await make_org(database, "acme")
    user_id = await make_user(database, org_id)
    async with database.org(org_id) as conn:
        changed = await users.update(conn, user_id, UserChange(allow=["mail"]))
        assert (changed.allow, changed.deny, changed.role) == (("mail",), ("web_admin",), "member")
        assert await users.find(conn, "ada") == await users.find(conn, user_id) == changed
        assert await users.list_all(conn) == [changed]
        with pytest.raises(NotFound):
            await users.find(conn, "nobody")
        with pytest.raises(BadInput):
            await users.create(conn, org_id, "a\nb")


async def test_the_application_sees_no_tenant_without_naming_it(database: Database) -> None:
    """A transaction of no organisation sees no organisation, user or key: only the owner's functions do."""
    org_id = await make_org(database, "acme")
    user_id = await make_user(database, org_id)
    async with database.org(org_id) as conn:
        await api_keys.create(conn, org_id, user_id)
    async with database.system() as conn:
        for table in ("orgs", "users", "api_keys", "org_secrets"):
            assert await (await conn.execute(f"select * from {table}")).fetchall() == []
