"""Logging in with a browser: the cookie, what it may do, and when it ends."""

from __future__ import annotations

from dataclasses import dataclass

import httpx
import pytest

from greatwheel.channels.http.authentication import COOKIE
from greatwheel.channels.http.throttle import TRIES
from greatwheel.tenancy import api_keys, logins

from .conftest import Caller, House

OWN = {"x-greatwheel": "1"}


@dataclass(frozen=True, kw_only=True)
class Browser:
    """A browser of a member, whose key it has."""

    key: str
    key_id: str
    client: httpx.AsyncClient

    async def log_in(self, **headers: str) -> httpx.Response:
        """The answer to the attempt; the client keeps the cookie."""
        return await self.client.post("/api/login", json={"key": self.key}, headers=headers)

    async def status(self, method: str = "GET", path: str = "/api/me", **request: object) -> int:
        """How a request with the cookie is answered."""
        return (await self.client.request(method, path, **request)).status_code  # type: ignore[arg-type]


@pytest.fixture
async def browser(house: House, member: Caller) -> Browser:
    """A browser that has not logged in yet."""
    async with house.parts.database.org(member.org_id) as conn:
        made = await api_keys.create(conn, member.org_id, member.user_id)
    return Browser(key=made.text, key_id=made.key_id, client=house.client())


async def test_a_key_logs_in_once_and_the_cookie_goes_on(browser: Browser, member: Caller) -> None:
    """The cookie names the key's user, can't be read by scripts or sent by other sites, and is no key itself."""
    answer = await browser.log_in(origin="http://wheel")
    assert (answer.status_code, answer.content) == (204, b"")
    kept = answer.headers["set-cookie"].lower()
    assert all(part in kept for part in ("httponly", "samesite=strict", "path=/", "max-age=604800"))
    assert "secure" not in kept
    me = (await browser.client.get("/api/me")).json()
    assert (me["user_id"], me["name"], me["org_name"], me["role"]) == (member.user_id, "ada", "acme", "member")
    token = browser.client.cookies[COOKIE]
    assert browser.key.split("_", 2)[2] not in token
    assert await browser.status(headers={"authorization": f"Bearer {token}"}) == 401


