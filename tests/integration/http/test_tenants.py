"""No route shows or changes another organisation's things: driven by the table of routes, so that none is forgotten.

A route whose path has only names of `things` and that takes no body is tried as it is. Any other must be in `CALLS`,
or in `OPEN` (whoever calls it shows no key), or in `SOCKETS`; else `test_every_route_is_tried` fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

import httpx
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from psycopg.types.json import Jsonb

from greatwheel.channels.http.authentication import is_public
from greatwheel.channels.http.visits import _admin_visit
from greatwheel.channels.websocket.messages import Incoming
from greatwheel.core.ids import SessionId, TaskId
from greatwheel.runtime import points, sessions
from greatwheel.runtime.keeping import Keeping
from greatwheel.runtime.sessions import Exchange

from .conftest import SOURCE, Caller, House
from .sockets import said_to

STREAM = {"accept": "text/event-stream"}
HIDDEN = "confidential"
"""A word that is in each of the first organisation's things."""
Route = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Call:
    """How a route is called; `{…}` stands for something of the first organisation."""

    admin: bool = False
    json: Any = None
    query: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    files: Mapping[str, tuple[str, bytes]] | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    """What names of the path stand for, where that is not what `things` has for them."""
    own: int | None = None
    """The status for another organisation where it has nothing of the first one's in it; None: 404."""


