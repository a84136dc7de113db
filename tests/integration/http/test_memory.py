"""Memories through the API: the same that agents have."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Caller, House


async def keys(caller: Caller, **query: Any) -> list[str]:
    """The keys of what a recall finds, in its order."""
    return [each["key"] for each in (await caller("GET", "/api/memory", params=query))["items"]]


async def test_a_memory_is_stored_recalled_and_forgotten(member: Caller) -> None:
    """It is found by its words; storing under its key replaces it; without a query the newest come first."""
    await member(
        "POST", "/api/memory", 204, json={"key": "cats/one", "value": "Cats sleep a lot", "metadata": {"a": 1}}
    )
    await member("POST", "/api/memory", 204, json={"key": "dogs", "value": {"dogs": ["bark", "sleep"]}})
    assert await keys(member, query="bark") == ["dogs"]
    assert await keys(member) == ["dogs", "cats/one"]
    assert len(await keys(member, query="sleep", limit=1)) == 1
    (found,) = (await member("GET", "/api/memory", params={"query": "cats"}))["items"]
    assert (found["value"], found["metadata"], found["score"] > 0) == ("Cats sleep a lot", {"a": 1}, True)
    await member("POST", "/api/memory", 204, json={"key": "cats/one", "value": "Lions"})
    assert await keys(member, query="lions") == ["cats/one"]
    await member("DELETE", "/api/memory/cats/one", 204)
    await member("DELETE", "/api/memory/cats/one", 404)
    assert await keys(member) == ["dogs"]


async def test_each_scope_has_its_own_memories(house: House, admin: Caller, member: Caller) -> None:
    """A user's and a session's are theirs alone, an agent's and the organisation's are everybody's."""
    session = (await member.submit())["session_id"]
    places: list[dict[str, str]] = [
        {"scope": "user"}, {"scope": "agent", "agent": "worker"}, {"scope": "session", "session": session},
        {"scope": "organisation"},
    ]  # fmt: skip
    for place in places:
        await member("POST", "/api/memory", 204, json={"key": place["scope"], "value": "x", **place})
    for place in places:
        assert await keys(member, **place) == [place["scope"]]
    assert await keys(admin, scope="user") == []
    assert await keys(admin, scope="agent", agent="worker") == ["agent"]
    assert await keys(admin, scope="organisation") == ["organisation"]
    assert await keys(admin, scope="session", session=session) == ["session"]
    other = await house.user(member.org_id, "bob", "member")
    await other("GET", "/api/memory", 404, params={"scope": "session", "session": session})
    async with house.parts.database.org(member.org_id) as conn:
        rows = await (await conn.execute("select scope from memories order by scope")).fetchall()
    agent = (await member("GET", "/api/agents/worker"))["agent_id"]
    assert [row["scope"] for row in rows] == [
        f"agent:{agent}", "organisation", f"session:{session}", f"user:{member.user_id}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "place",
    [
        {"scope": "agent"},
        {"scope": "session"},
        {"scope": "user", "agent": "worker"},
        {"scope": "organisation", "session": "x"},
        {"session": "x"},
    ],
)
async def test_a_place_that_is_not_whole_is_refused(member: Caller, place: dict[str, str]) -> None:
    """An agent and a session are named where they are needed, and nowhere else."""
    await member("GET", "/api/memory", 400, params=place)
    await member("POST", "/api/memory", 400, json={"key": "k", "value": "v", **place})
    await member("DELETE", "/api/memory/k", 400, params=place)


async def test_hostile_memories_are_refused(member: Caller) -> None:
    """Keys and values that can't be kept are 400 or 422, never a fault of the server."""
    for body in (
        '{"key": "", "value": "v"}', '{"key": "\\u0000", "value": "v"}', '{"key": "\\ud800", "value": "v"}',
        '{"key": "k", "value": "\\ud800"}', '{"key": "k", "value": "v", "metadata": {"a": "\\u0000"}}',
        '{"key": "k", "value": NaN}', '{"key": "k", "value": "v", "scope": "other"}', '{"key": "k"}',
        '{"key": "k", "value": "' + "x" * 500_001 + '"}', '{"key": "' + "é" * 900 + '", "value": "v"}',
    ):  # fmt: skip
        sent = {"content": body.encode(), "headers": {"content-type": "application/json"}}
        answer = await member.client.post("/api/memory", **sent)  # type: ignore[arg-type]
        assert answer.status_code in (400, 422), (body[:60], answer.text[:200])
    for path in ("/api/memory/%00", "/api/memory/", "/api/memory/%ff"):
        assert (await member.client.delete(path)).status_code in (400, 404), path
    assert (await member.client.get("/api/memory", params={"query": "\x00"})).status_code == 400
    assert await keys(member, query="& | ! ( <-> 'x") == []