async def test_behind_tls_the_cookie_is_for_tls_alone(house: House, browser: Browser) -> None:
    """A login by https sets a Secure cookie."""
    transport = httpx.ASGITransport(house.app, client=("10.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="https://wheel") as client:
        answer = await client.post("/api/login", json={"key": browser.key}, headers={"origin": "https://wheel"})
        assert "secure" in answer.headers["set-cookie"].lower()
        refused = await client.post("/api/login", json={"key": browser.key}, headers={"origin": "http://wheel"})
        assert refused.status_code == 403


async def test_only_the_servers_own_pages_change_things_with_a_login(browser: Browser, member: Caller) -> None:
    """Without the header, or from another origin, an unsafe request is 403; reading needs neither; a key neither."""
    await browser.log_in()
    order = {"json": {"input": "x", "agent": "worker"}}
    assert await browser.status("POST", "/api/tasks", **order) == 403
    assert await browser.status("POST", "/api/tasks", headers={"x-greatwheel": "0"}, **order) == 403
    for origin in ("http://evil.example", "http://wheel.evil.example", "http://wheel:81", "null", "http://[", ""):
        refused = await browser.client.post("/api/tasks", headers=OWN | {"origin": origin}, **order)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "access.foreign_request"), origin
    assert await browser.status("POST", "/api/tasks", headers=OWN, **order) == 202
    assert await browser.status("POST", "/api/tasks", headers=OWN | {"origin": "http://wheel"}, **order) == 202
    assert (
        await browser.status(
            "POST", "/api/tasks", headers=OWN | {"host": "wheel:80", "origin": "http://wheel"}, **order
        )
        == 202
    )
    assert await browser.status("GET", "/api/tasks", headers={"sec-fetch-site": "same-origin"}) == 200
    for other in ("same-site", "cross-site"):
        assert await browser.status("GET", "/api/tasks", headers={"sec-fetch-site": other}) == 403
    await member("POST", "/api/tasks", 202, headers={"origin": "http://evil.example"}, **order)


async def test_another_site_logs_nobody_in_or_out(browser: Browser) -> None:
    """A foreign page can't put its own login into a browser, nor end one; a form's body is no login either."""
    assert (await browser.log_in(origin="http://evil.example")).status_code == 403
    forged = await browser.client.post(
        "/api/login", content=f'{{"key": "{browser.key}"}}', headers={"content-type": "text/plain"}
    )
    assert forged.status_code == 422
    assert COOKIE not in browser.client.cookies
    await browser.log_in()
    assert await browser.status("POST", "/api/logout", headers={"origin": "http://evil.example"}) == 403
    assert await browser.status() == 200


async def test_a_login_ends_when_its_user_logs_out(browser: Browser) -> None:
    """After logging out the token is worth nothing, whoever kept it; a second time is no error."""
    await browser.log_in()
    token = browser.client.cookies[COOKIE]
    assert await browser.status("POST", "/api/logout") == 204
    assert COOKIE not in browser.client.cookies
    assert await browser.status("POST", "/api/logout") == 204
    assert await browser.status(headers={"cookie": f"{COOKIE}={token}"}) == 401


async def test_a_login_ends_with_its_key(browser: Browser, admin: Caller, member: Caller) -> None:
    """A revoked key and a disabled user end it, at the next request; the browser is told to forget the cookie."""
    await browser.log_in()
    await admin("PATCH", f"/api/users/{member.user_id}", json={"disabled": True})
    refused = await browser.client.get("/api/me", headers={"cookie": f"{COOKIE}={browser.client.cookies[COOKIE]}"})
    assert (refused.status_code, COOKIE in refused.headers["set-cookie"]) == (401, True)
    await admin("PATCH", f"/api/users/{member.user_id}", json={"disabled": False})
    await browser.log_in()
    assert await browser.status() == 200
    await admin("DELETE", f"/api/keys/{browser.key_id}", 204)
    assert await browser.status() == 401


async def test_a_login_ends_by_itself(house: House, browser: Browser, member: Caller) -> None:
    """After its days it is worth nothing, and is forgotten when somebody of the organisation logs in again."""
    await browser.log_in()
    token = browser.client.cookies[COOKIE]
    async with house.parts.database.org(member.org_id) as conn:
        await conn.execute("update logins set expires_at = now()")
    assert await browser.status() == 401
    await browser.log_in()
    async with house.parts.database.org(member.org_id) as conn:
        rows = await (await conn.execute("select prefix from logins")).fetchall()
    assert [row["prefix"] in token for row in rows] == [False]


async def test_a_key_has_only_so_many_logins(house: House, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest ends when there is one too many; logging in anew ends the browser's own one before."""
    monkeypatch.setattr(logins, "MOST", 2)
    tokens = []
    for _ in range(3):
        await browser.log_in()
        tokens.append(browser.client.cookies[COOKIE])
        browser.client.cookies.clear()

    async def works(token: str) -> bool:
        return await browser.status(headers={"cookie": f"{COOKIE}={token}"}) == 200

    assert [await works(token) for token in tokens] == [False, True, True]
    browser.client.cookies.set(COOKIE, tokens[2])
    await browser.log_in()
    assert [await works(token) for token in tokens[1:]] == [True, False]


async def test_wrong_keys_and_cookies_are_slowed_together(house: House, browser: Browser) -> None:
    """Tries at the login, with keys and with cookies count for one address; the right key is slowed too there."""
    client = house.client(address="10.0.0.9")
    for number in range(TRIES):
        match number % 3:
            case 0:
                answer = await client.post("/api/login", json={"key": "gwk_wrong"})
            case 1:
                answer = await client.get("/api/me", headers={"cookie": f"{COOKIE}=gwl_wrong"})
            case _:
                answer = await client.get("/api/me", headers={"authorization": "Bearer gwk_wrong"})
        assert answer.status_code == 401
    answer = await client.post("/api/login", json={"key": browser.key})
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "access.too_many_tries")
    assert int(answer.headers["retry-after"]) > 0
    assert (await browser.log_in()).status_code == 204


async def test_hostile_logins_are_refused(browser: Browser) -> None:
    """Halves of characters, wrong types, long bodies and broken cookies never are a fault of the server, or echoed."""
    for body in (b'{"key": "\\ud800"}', b'{"key": 1}', b'{"key": "hidden1", "more": 1}', b"{}", b"[", b"x" * 5_000):
        answer = await browser.client.post("/api/login", content=body, headers={"content-type": "application/json"})
        assert 400 <= answer.status_code < 500, body[:40]
        assert "hidden1" not in answer.text
    for cookie in (b"greatwheel_login=\xff\xfe", b"greatwheel_login=\x00", b"greatwheel_login", b"=;;=", b"a=" * 900):
        answer = await browser.client.get("/api/me", headers={b"cookie": cookie})  # type: ignore[dict-item]
        assert answer.status_code == 401
