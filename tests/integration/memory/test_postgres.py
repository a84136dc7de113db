"""Memories in a real Postgres."""

from __future__ import annotations

from typing import Any

import pytest

from greatwheel.core.context import CallContext
from greatwheel.core.ids import AgentId, OrgId, RunId, SessionId, TaskId, UserId
from greatwheel.core.tasks import Task
from greatwheel.database.database import Database
from greatwheel.memory.postgres import PostgresMemory
from greatwheel.memory.services import MAX_VALUE_BYTES, MemoryServices
from greatwheel.runtime.services import Read, Record, ServiceCall


def call(org_id: OrgId, name: str, *, agent: str = "agt_1", **kwargs: Any) -> ServiceCall:
    task = Task(
        org_id=org_id, task_id=TaskId("tsk_1"), session_id=SessionId("ses_1"), user_id=UserId("usr_1"),
        agent_id=AgentId(agent), agent_version=1, kind="agent", input="", status="running", root_id=TaskId("tsk_1"),
    )  # fmt: skip
    context = CallContext(session_id=SessionId("ses_1"), run_id=RunId("tsk_1"), organisation=org_id)
    return ServiceCall(context=context, task=task, seq=1, name=name, kwargs=kwargs)


async def do(database: Database, org_id: OrgId, name: str, **kwargs: Any) -> Any:
    service = MemoryServices(store=PostgresMemory(), db=database).find(f"memory.{name}")
    asked = call(org_id, f"memory.{name}", **kwargs)
    if isinstance(service, Read):
        return await service.handle(asked)
    assert isinstance(service, Record)
    async with database.org(org_id) as conn:
        return await service.handle(conn, asked)


async def keys(database: Database, org_id: OrgId, query: str, **kwargs: Any) -> list[str]:
    return [found["key"] for found in await do(database, org_id, "recall", query=query, **kwargs)]


async def test_the_memory_with_most_of_the_words_comes_first(database: Database, org_id: OrgId) -> None:
    """Any word of the query finds a memory, more words find it sooner, and the value comes back as it was."""
    await do(database, org_id, "store", key="cat", value="The cat sleeps on the red mat.", metadata={"n": 1})
    await do(database, org_id, "store", key="dog", value="The dog sleeps.")
    await do(database, org_id, "store", key="sun", value={"far": ["away", 1]})
    found = await do(database, org_id, "recall", query="where does the cat sleeps?")
    assert [each["key"] for each in found] == ["cat", "dog"]
    assert (found[0]["value"], found[0]["metadata"]) == ("The cat sleeps on the red mat.", {"n": 1})
    assert found[0]["score"] > found[1]["score"]
    assert await do(database, org_id, "recall", query="away") == [
        {"key": "sun", "value": '{"far": ["away", 1]}', "score": pytest.approx(0.06, abs=0.05), "metadata": {}}
    ]
    assert await keys(database, org_id, "sleeps", top_k=1) != []


async def test_a_query_without_known_words_gives_the_newest(database: Database, org_id: OrgId) -> None:
    """When no word is known the newest memories come, the newest first."""
    for key in ("a", "b", "c"):
        await do(database, org_id, "store", key=key, value=f"value {key}")
    assert await keys(database, org_id, "unheard", top_k=2) == ["c", "b"]
    assert await keys(database, org_id, "") == ["c", "b", "a"]


async def test_storing_again_replaces_and_forgetting_removes(database: Database, org_id: OrgId) -> None:
    """A key has one value; forgetting says whether there was one."""
    await do(database, org_id, "store", key="k", value="old thing")
    await do(database, org_id, "store", key="k", value="new thing")
    assert [each["value"] for each in await do(database, org_id, "recall", query="thing")] == ["new thing"]
    assert await do(database, org_id, "forget", key="k") is True
    assert await do(database, org_id, "forget", key="k") is False
    assert await keys(database, org_id, "thing") == []


async def test_scopes_and_organisations_are_apart(database: Database, org_id: OrgId) -> None:
    """A memory is its agent's unless another scope is named, and never another organisation's."""
    await do(database, org_id, "store", key="mine", value="word")
    await do(database, org_id, "store", key="ours", value="word", scope="organisation")
    assert await keys(database, org_id, "word") == ["mine"]
    assert await keys(database, org_id, "word", agent="agt_2") == []
    assert await keys(database, org_id, "word", agent="agt_2", scope="organisation") == ["ours"]
    assert await keys(database, org_id, "word", scope="user") == []
    other = OrgId("org_other")
    async with database.org(other) as conn:
        await conn.execute("insert into orgs (org_id, name) values (%s, 'other')", (other,))
    assert await keys(database, other, "word") == []
    assert await do(database, other, "forget", key="mine") is False


@pytest.mark.parametrize(
    "query", ["a & b | !c <-> (d", "it's \\ 'quoted' & x", "%s %(x)s", "a:*", "e.com/x?y&z", "   "]
)
async def test_any_text_can_be_a_query(database: Database, org_id: OrgId, query: str) -> None:
    """A query has no syntax: signs of Postgres' own are only text."""
    await do(database, org_id, "store", key="k", value="something")
    assert await keys(database, org_id, query) == ["k"]


@pytest.mark.parametrize(
    ("name", "kwargs", "kind", "said"),
    [
        ("store", {"key": "", "value": "v"}, ValueError, "key is empty"),
        ("store", {"key": 3, "value": "v"}, TypeError, "key is a text"),
        ("store", {"key": "k" * 1001, "value": "v"}, ValueError, "at most 1,000"),
        ("store", {"key": "k", "value": "a\0b"}, ValueError, "NUL"),
        ("store", {"key": "k", "value": "\ud800"}, ValueError, "surrogate"),
        ("store", {"key": "k", "value": {1}}, TypeError, "value is a text"),
        ("store", {"key": "k", "value": "ü" * (MAX_VALUE_BYTES // 2 + 1)}, ValueError, "at most 500,000"),
        ("store", {"key": "k", "value": "v", "metadata": [1]}, TypeError, "metadata is a dict"),
        ("store", {"key": "k", "value": "v", "metadata": {"a": "\0"}}, ValueError, "NUL"),
        ("store", {"key": "k", "value": "v", "scope": "agent:other"}, ValueError, "scope is one of"),
        ("recall", {"query": None}, TypeError, "query is a text"),
        ("recall", {"query": "q", "top_k": 0}, ValueError, "top_k"),
        ("recall", {"query": "q", "top_k": True}, ValueError, "top_k"),
        ("recall", {"query": "q", "mode": "vector"}, ValueError, "mode is one of"),
        ("forget", {"key": None}, TypeError, "key is a text"),
    ],
)
async def test_what_can_not_be_kept_is_told_clearly(
    database: Database, org_id: OrgId, name: str, kwargs: dict[str, Any], kind: type[Exception], said: str
) -> None:
    """A wrong argument is an error of Python's own kind that names it."""
    with pytest.raises(kind, match=said):
        await do(database, org_id, name, **kwargs)


async def test_the_longest_value_can_be_kept(database: Database, org_id: OrgId) -> None:
    """Postgres indexes a value of the longest allowed length, even when each word is another."""
    words = " ".join(f"w{n:06d}" for n in range(MAX_VALUE_BYTES // 8))
    await do(database, org_id, "store", key="long", value=words)
    assert await keys(database, org_id, "w000042") == ["long"]
