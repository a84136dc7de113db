"""The API by which an organisation declares MCP servers."""

from __future__ import annotations

from typing import Any

import pytest

from ..http.conftest import Caller, House, admin, house, member, stranger

__all__ = ["admin", "house", "member", "stranger"]

URL = "https://mcp.example.com/mcp"


async def test_servers_are_declared_listed_and_removed(house: House, admin: Caller, stranger: Caller) -> None:
    """What was declared is shown with its templates, and what a worker saw; to the organisation alone."""
    headers = {"Authorization": "Bearer {secret:TOKEN}"}
    made = await admin("POST", "/api/mcp-servers", 201, json={"name": "desk", "url": URL, "headers": headers})
    assert (made["headers"], made["trust_hints"], made["seconds"], made["seen"]) == (headers, False, 60, None)
    assert [each["name"] for each in (await admin("GET", "/api/mcp-servers"))["items"]] == ["desk"]
    await admin("POST", "/api/mcp-servers", 409, json={"name": "desk", "url": URL})
    assert (await stranger("GET", "/api/mcp-servers"))["items"] == []
    await stranger("DELETE", "/api/mcp-servers/desk", 404)
    await admin("DELETE", "/api/mcp-servers/desk", 204)
    await admin("DELETE", "/api/mcp-servers/desk", 404)


async def test_members_declare_nothing(member: Caller) -> None:
    """It is an admin's business."""
    await member("POST", "/api/mcp-servers", 403, json={"name": "desk", "url": URL})
    await member("GET", "/api/mcp-servers", 403)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"command": ["/bin/sh"]}, 422),
        ({"url": "", "command": ["/bin/sh"]}, 422),
        ({"url": "file:///etc/passwd"}, 400),
        ({"url": "https://user:password@example.com/"}, 400),
        ({"url": "https://exa mple.com/"}, 400),
        ({"name": "two_words"}, 422),
        ({"headers": {"Authorization": "Bearer plain"}}, 400),
        ({"headers": {"X-Api-Key": "plain"}}, 400),
        ({"headers": {"Host": "elsewhere"}}, 400),
        ({"headers": {"Mcp-Session-Id": "x"}}, 400),
        ({"headers": {"X": "a\r\nb: c"}}, 400),
        ({"headers": {"X": "{argument}"}}, 400),
        ({"seconds": 0}, 422),
        ({"max_response_bytes": 10**9}, 422),
        ({"networks": ["10.0.0.0/8"]}, 422),
    ],
)
async def test_what_a_tenant_may_not_declare(admin: Caller, given: dict[str, Any], status: int) -> None:
    """No command lines, no keys in plain text, no addresses that are none: one line says what is wrong."""
    answer = await admin("POST", "/api/mcp-servers", status, json={"name": "desk", "url": URL, **given})
    assert "\n" not in answer["error"]["message"]
    assert "plain" not in answer["error"]["message"]


async def test_an_organisation_has_so_many_servers_and_not_more(admin: Caller) -> None:
    """The twenty-first is refused."""
    for number in range(20):
        await admin("POST", "/api/mcp-servers", 201, json={"name": f"desk{number}", "url": URL})
    await admin("POST", "/api/mcp-servers", 409, json={"name": "more", "url": URL})
