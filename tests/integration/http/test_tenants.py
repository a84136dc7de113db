"""No route shows or changes another organisation's things: driven by the table of routes, so that none is forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from greatwheel.channels.http.authentication import is_public

from .conftest import SOURCE, Caller, House


@dataclass(frozen=True, kw_only=True)
class Call:
    """How a route is called; `{…}` stands for something of the first organisation."""

    admin: bool = False
    json: Any = None
    query: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    own: int | None = None
    """The status for another organisation where it has nothing of the first one's in it; None: 404."""


CALLS: dict[tuple[str, str], Call] = {
    ("POST", "/api/chat"): Call(json={"message": "x", "session_id": "{session}"}),
    ("POST", "/api/tasks"): Call(json={"input": "x", "agent": "special"}),
    ("GET", "/api/tasks"): Call(own=200),
    ("GET", "/api/tasks/{task_id}"): Call(),
    ("POST", "/api/tasks/{task_id}/cancel"): Call(),
    ("POST", "/api/tasks/{task_id}/retry"): Call(),
    ("GET", "/api/tasks/{task_id}/events"): Call(headers={"accept": "text/event-stream"}),
    ("GET", "/api/tasks/{task_id}/calls"): Call(),
    ("POST", "/api/tasks/{task_id}/answer"): Call(json={"answer": "x"}),
    ("GET", "/api/questions"): Call(own=200),
    ("GET", "/api/sessions"): Call(own=200),
    ("GET", "/api/sessions/{session_id}"): Call(),
    ("DELETE", "/api/sessions/{session_id}"): Call(),
    ("GET", "/api/agents"): Call(own=200),
    ("POST", "/api/agents"): Call(admin=True, json={"name": "special", "source": SOURCE}, own=201),
    ("GET", "/api/agents/{agent}"): Call(),
    ("PUT", "/api/agents/{agent}"): Call(admin=True, json={"source": SOURCE + "#"}),
    ("DELETE", "/api/agents/{agent}"): Call(admin=True),
    ("PUT", "/api/agents/{agent}/rollback"): Call(admin=True, query={"version": "1"}),
    ("POST", "/api/agents/{agent}/sync"): Call(admin=True),
    ("GET", "/api/agents/{agent}/versions"): Call(),
    ("GET", "/api/agents/{agent}/versions/{version}"): Call(),
    ("GET", "/api/me"): Call(own=200),
    ("POST", "/console/markdown"): Call(own=200, json={"text": "x"}),
    ("GET", "/api/users"): Call(admin=True, own=200),
    ("POST", "/api/users"): Call(admin=True, json={"name": "eve"}, own=201),
    ("GET", "/api/users/{user}"): Call(admin=True),
    ("PATCH", "/api/users/{user}"): Call(admin=True, json={"disabled": True}),
    ("GET", "/api/keys"): Call(admin=True, own=200),
    ("POST", "/api/keys"): Call(admin=True, json={"user": "{user}"}),
    ("DELETE", "/api/keys/{key}"): Call(admin=True),
    ("GET", "/api/secrets"): Call(admin=True, own=200),
    ("DELETE", "/api/secrets/{name}"): Call(admin=True),
    ("PUT", "/api/secrets/{name}"): Call(admin=True, json={"value": "another value"}, own=204),
    ("GET", "/api/organisation"): Call(admin=True, own=200),
    ("PATCH", "/api/organisation"): Call(admin=True, json={"concurrency": 7}, own=200),
    ("GET", "/api/limits"): Call(admin=True, own=200),
    ("PUT", "/api/limits"): Call(admin=True, json={"metric": "tasks", "period": "day", "hard": 0, "user": "{user}"}),
}
"""Every route but the public ones, in the order of the calls: what the other organisation makes is not there before."""


def routes(app: FastAPI) -> set[tuple[str, str]]:
    """Method and path of each route of the app."""
    return {
        (method, str(route.path))
        for route in iter_route_contexts(app.routes)
        for method in set(route.methods or ()) - {"HEAD"}
    }