CALLS: dict[Route, Call] = {
    ("POST", "/api/chat"): Call(json={"message": "x", "session_id": "{session}"}),
    ("POST", "/api/tasks"): Call(json={"input": "x", "agent": "special"}),
    ("GET", "/api/tasks"): Call(own=200),
    ("GET", "/api/tasks/{task_id}/events"): Call(headers=STREAM),
    ("POST", "/api/tasks/{task_id}/answer"): Call(json={"answer": "x"}),
    ("GET", "/api/questions"): Call(own=200),
    ("GET", "/api/sessions"): Call(own=200),
    ("POST", "/api/sessions"): Call(json={"agent": "special", "context": "x"}),
    ("POST", "/api/sessions/{session_id}/fork"): Call(json={}),
    ("POST", "/api/sessions/{session_id}/rewind"): Call(json={"task_id": "{done_task}"}),
    ("GET", "/v1/models"): Call(own=200),
    ("GET", "/v1/models/{model}"): Call(names={"model": "special"}),
    ("POST", "/v1/chat/completions"): Call(json={"model": "special", "messages": [{"role": "user", "content": "x"}]}),
    ("GET", "/api/agents"): Call(own=200),
    ("POST", "/api/agents"): Call(admin=True, json={"name": "special", "source": SOURCE}, own=201),
    ("PUT", "/api/agents/{agent}"): Call(admin=True, json={"source": SOURCE + "#"}),
    ("PUT", "/api/agents/{agent}/rollback"): Call(admin=True, query={"version": "1"}),
    ("GET", "/api/agents/{agent}/diff"): Call(query={"from": "1", "to": "1"}),
    ("GET", "/api/me"): Call(own=200),
    ("GET", "/api/overview"): Call(own=200),
    ("GET", "/api/models"): Call(own=200),
    ("GET", "/api/config"): Call(own=200),
    ("POST", "/console/markdown"): Call(own=200, json={"text": "x"}),
    ("POST", "/api/uploads"): Call(files={"file": ("a.txt", b"mine")}, own=201),
    ("GET", "/api/memory"): Call(query={"scope": "organisation", "query": HIDDEN}, own=200),
    ("DELETE", "/api/memory/{key}"): Call(query={"scope": "organisation"}, names={"key": "special/one"}),
    ("POST", "/api/memory"): Call(json={"key": "special/one", "value": "mine", "scope": "organisation"}, own=204),
    ("GET", "/api/users"): Call(admin=True, own=200),
    ("POST", "/api/users"): Call(admin=True, json={"name": "eve"}, own=201),
    ("PATCH", "/api/users/{user}"): Call(admin=True, json={"disabled": True}),
    ("GET", "/api/keys"): Call(admin=True, own=200),
    ("POST", "/api/keys"): Call(admin=True, json={"user": "{user}"}),
    ("GET", "/api/secrets"): Call(admin=True, own=200),
    ("DELETE", "/api/secrets/{name}"): Call(admin=True),
    ("PUT", "/api/secrets/{name}"): Call(admin=True, json={"value": "another value"}, own=204),
    ("GET", "/api/organisation"): Call(admin=True, own=200),
    ("PATCH", "/api/organisation"): Call(admin=True, json={"concurrency": 7}, own=200),
    ("GET", "/api/limits"): Call(own=200),
    ("PUT", "/api/limits"): Call(admin=True, json={"metric": "tasks", "period": "day", "hard": 0, "user": "{user}"}),
    ("GET", "/api/webhooks"): Call(admin=True, own=200),
    ("POST", "/api/webhooks"): Call(admin=True, json={"name": "special", "user": "{user}"}),
    ("PATCH", "/api/webhooks/{webhook_id}"): Call(admin=True, json={"enabled": False}),
    ("POST", "/api/webhooks/{webhook_id}/secret"): Call(admin=True, json={}),
    ("GET", "/api/webhooks/outbound"): Call(admin=True, own=200),
    ("POST", "/api/webhooks/outbound"): Call(
        admin=True, json={"url": "https://8.8.8.8/x", "events": ["task.ended"], "agent": "special"}, own=201
    ),
    ("PATCH", "/api/webhooks/outbound/{subscription_id}"): Call(admin=True, json={"enabled": False}),
    ("GET", "/api/webhooks/{subscription_id}/deliveries"): Call(admin=True),
    ("GET", "/api/mcp-servers"): Call(admin=True, own=200),
    ("POST", "/api/mcp-servers"): Call(admin=True, json={"name": "other", "url": "https://8.8.8.8/mcp"}, own=201),
    ("DELETE", "/api/mcp-servers/{server}"): Call(admin=True),
    ("GET", "/api/slack"): Call(admin=True, own=200),
    ("POST", "/api/slack"): Call(
        admin=True,
        json={"name": "x", "bot_token": "SPECIAL", "signing_secret": "SPECIAL", "default_user": "{user}"},
    ),
    ("PUT", "/api/slack/{slack_id}/users/{slack_user}"): Call(admin=True, json={"user": "{user}"}),
    ("DELETE", "/api/slack/{slack_id}/users/{slack_user}"): Call(admin=True),
}
"""In the order of the calls: what the other organisation makes is not there before."""
FURTHER: Sequence[tuple[Route, Call]] = (
    (("POST", "/api/tasks"), Call(json={"input": "x", "agent": "worker", "session_id": "{session}"})),
    (("POST", "/api/tasks"), Call(json={"input": "x", "agent": "worker", "upload_id": "{upload}"})),
    (("POST", "/api/tasks"), Call(json={"input": "x", "session_id": "{session}", "rewind_to": ""})),
    (("POST", "/api/sessions"), Call(json={"agent": "worker", "upload_id": "{upload}"})),
    (("POST", "/api/chat"), Call(json={"message": "x", "agent": "worker", "upload_id": "{upload}"})),
    (
        ("POST", "/v1/chat/completions"),
        Call(
            json={"model": "worker", "messages": [{"role": "user", "content": "x"}]},
            headers={"x-greatwheel-session": "{session}"},
        ),
    ),
    (("GET", "/api/tasks"), Call(query={"session": "{session}"}, own=200)),
    (("GET", "/api/tasks"), Call(query={"parent": "{task_id}", "agent": "special"}, own=200)),
    (("GET", "/api/sessions"), Call(query={"search": HIDDEN, "agent": "special"}, own=200)),
    (("GET", "/api/memory"), Call(query={"scope": "session", "session": "{session}"})),
    (("GET", "/api/memory"), Call(query={"scope": "agent", "agent": "{agent}"})),
    (("POST", "/api/memory"), Call(json={"key": "k", "value": "v", "scope": "session", "session": "{session}"})),
    (("POST", "/api/memory"), Call(json={"key": "k", "value": "v", "scope": "agent", "agent": "{agent}"})),
    (("DELETE", "/api/memory/{key}"), Call(query={"scope": "agent", "agent": "{agent}"}, names={"key": "k"})),
)
"""Other ways to name things in those routes."""
OPEN: Mapping[Route, int] = {
    ("GET", "/"): 200,
    ("GET", "/health"): 200,
    ("GET", "/docs"): 200,
    ("GET", "/docs.css"): 200,
    ("GET", "/openapi.json"): 200,
    ("GET", "/console/static/{path}"): 404,
    ("POST", "/api/login"): 422,
    ("POST", "/api/logout"): 204,
    ("POST", "/hooks/{webhook_id}"): 401,
    ("POST", "/slack/{slack_id}/events"): 401,
}
"""Routes without a key, with what they answer to an empty request."""
SOCKETS = frozenset({"/ws", "/mcp"})
"""What takes messages: tried by `test_web_sockets_reach_nothing_of_another_organisation`, and in integration/mcp."""
NOT_THERE = ("thing.not_found", "http.no_such_route", "model_not_found")
MOVING = frozenset({"/api/overview"})
"""Told anew at each look, though nothing has changed."""


