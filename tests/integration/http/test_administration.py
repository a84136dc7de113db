"""Agents, users, keys, secrets, limits and the organisation through the API."""

from __future__ import annotations

from .conftest import SOURCE, Caller, House


async def test_an_agent_is_changed_rolled_back_and_removed(admin: Caller, member: Caller) -> None:
    """A change of code is a version; a rollback is one more with the old code; members may look at all of them."""
    made = await admin("POST", "/api/agents", 201, json={"name": "two", "source": SOURCE, "budget": {"tokens": 5}})
    assert (made["source_kind"], made["current_version"], made["budget"]) == ("inline", 1, {"tokens": 5})
    path = f"/api/agents/{made['agent_id']}"
    changed = await admin("PUT", "/api/agents/two", json={"source": SOURCE + "# new\n", "tools": ["web_*"]})
    assert (changed["current_version"], changed["tools"], changed["budget"]) == (2, ["web_*"], {})
    assert (await admin("PUT", f"{path}/rollback", params={"version": 1}))["version"] == 3
    versions = (await member("GET", f"{path}/versions"))["items"]
    assert [(each["version"], each["trigger"]) for each in versions] == [
        (3, "rollback"), (2, "api_update"), (1, "api_update"),
    ]  # fmt: skip
    assert (await member("GET", f"{path}/versions/2"))["source"] == SOURCE + "# new\n"
    assert "source" not in versions[0]
    await member("GET", f"{path}/versions/4", 404)
    await admin("DELETE", path, 204)
    await member("GET", "/api/agents/two", 404)
    assert [each["name"] for each in (await member("GET", "/api/agents"))["items"]] == ["worker"]


async def test_code_that_can_not_run_is_refused(admin: Caller) -> None:
    """The answer says where the fault is; the old version stays."""
    refused = await admin("PUT", "/api/agents/worker", 422, json={"source": "def handle(task:\n"})
    assert (refused["error"]["code"], "line 1" in refused["error"]["message"]) == ("agent.source_refused", True)
    assert (await admin("GET", "/api/agents/worker"))["current_version"] == 1
    taken = await admin("POST", "/api/agents", 409, json={"name": "worker"})
    assert taken["error"]["code"] == "thing.conflict"
    unknown = await admin("PUT", "/api/agents/worker", 422, json={"sauce": "x"})
    assert "sauce" in unknown["error"]["message"]
    await admin("POST", "/api/agents", 400, json={"name": "a b"})
    await admin("POST", "/api/agents", 400, json={"name": "passwd", "file": "../../etc/passwd"})
    await admin("POST", "/api/agents/worker/sync", 409)


async def test_a_user_gets_a_key_and_uses_it(house: House, admin: Caller) -> None:
    """A key is shown once, when it is made, and names its user; later only facts are told."""
    user = await admin("POST", "/api/users", 201, json={"name": "bob", "allow": ["web_*"], "deny": ["web_x"]})
    made = await admin("POST", "/api/keys", 201, json={"user": "bob", "label": "laptop", "days": 3})
    me = (await house.client(made["key"]).get("/api/me")).json()
    assert (me["user_id"], me["role"], me["allow"], me["deny"]) == (user["user_id"], "member", ["web_*"], ["web_x"])
    listed = await admin("GET", "/api/keys")
    assert made["key"] not in str(listed)
    assert listed["items"][-1]["label"] == "laptop"
    promoted = await admin("PATCH", "/api/users/bob", json={"role": "admin"})
    assert (promoted["role"], promoted["allow"]) == ("admin", ["web_*"])
    await admin("DELETE", f"/api/keys/{made['key_id']}", 204)
    assert (await house.client(made["key"]).get("/api/me")).status_code == 401


async def test_what_is_wrong_with_users_and_keys_is_told(admin: Caller) -> None:
    """Taken names, unknown users, bad patterns and the last admin are refused, each with its status."""
    await admin("POST", "/api/users", 409, json={"name": "admin"})
    await admin("POST", "/api/users", 400, json={"name": "bob", "allow": ["a b"]})
    await admin("POST", "/api/users", 422, json={"name": "bob", "role": "king"})
    await admin("PATCH", "/api/users/admin", 409, json={"role": "member"})
    await admin("GET", "/api/users/nobody", 404)
    await admin("POST", "/api/keys", 404, json={"user": "nobody"})
    await admin("POST", "/api/keys", 422, json={"user": "admin", "days": 0})
    await admin("DELETE", "/api/keys/nothing", 404)


async def test_secrets_are_named_and_never_shown(admin: Caller) -> None:
    """A secret is set, replaced and removed; lists have names alone."""
    await admin("PUT", "/api/secrets/MAIL_KEY", 204, json={"value": "hidden value 1"})
    await admin("PUT", "/api/secrets/MAIL_KEY", 204, json={"value": "hidden value 2"})
    listed = await admin("GET", "/api/secrets")
    assert [set(each) for each in listed["items"]] == [{"name", "updated_at"}]
    await admin("PUT", "/api/secrets/a-b", 400, json={"value": "hidden value"})
    await admin("DELETE", "/api/secrets/MAIL_KEY", 204)
    await admin("DELETE", "/api/secrets/MAIL_KEY", 404)


async def test_limits_hold_and_show_their_use(admin: Caller, member: Caller) -> None:
    """A hard limit refuses with 429 and its reset; the list shows what was used; without numbers it is gone."""
    await admin("PUT", "/api/limits", 204, json={"metric": "tasks", "period": "day", "hard": 1, "user": "ada"})
    await admin("PUT", "/api/limits", 204, json={"metric": "tokens", "period": "month", "soft": 9})
    await member.submit()
    refused = await member("POST", "/api/tasks", 429, json={"input": "x", "agent": "worker"})
    assert (refused["error"]["code"], "resets at" in refused["error"]["message"]) == ("limit.reached", True)
    whole, own = (await admin("GET", "/api/limits"))["items"]
    assert (whole["user_id"], whole["metric"], whole["soft"], whole["used"]) == (None, "tokens", 9, 0)
    assert (own["user_name"], own["hard"], own["used"], own["reserved"]) == ("ada", 1, 1, 0)
    await admin("PUT", "/api/limits", 204, json={"metric": "tasks", "period": "day", "user": "ada"})
    await member.submit()
    await admin("PUT", "/api/limits", 422, json={"metric": "tasks", "period": "day", "hard": -1})


async def test_the_organisation_is_changed(admin: Caller) -> None:
    """What is given changes, the rest stays."""
    before = await admin("GET", "/api/organisation")
    after = await admin("PATCH", "/api/organisation", json={"triage_agent": "worker"})
    assert after == before | {"triage_agent": "worker"}
    await admin("PATCH", "/api/organisation", 422, json={"concurrency": 0})
    assert (await admin("POST", "/api/tasks", 202, json={"input": "x"}))["agent"] == "worker"