@pytest.fixture
async def things(house: House, admin: Caller, member: Caller) -> Mapping[str, str]:
    """One of each thing of the first organisation, the member's, by the names that the paths have for them."""
    agent = await admin("POST", "/api/agents", 201, json={"name": "special", "source": SOURCE})
    made = await member.submit("confidential", agent="special")
    task = await house.begin(admin.org_id, made["task_id"])
    await house.tell(task, "noted", text="confidential")
    await house.ask(task, "confidential?")
    await admin("PUT", "/api/secrets/SPECIAL", 204, json={"value": "confidential value"})
    await admin("PUT", "/api/limits", 204, json={"metric": "tokens", "period": "day", "soft": 5, "user": "ada"})
    keys = (await admin("GET", "/api/keys"))["items"]
    return {
        "task_id": made["task_id"],
        "session_id": made["session_id"],
        "session": made["session_id"],
        "agent": agent["agent_id"],
        "version": "1",
        "user": member.user_id,
        "key": next(key["key_id"] for key in keys if key["user_name"] == "ada"),
        "name": "SPECIAL",
    }


async def called(client: httpx.AsyncClient, route: tuple[str, str], things: Mapping[str, str]) -> httpx.Response:
    """Call a route with those things."""
    method, path = route
    call = CALLS[route]
    body = call.json
    if isinstance(body, dict):
        body = {key: value.format(**things) if isinstance(value, str) else value for key, value in body.items()}
    return await client.request(
        method, path.format(**things), json=body, params=call.query, headers=dict(call.headers or {})
    )


async def seen(admin: Caller) -> dict[str, Any]:
    """Everything that an admin can list."""
    lists = ("tasks", "questions", "sessions", "agents", "users", "keys", "secrets", "limits", "organisation")
    found = {name: await admin("GET", f"/api/{name}") for name in lists}
    for key in found["keys"]["items"]:
        del key["last_used_at"]  # the admin's own key is in use
    return found


def test_every_route_is_tried(house: House) -> None:
    """A route that is not in this test's table is a failure."""
    assert {route for route in routes(house.app) if not is_public(route[1])} == set(CALLS)


async def test_nothing_is_served_without_a_key(house: House, things: Mapping[str, str]) -> None:
    """Each route but the public ones is 401 without a key."""
    client = house.client()
    for route in CALLS:
        assert (await called(client, route, things)).status_code == 401, route
    for method, path in routes(house.app):
        if is_public(path) and method == "GET" and "{" not in path:
            assert (await client.get(path)).status_code == 200, path


async def test_a_member_does_no_admins_work(house: House, member: Caller, things: Mapping[str, str]) -> None:
    """Each route that needs an admin is 403 for a member of the same organisation."""
    for route, call in CALLS.items():
        if call.admin:
            answer = await called(member.client, route, things)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "access.permission_denied"), route


async def test_another_organisation_sees_and_changes_nothing(
    house: House, admin: Caller, stranger: Caller, things: Mapping[str, str]
) -> None:
    """With the ids of another organisation each route is 404; lists have nothing of it; nothing of it changes."""
    before = await seen(admin)
    ids = [admin.org_id, *(value for name, value in things.items() if name not in ("version", "name"))]
    for route, call in CALLS.items():
        answer = await called(stranger.client, route, things)
        assert answer.status_code == (call.own or 404), (route, answer.text)
        if call.own:
            assert not [each for each in [*ids, "confidential"] if each in answer.text], route
        else:
            assert answer.json()["error"]["code"] in ("thing.not_found", "http.no_such_route"), route
        if route == ("POST", "/api/agents"):
            await stranger("DELETE", "/api/agents/special", 204)
    assert await seen(admin) == before


async def test_the_first_organisation_may_do_it(house: House, admin: Caller, things: Mapping[str, str]) -> None:
    """The same calls of an admin of the organisation are served: the refusals are not for another reason."""
    for route in CALLS:
        if route[0] == "GET" and "accept" not in (CALLS[route].headers or {}):
            assert (await called(admin.client, route, things)).status_code == 200, route
    assert (await called(admin.client, ("POST", "/api/tasks/{task_id}/answer"), things)).status_code == 200
    for route in (("PUT", "/api/secrets/{name}"), ("DELETE", "/api/secrets/{name}"), ("DELETE", "/api/keys/{key}")):
        assert (await called(admin.client, route, things)).status_code == 204, route