def plain(path: str) -> str:
    """A route's path without the kinds of its names."""
    return re.sub(r"{(\w+):\w+}", r"{\1}", path)


def names_in(path: str) -> set[str]:
    """The names in a route's path."""
    return set(re.findall(r"{(\w+)}", path))


@dataclass(frozen=True, kw_only=True)
class Table:
    """The app's routes, sorted by how they are tried."""

    tried: Mapping[Route, Call]
    open: frozenset[Route]
    sockets: frozenset[str]
    admins: frozenset[Route]
    """Those that need an admin, as their code says."""
    unknown: frozenset[Route]
    """Nobody has said how to try them."""


def table(app: FastAPI, known: set[str]) -> Table:
    """The routes of the app, where paths may have these names."""
    found: dict[Route, Any] = {}
    sockets = set()
    for context in iter_route_contexts(app.routes):
        path = plain(str(context.path))
        if context.methods is None:
            sockets.add(path)
        for method in (context.methods or set()) - {"HEAD"}:
            found[method, path] = context
    guarded = [route for route in found if not is_public(route[1])]
    bodies = {
        (method.upper(), plain(path))
        for path, methods in app.openapi()["paths"].items()
        for method, facts in methods.items()
        if "requestBody" in facts
    }
    admins = frozenset(route for route in guarded if needs_admin(found[route]))
    tried = {route: call for route, call in CALLS.items() if route in found}
    for route in sorted(set(guarded) - set(CALLS) - bodies):
        if names_in(route[1]) and names_in(route[1]) <= known:
            tried[route] = Call(admin=route in admins)
    return Table(
        tried=tried,
        open=frozenset(found) - set(guarded),
        sockets=frozenset(sockets),
        admins=admins,
        unknown=frozenset(guarded) - set(tried),
    )


def needs_admin(context: Any) -> bool:
    """Whether a route's code asks for an admin."""

    def calls(dependant: Dependant) -> Iterator[Any]:
        yield dependant.call
        for each in dependant.dependencies:
            yield from calls(each)

    dependant = getattr(context.original_route, "dependant", None)
    return dependant is not None and _admin_visit in calls(dependant)


