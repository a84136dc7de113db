"""Who may open a web socket, and for how long it stays open."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from greatwheel.channels.http.throttle import TRIES
from greatwheel.channels.websocket import connection, open_sockets, routes
from greatwheel.tenancy import users
from greatwheel.tenancy.users import UserChange

from ..http.conftest import Caller
from .conftest import Served, Talk, another_key, key_of, talking

WRONG = "gwk_" + "0" * 12 + "_" + "a" * 43


async def denied(url: str, **headers: str) -> tuple[int, str]:
    """Status and code with which a connection is refused."""
    with pytest.raises(InvalidStatus) as refused:
        await connect(url, additional_headers=headers)
    answer = refused.value.response
    error = json.loads(answer.body or b"")["error"]
    assert set(error) == {"code", "message", "retryable"}
    return answer.status_code, error["code"]


async def cookie_of(served: Served, caller: Caller) -> str:
    """The cookie of a browser that has logged in."""
    answer = await caller.client.post("/api/login", json={"key": key_of(caller)})
    assert answer.status_code == 204
    return f"greatwheel_login={answer.cookies['greatwheel_login']}"


async def test_a_key_comes_by_header_or_by_the_first_message(served: Served, member: Caller) -> None:
    """Both are told `ready` with who they are; a key in a later message is refused."""
    async with talking(served.url, key_of(member)) as talk:
        assert await talk.refused("hello", key=key_of(member)) == "input.bad"
        assert (await talk.ask("hello"))["type"] == "ok"
    async with talking(served.url) as talk:
        ready = await talk.ask("hello", key=key_of(member))
        assert (ready["org_id"], ready["user_id"], ready["role"]) == (member.org_id, member.user_id, "member")


async def test_a_wrong_key_is_refused(served: Served, admin: Caller) -> None:
    """In the header: 401 instead of a connection. In the first message: an error, and the connection ends."""
    assert await denied(served.url, authorization=f"Bearer {WRONG}") == (401, "access.key_refused")
    for first in ({"key": WRONG}, {"key": "x"}, {"key": "\u0000é"}, {}):
        async with talking(served.url) as talk:
            await talk.say("hello", **first)
            assert (await talk.hear("error"))["code"] == "access.key_refused"
            assert await talk.closed() == 4401
    for first in ({"type": "submit", "input": "x"}, {"type": "ping"}, [], "hello"):
        async with talking(served.url) as talk:
            await talk.socket.send(json.dumps(first))
            assert (await talk.hear("error"))["code"] == "access.key_refused"
            assert await talk.closed() == 4401


async def test_who_says_nothing_is_not_waited_for(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection without a key ends when the first message does not come in time, or is too long."""
    async with talking(served.url) as talk:
        await talk.say("hello", key="x" * 10_000)
        assert await talk.closed() == 4401
    monkeypatch.setattr(routes, "HELLO_SECONDS", 0.2)
    async with talking(served.url) as talk:
        assert (await talk.hear("error"))["code"] == "access.key_refused"
        assert await talk.closed() == 4401


async def test_wrong_keys_count_wherever_they_are_tried(served: Served, admin: Caller) -> None:
    """After many wrong keys an address waits over web sockets as over HTTP; a good key is let through meanwhile."""
    async with talking(served.url, key_of(admin)):
        pass
    for _ in range(TRIES):
        await denied(served.url, authorization=f"Bearer {WRONG}")
    assert await denied(served.url, authorization=f"Bearer {WRONG}") == (429, "access.too_many_tries")
    async with talking(served.url) as talk:
        await talk.say("hello", key=WRONG)
        assert (await talk.hear("error"))["code"] == "access.too_many_tries"
        assert await talk.closed() == 4429
    async with httpx.AsyncClient() as client:
        headers = {"authorization": f"Bearer {WRONG}"}
        assert (await client.get(f"http://127.0.0.1:{served.port}/api/me", headers=headers)).status_code == 429
    async with talking(served.url, key_of(admin)):
        pass


