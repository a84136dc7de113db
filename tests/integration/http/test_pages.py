"""Lists: each is paged, or said to be short by its nature; the pages of one together are the list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from greatwheel.channels.http.cursors import place_cursor, text_cursor

from .conftest import SOURCE, Caller, House

DOCS = Path(__file__).parents[3] / "docs" / "api.md"
MANY = 3
SHOWN = frozenset({"GET /api/tasks/{task_id}/events", "GET /api/tasks/{task_id}/calls"})
"""Followed by other tests: what they list comes of a worker."""


def lists(house: House) -> Mapping[str, set[str]]:
    """The parameters of each route that gives a list, by its title."""
    described = house.app.openapi()
    found = {}
    for path, methods in described["paths"].items():
        answer = methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        name = answer.get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
        if {"items", "data"} & described["components"]["schemas"].get(name, {}).get("properties", {}).keys():
            found[f"GET {path}"] = {each["name"] for each in methods["get"].get("parameters", ())}
    return found


def said_to_be_whole() -> set[str]:
    """The lists that the documentation says come whole."""
    (told,) = re.findall(r"come whole:(.*?)\. So does", DOCS.read_text(), re.DOTALL)
    return set(re.findall(r"`(GET [^`]+)`", told))


def test_a_list_is_paged_or_said_to_come_whole(house: House) -> None:
    """No route that gives a list has neither a cursor nor its place in the documentation, and none has both."""
    found = lists(house)
    assert len(found) > 20
    whole = {title for title, parameters in found.items() if not parameters & {"cursor", "after"}}
    assert whole == said_to_be_whole()


@pytest.fixture
async def filled(house: House, admin: Caller) -> Mapping[str, str]:
    """Several of everything that is listed; what the names in paths stand for."""
    agent, names = "worker", [f"n{number}ä" for number in range(MANY)]
    for number, name in enumerate(names):
        await admin("POST", "/api/users", 201, json={"name": name})
        await admin("POST", "/api/keys", 201, json={"user": name})
        await admin("PUT", f"/api/secrets/S{number}", 204, json={"value": "a secret value"})
        for period in ("day", "week"):
            limit = {"metric": "tokens", "period": period, "user": name, "soft": 1}
            await admin("PUT", "/api/limits", 204, json=limit)
        await admin("POST", "/api/agents", 201, json={"name": f"a{number}", "source": SOURCE})
        await admin("PUT", f"/api/agents/{agent}", json={"source": f"{SOURCE}#{number}"})
        await admin("POST", "/api/webhooks", 201, json={"name": name, "user": name})
        await admin("POST", "/api/mcp-servers", 201, json={"name": f"m{number}", "url": "https://8.8.8.8/mcp"})
        await admin("POST", "/api/memory", 204, json={"key": f"{name} 'x'", "value": "v"})
        order = {"name": name, "bot_token": "S0", "signing_secret": "S0"}
        slack = (await admin("POST", "/api/slack", 201, json=order))["slack_id"]
        made = await admin.submit()
        await house.ask(await house.begin(admin.org_id, made["task_id"]), "well?", seq=number + 1)
    for number in range(MANY):
        await admin("PUT", f"/api/slack/{slack}/users/U{number}", json={"user": names[0]})
    told = await admin(
        "POST", "/api/webhooks/outbound", 201, json={"url": "https://8.8.8.8/", "events": ["task.ended"]}
    )
    async with house.parts.database.org(admin.org_id) as conn:
        for number in range(MANY):
            await conn.execute(
                "insert into deliveries (org_id, delivery_id, subscription_id, type, payload, state, ended_at)"
                " values (%s, %s, %s, 'task.ended', '{}', 'dead', now())",
                (admin.org_id, f"dlv_{number}", told["subscription_id"]),
            )
    return {"agent": agent, "slack_id": slack, "subscription_id": told["subscription_id"]}


async def test_the_pages_of_a_list_are_the_list(house: House, admin: Caller, filled: Mapping[str, str]) -> None:
    """Page by page, each of several sizes, comes what comes at once, in the same order, nothing twice."""
    walked = [title for title, names in lists(house).items() if "cursor" in names and title not in SHOWN]
    assert len(walked) > 12
    for title in walked:
        path = title.removeprefix("GET ").format(**filled)
        whole = await admin("GET", f"{path}?limit=100")
        assert whole["next"] is None
        assert len(whole["items"]) >= MANY, title
        for size in (1, 2, len(whole["items"])):
            assert await pages(admin, path, size) == whole["items"], (title, size)


async def pages(caller: Caller, path: str, size: int) -> list[Any]:
    """The items of all pages of that size."""
    items: list[Any] = []
    cursor: Mapping[str, str] = {}
    while True:
        page = await caller("GET", path, params={"limit": str(size), **cursor})
        assert len(page["items"]) <= size
        items.extend(page["items"])
        if page["next"] is None:
            return items
        assert len(page["items"]) == size
        cursor = {"cursor": page["next"]}


async def test_what_is_no_cursor_is_refused(house: House, admin: Caller, filled: Mapping[str, str]) -> None:
    """Neither another list's, nor anybody's invention: 400, never a fault of the server."""
    invented = ["x", "äö", text_cursor("a", "b", "c", "d"), place_cursor(1, 2, 3, 4), text_cursor("\x00"), "W10", "e30"]
    for title in (title for title, names in lists(house).items() if "cursor" in names and title not in SHOWN):
        path = title.removeprefix("GET ").format(**filled)
        for cursor in invented:
            answer = await admin.client.get(path, params={"cursor": cursor})
            assert answer.status_code in (200, 400), (title, cursor, answer.text)
            assert answer.status_code == 400 or cursor == text_cursor("\x00"), (title, cursor, answer.text)


async def test_members_see_the_limits_that_hold_for_them(admin: Caller, member: Caller) -> None:
    """Their own and the organisation's, with their use; another user's are told to admins alone."""
    for user in (None, "ada", "admin"):
        await admin("PUT", "/api/limits", 204, json={"metric": "tasks", "period": "day", "hard": 9, "user": user})
    await member.submit()
    seen = (await member("GET", "/api/limits"))["items"]
    assert [(each["user_name"], each["used"]) for each in seen] == [(None, 1), ("ada", 1)]
    assert len((await admin("GET", "/api/limits"))["items"]) == 3
    await member("PUT", "/api/limits", 403, json={"metric": "tasks", "period": "day", "hard": 99})