@pytest.fixture
async def things(house: House, admin: Caller, member: Caller) -> Mapping[str, str]:
    """One of each thing of the first organisation, the member's, by the names that the paths have for them."""
    agent = await admin("POST", "/api/agents", 201, json={"name": "special", "source": SOURCE, "description": HIDDEN})
    made = await member.submit(HIDDEN, agent="special")
    task = await house.begin(admin.org_id, made["task_id"])
    await house.tell(task, "noted", text=HIDDEN)
    await house.ask(task, f"{HIDDEN}?")
    session, done = await talked(house, member)
    upload = await member("POST", "/api/uploads", 201, files={"file": (f"{HIDDEN}.txt", HIDDEN.encode())})
    memory = {"key": "special/one", "value": HIDDEN, "scope": "organisation"}
    await member("POST", "/api/memory", 204, json=memory)
    await admin("PUT", "/api/secrets/SPECIAL", 204, json={"value": f"{HIDDEN} value"})
    await admin("PUT", "/api/limits", 204, json={"metric": "tokens", "period": "day", "soft": 5, "user": "ada"})
    await admin("POST", "/api/mcp-servers", 201, json={"name": "special", "url": f"https://8.8.8.8/{HIDDEN}"})
    keys = (await admin("GET", "/api/keys"))["items"]
    return {
        "server": "special",
        "task_id": made["task_id"],
        "done_task": done,
        "session_id": session,
        "session": session,
        "agent": agent["agent_id"],
        "version": "1",
        "user": member.user_id,
        "key": next(key["key_id"] for key in keys if key["user_name"] == "ada"),
        "name": "SPECIAL",
        "upload": upload["upload_id"],
        **await webhooks(house, admin),
        **await slack_app(admin),
    }


async def talked(house: House, member: Caller) -> tuple[str, str]:
    """A session of the member's with a task that has ended and left a point; both."""
    made = await member.submit(HIDDEN, agent="special")
    session, task_id = SessionId(made["session_id"]), TaskId(made["task_id"])
    await house.end(await house.begin(member.org_id, task_id), answer=HIDDEN)
    keeping = Keeping(org_id=member.org_id, session_id=session, sealer=house.parts.sealer)
    shown = [{"name": "n", "type": "str", "size": 1, "preview": HIDDEN}]
    told = [Exchange(asked=HIDDEN, answer=HIDDEN, task_id=task_id)]
    async with house.parts.database.org(member.org_id) as conn:
        dump = await keeping.keep_dump(conn, b"dump")
        left = {"snapshot": dump, "context": None, "variables": shown}
        await sessions.end_task(conn, member.org_id, session, history=told, **left)
        await points.keep(conn, member.org_id, session, task_id, **left)
    return session, task_id


async def webhooks(house: House, admin: Caller, user: str = "ada") -> Mapping[str, str]:
    """A webhook, a subscription and a delivery of it."""
    hook = await admin("POST", "/api/webhooks", 201, json={"name": HIDDEN, "user": user, "agent": "special"})
    order = {"url": f"https://8.8.8.8/{HIDDEN}", "events": ["task.ended"], "agent": "special"}
    told = await admin("POST", "/api/webhooks/outbound", 201, json=order)
    async with house.parts.database.org(admin.org_id) as conn:
        await conn.execute(
            "insert into deliveries (org_id, delivery_id, subscription_id, type, payload, state, ended_at)"
            " values (%s, 'dlv_one', %s, 'task.ended', %s, 'dead', now())",
            (admin.org_id, told["subscription_id"], Jsonb({"text": HIDDEN})),
        )
    return {
        "webhook_id": hook["webhook_id"],
        "subscription_id": told["subscription_id"],
        "delivery_id": "dlv_one",
    }


async def slack_app(admin: Caller, user: str = "ada") -> Mapping[str, str]:
    """A Slack app, and somebody of its workspace."""
    order = {"name": HIDDEN, "bot_token": "SPECIAL", "signing_secret": "SPECIAL", "default_user": user}
    app = await admin("POST", "/api/slack", 201, json=order)
    await admin("PUT", f"/api/slack/{app['slack_id']}/users/U{HIDDEN.upper()}", json={"user": user})
    return {"slack_id": app["slack_id"], "slack_user": f"U{HIDDEN.upper()}"}