async def test_a_login_counts_for_the_servers_own_pages_only(served: Served, member: Caller) -> None:
    """With the cookie alone another site's page is refused, and so is one of another port; the console is not."""
    cookie = await cookie_of(served, member)
    own = f"http://127.0.0.1:{served.port}"
    for origin in ("https://evil.example", "null", f"http://127.0.0.1:{served.web_sockets}", f"{own}.evil.example"):
        status, _ = await denied(served.url, cookie=cookie, origin=origin)
        assert status == 403, origin
    async with connect(served.url, additional_headers={"cookie": cookie}, origin=own) as socket:  # type: ignore[arg-type]
        assert (await Talk(socket).hear("ready"))["user_id"] == member.user_id


@pytest.mark.parametrize("how", ["header", "hello", "cookie"])
async def test_a_connection_ends_with_its_key(
    served: Served, admin: Caller, member: Caller, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """A revoked key ends the connection, whether it was sent as header, in the first message or for a login."""
    monkeypatch.setattr(connection, "PROVE_SECONDS", 0.1)
    key = await another_key(served.house, member)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}") as client:
        login = await client.post("/api/login", json={"key": key})
        cookie = f"greatwheel_login={login.cookies['greatwheel_login']}"
    headers = {"header": {"authorization": f"Bearer {key}"}, "cookie": {"cookie": cookie}}.get(how, {})
    async with connect(served.url, additional_headers=headers) as socket:
        talk = Talk(socket)
        if how == "hello":
            await talk.say("hello", key=key)
        await talk.hear("ready")
        await talk.ask("submit", input="x", agent="worker")
        await asyncio.sleep(0.3)
        assert (await talk.ask("ping"))["type"] == "pong"
        await admin("DELETE", f"/api/keys/{key.split('_')[1]}", 204)
        assert (await talk.hear("error"))["code"] == "access.key_refused"
        assert await talk.closed() == 4401


async def test_a_connection_ends_when_its_users_role_changes(
    served: Served, member: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was followed by the rights of an admin is not told on to a member."""
    monkeypatch.setattr(connection, "PROVE_SECONDS", 0.1)
    async with talking(served.url, key_of(member)) as talk:
        async with served.house.parts.database.org(member.org_id) as conn:
            await users.update(conn, member.user_id, UserChange(role="admin"))
        assert (await talk.hear("error"))["code"] == "access.key_refused"
        assert await talk.closed() == 4401


async def test_a_user_has_so_many_web_sockets_and_no_more(
    served: Served, admin: Caller, member: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One beyond the limit is refused, by header and by first message; another user is not, nor who comes later."""
    monkeypatch.setattr(open_sockets, "MOST_OF_USER", 2)
    headers = {"authorization": f"Bearer {key_of(member)}"}
    async with talking(served.url, key_of(member)), talking(served.url, key_of(admin)):
        async with talking(served.url, key_of(member)):
            assert await denied(served.url, **headers) == (429, "limit.reached")
            async with talking(served.url) as talk:
                await talk.say("hello", key=key_of(member))
                assert (await talk.hear("error"))["code"] == "limit.reached"
                assert await talk.closed() == 4429
        await _nobody_more(served, 2)
        async with talking(served.url, key_of(member)):
            pass


async def test_strangers_have_so_many_web_sockets_and_no_more(
    served: Served, member: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has not said a key yet can't fill the server up; who has one is served."""
    monkeypatch.setattr(open_sockets, "MOST_UNKNOWN_OF_ADDRESS", 2)
    async with talking(served.url), talking(served.url):
        assert await denied(served.url) == (429, "limit.reached")
        async with talking(served.url, key_of(member)):
            pass
    await _nobody_more(served, 0)
    async with talking(served.url):
        pass


async def _nobody_more(served: Served, left: int) -> None:
    """Return when the server has noticed who left."""
    taken: Any = served.house.app.state.open_sockets._taken
    async with asyncio.timeout(10):
        while sum(taken.values()) > left:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)