def filled(value: Any, things: Mapping[str, str]) -> Any:
    """A call's part with the things put in."""
    if isinstance(value, Mapping):
        return {key: filled(each, things) for key, each in value.items()}
    return value.format(**things) if isinstance(value, str) else value


async def called(client: httpx.AsyncClient, route: Route, call: Call, things: Mapping[str, str]) -> httpx.Response:
    """Call a route with those things."""
    method, path = route
    return await client.request(
        method,
        path.format(**{**things, **call.names}),
        json=filled(call.json, things),
        params=filled(call.query, things),
        headers=filled(call.headers or {}, things),
        files=call.files,
    )


async def seen(house: House, admin: Caller, things: Mapping[str, str]) -> dict[Route, str]:
    """Everything that the API shows an admin, a stream aside."""
    found = {}
    for route, call in table(house.app, set(things)).tried.items():
        if route[0] == "GET" and route[1] not in MOVING and not call.headers:
            answer = await called(admin.client, route, call, things)
            assert answer.status_code == 200, (route, answer.text)
            # The admin's own key is in use.
            found[route] = re.sub(r'"(last_used_at|touched_at)":("[^"]*"|null)', "", answer.text)
    return found


def test_every_route_is_tried(house: House, things: Mapping[str, str]) -> None:
    """A route that this test does not know how to call is a failure, as is one that is not there any more."""
    routes = table(house.app, set(things))
    assert routes.unknown == frozenset()
    assert set(CALLS) <= set(routes.tried)
    assert routes.open == set(OPEN)
    assert routes.sockets == SOCKETS
    assert {route for route, call in routes.tried.items() if call.admin} == routes.admins


def test_a_new_route_is_noticed(house: House, things: Mapping[str, str]) -> None:
    """One with an unknown name in its path, one that takes a body and a web socket are told apart from the others."""

    async def nothing() -> None:
        pass

    async def body(given: dict[str, str]) -> None:
        pass

    house.app.add_api_route("/api/new/{new_id}", nothing)
    house.app.add_api_route("/api/new", nothing)
    house.app.add_api_route("/api/tasks/{task_id}/new", body, methods=["POST"])
    house.app.add_api_route("/api/tasks/{task_id}/more", nothing)
    house.app.add_api_websocket_route("/new", nothing)
    house.app.openapi_schema = None
    routes = table(house.app, set(things))
    assert routes.unknown == {
        ("GET", "/api/new/{new_id}"), ("GET", "/api/new"), ("POST", "/api/tasks/{task_id}/new"),
    }  # fmt: skip
    assert ("GET", "/api/tasks/{task_id}/more") in routes.tried
    assert routes.sockets == SOCKETS | {"/new"}


async def test_nothing_is_served_without_a_key(house: House, things: Mapping[str, str]) -> None:
    """Each route but the open ones is 401 without a key; those have nothing of anybody."""
    client = house.client()
    for route, call in table(house.app, set(things)).tried.items():
        assert (await called(client, route, call, things)).status_code == 401, route
    for (method, path), status in OPEN.items():
        answer = await client.request(method, path.format(path="x", **things))
        assert (answer.status_code, HIDDEN in answer.text) == (status, False), path


async def test_a_member_does_no_admins_work(house: House, member: Caller, things: Mapping[str, str]) -> None:
    """Each route that needs an admin is 403 for a member of the same organisation."""
    for route, call in table(house.app, set(things)).tried.items():
        if call.admin:
            answer = await called(member.client, route, call, things)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "access.permission_denied"), route


async def test_another_member_reaches_no_task_or_session(
    house: House, admin: Caller, things: Mapping[str, str]
) -> None:
    """With the ids of another user's task or session each route is 404 for a member of the same organisation."""
    other = await house.user(admin.org_id, "bob", "member")
    before = await seen(house, admin, things)
    for route, call in table(house.app, set(things)).tried.items():
        if names_in(route[1]) & {"task_id", "session_id"}:
            assert (await called(other.client, route, call, things)).status_code == 404, route
        elif route[0] == "GET" and not names_in(route[1]) and not call.admin and route[1] != "/api/memory":
            text = (await called(other.client, route, call, things)).text
            assert things["task_id"] not in text, route
            assert things["session_id"] not in text, route
    after = await seen(house, admin, things)
    assert {route: text for route, text in after.items() if "bob" not in text} == {
        route: text for route, text in before.items() if "bob" not in after[route]
    }


async def test_another_organisation_sees_and_changes_nothing(
    house: House, admin: Caller, stranger: Caller, things: Mapping[str, str]
) -> None:
    """With the ids of another organisation each route is 404; lists have nothing of it; nothing of it changes."""
    before = await seen(house, admin, things)
    common = ("version", "name", "server")
    ids = [admin.org_id, HIDDEN, *(value for name, value in things.items() if name not in common)]
    tried = table(house.app, set(things)).tried
    for route, call in [*((route, call) for route, call in FURTHER if not call.own), *tried.items(), *FURTHER]:
        answer = await called(stranger.client, route, call, things)
        assert answer.status_code == (call.own or 404), (route, answer.text)
        if call.own:
            told = answer.text.replace(f'"query":"{HIDDEN}"', "")
            assert not [each for each in ids if each in told], (route, told)
        else:
            assert answer.json()["error"]["code"] in NOT_THERE, route
        if route == ("POST", "/api/agents"):
            await stranger("DELETE", "/api/agents/special", 204)
    assert await seen(house, admin, things) == before


async def test_the_first_organisation_may_do_it(house: House, admin: Caller, things: Mapping[str, str]) -> None:
    """The same calls of an admin of the organisation are served: the refusals are not for another reason."""
    tried = table(house.app, set(things)).tried
    assert await seen(house, admin, things)
    last = ("POST", "/api/sessions/{session_id}/rewind"), ("DELETE", "/api/sessions/{session_id}")
    gone = [route for route in tried if route[0] == "DELETE" and route not in last]
    for route in [
        ("POST", "/api/tasks/{task_id}/answer"), ("POST", "/api/sessions/{session_id}/fork"),
        ("PATCH", "/api/users/{user}"), ("POST", "/api/keys"), ("PUT", "/api/agents/{agent}"), *last, *gone,
    ]:  # fmt: skip
        answer = await called(admin.client, route, tried[route], things)
        assert answer.status_code in (200, 201, 204), (route, answer.text)


SAID: Mapping[str, Mapping[str, Any]] = {
    "watch": {"task_id": "{task_id}"},
    "answer": {"task_id": "{task_id}", "answer": "x"},
    "cancel": {"task_id": "{task_id}"},
    "submit": {"input": "x", "session_id": "{session}"},
    "hello": {"resume": [{"task_id": "{task_id}"}]},
    "unwatch": {"task_id": "{task_id}"},
    "ping": {},
}
"""Every message of a web socket."""
HARMLESS = {"hello": ["ok", "error"], "unwatch": ["ok"], "ping": ["pong"]}
"""What is answered to those that touch nothing; the others are refused."""


async def test_web_sockets_reach_nothing_of_another_organisation(
    house: House, admin: Caller, stranger: Caller, things: Mapping[str, str]
) -> None:
    """Each message that names another organisation's task or session is refused as if it were not there."""
    assert {get_args(kind.model_fields["type"].annotation)[0] for kind in get_args(Incoming)} == set(SAID)
    before = await seen(house, admin, things)
    key = stranger.client.headers["authorization"]
    for kind, said in SAID.items():
        message = {"type": kind, **said}
        if kind == "hello":
            message["resume"] = [filled(place, things) for place in said["resume"]]
        wanted = HARMLESS.get(kind, ["error"])
        told = await said_to(house.app, "/ws", filled(message, things), key=key, answers=len(wanted))
        assert [each["type"] for each in told] == wanted, (kind, told)
        assert {each["code"] for each in told if each["type"] == "error"} <= {"thing.not_found"}, told
        assert HIDDEN not in str(told)
    assert await seen(house, admin, things) == before
