"""HTTP tools against a real server on loopback, which is allowed only where a test says so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from greatwheel.core.errors import BadInput, InDoubt, ToolFailed
from greatwheel.core.ids import OrgId, UserId
from greatwheel.tenancy.redaction import Redactor
from greatwheel.tools.addresses import parse_network
from greatwheel.tools.http import HttpTool, HttpToolSettings
from greatwheel.tools.port import Invocation
from greatwheel.tools.search import SearchSettings, WebSearch

from .conftest import EchoServer

SECRET = "s3cret/with+signs&more"
LOOPBACK = [parse_network("127.0.0.0/8")]


def http_tool(url: str, **more: Any) -> HttpTool:
    settings = {"name": "ask", "description": "Asks.", "url": url, "parameters": {"q": "string"}, "seconds": 5.0}
    return HttpTool(HttpToolSettings.model_validate({**settings, **more}), LOOPBACK)


def invocation(**secrets: str) -> Invocation:
    return Invocation(
        org_id=OrgId("org_1"),
        user_id=UserId("usr_1"),
        idempotency_key="tsk_1-7",
        secrets=secrets,
        redactor=Redactor(secrets),
    )


async def test_a_request_is_filled_from_its_template(echo: EchoServer) -> None:
    """Arguments and secrets stand where the templates have their places, quoted as their place needs."""
    tool = http_tool(
        echo.url + "/v1/{q}/items?fixed=1&again={q}",
        method="POST",
        query={"limit": "{limit}", "left": "{left}"},
        headers={"Authorization": "Bearer {secret:KEY}"},
        body={"question": "{q}", "limit": "{limit}"},
        parameters={"q": "string", "limit": "integer", "left": {"type": "string", "optional": True}},
        idempotency_header="Idempotency-Key",
    )
    assert (tool.spec.kind, tool.spec.repeatable, tool.spec.secrets) == ("effect", True, ("KEY",))
    await tool.call(invocation(KEY=SECRET), {"q": "a/b?c&d ü", "limit": 3})
    (got,) = echo.received
    assert (got["method"], got["path"]) == ("POST", "/v1/a%2Fb%3Fc%26d%20%C3%BC/items")
    assert got["query"] == {"fixed": "1", "again": "a/b?c&d ü", "limit": "3"}
    assert json.loads(got["body"]) == {"question": "a/b?c&d ü", "limit": 3}
    headers = got["headers"]
    assert (headers["authorization"], headers["idempotency-key"]) == (f"Bearer {SECRET}", "tsk_1-7")
    assert (headers["content-type"], headers["accept-encoding"]) == ("application/json", "identity")


async def test_an_answer_is_cleaned_of_the_secret(echo: EchoServer) -> None:
    """A server that sends the secret back, as it is or quoted, does not get it past the tool."""
    tool = http_tool(
        echo.url + "/echo?key={secret:KEY}", result="text", headers={"X-Key": "{secret:KEY}"}, parameters={}
    )
    answer = await tool.call(invocation(KEY=SECRET), {})
    assert SECRET in json.dumps(echo.received)
    assert "s3cret" not in answer
    assert answer.count("[secret KEY]") >= 2


async def test_an_error_of_the_server_is_told_cleaned(echo: EchoServer) -> None:
    """An answer of failure is a ToolFailed with its status and what the server said, without the secret."""
    tool = http_tool(echo.url + "/broken", headers={"Authorization": "Basic {secret:KEY}"}, parameters={})
    with pytest.raises(ToolFailed, match=r"answered 500: no good: Basic \[secret KEY\]"):
        await tool.call(invocation(KEY=SECRET), {})


async def test_a_long_answer_is_cut_and_leaves_no_part_of_a_secret(echo: EchoServer) -> None:
    """Only the allowed bytes are passed on, and a secret across the cut is gone whole."""
    filled = f"{'x' * 16}{SECRET}"
    for most in (10, 20, 30, 37):
        tool = http_tool(
            echo.url + "/big?n=2000&fill={q}", result="text", max_response_bytes=most, parameters={"q": "string"}
        )
        answer = await tool.call(invocation(KEY=SECRET), {"q": filled})
        assert answer.endswith("[cut: the answer is longer]")
        assert len(answer) <= most + 40
        assert "s3" not in answer


async def test_json_that_is_too_long_or_none_is_refused(echo: EchoServer) -> None:
    """A JSON tool gives whole values or an error that says what is wrong."""
    with pytest.raises(ToolFailed, match="longer than 100 bytes"):
        await http_tool(echo.url + "/big?n=101", max_response_bytes=100, parameters={}).call(invocation(), {})
    with pytest.raises(ToolFailed, match="no JSON"):
        await http_tool(echo.url + "/big?n=5", parameters={}).call(invocation(), {})


async def test_what_an_effect_answers_is_given_as_far_as_it_goes(echo: EchoServer) -> None:
    """The server said that it was done: an answer that is too long, or no JSON, is its text and no error."""
    order: dict[str, Any] = {"method": "POST", "parameters": {}, "max_response_bytes": 100}
    said = await http_tool(echo.url + "/big?n=300", **order).call(invocation(), {})
    assert said == "x" * 100 + "\n[cut: the answer is longer]"
    assert await http_tool(echo.url + "/big?n=5", **order).call(invocation(), {}) == "xxxxx"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        *((code, InDoubt) for code in (301, 302, 303, 304, 408, 500, 502, 503, 504)),
        *((code, ToolFailed) for code in (307, 308, 400, 401, 403, 404, 409, 422, 429)),
    ],
)
async def test_an_effect_has_failed_only_when_the_server_refused_it(
    echo: EchoServer, code: int, error: type[Exception]
) -> None:
    """After any other answer than a success or a refusal nobody knows whether it was done; a read has just failed."""
    with pytest.raises(error) as raised:
        await http_tool(f"{echo.url}/status?code={code}", method="POST", parameters={}).call(invocation(), {})
    assert ("may or may not have been done" in str(raised.value)) == (error is InDoubt)
    with pytest.raises(ToolFailed):
        await http_tool(f"{echo.url}/status?code={code}", parameters={}).call(invocation(), {})


async def test_a_packed_answer_is_unpacked_up_to_its_limit(echo: EchoServer) -> None:
    """A server that compresses though it was asked not to is understood, and no more is read of it."""
    packed = echo.url + "/packed?how="
    assert await http_tool(packed + "well", parameters={}).call(invocation(), {}) == {"how": "well"}
    said = await http_tool(packed + "bomb", result="text", parameters={}).call(invocation(), {})
    assert said == "0" * 200_000 + "\n[cut: the answer is longer]"


@pytest.mark.parametrize("how", ["cut", "own"])
async def test_an_answer_that_can_not_be_unpacked_leaves_an_effect_in_doubt(echo: EchoServer, how: str) -> None:
    """The order was taken, and what came of it can't be read; a read has just failed."""
    url = f"{echo.url}/packed?how={how}"
    with pytest.raises(InDoubt, match="its body "):
        await http_tool(url, method="POST", parameters={}).call(invocation(), {})
    with pytest.raises(ToolFailed, match="its body "):
        await http_tool(url, parameters={}).call(invocation(), {})


async def test_redirects_are_followed_within_the_host_alone(echo: EchoServer) -> None:
    """A read follows a redirect to its own host; to another one, for an effect, or in circles it fails."""
    near = await http_tool(echo.url + "/near", parameters={}).call(invocation(), {})
    assert near["query"] == {"from": "near"}
    for path, method, error in (
        ("/away", "GET", ToolFailed),
        ("/near", "POST", InDoubt),
        ("/round", "GET", ToolFailed),
    ):
        before = len(echo.received)
        with pytest.raises(error, match="sent on"):
            await http_tool(echo.url + path, method=method, parameters={}).call(invocation(), {})
        assert len(echo.received) - before == (4 if path == "/round" else 1)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0"])
async def test_loopback_is_refused_unless_allowed(echo: EchoServer, host: str) -> None:
    """Without a word in the configuration no tool reaches this machine, however it is written."""
    settings = HttpToolSettings(name="ask", description="", url=f"http://{host}:{echo.port}/echo")
    with pytest.raises(ToolFailed, match="that is not public"):
        await HttpTool(settings).call(invocation(), {})
    assert echo.received == []


async def test_a_place_in_the_host_is_held_to_the_allowed_hosts(echo: EchoServer) -> None:
    """An argument may choose among the allowed hosts, and nothing else."""
    tool = http_tool(f"http://{{q}}:{echo.port}/echo", hosts=["127.0.0.*"])
    assert (await tool.call(invocation(), {"q": "127.0.0.1"}))["path"] == "/echo"
    for other in ("localhost", "127.0.0.1@evil.example", "evil.example/127.0.0.1", "127.0.0.1#", "", "127.0.0.1:22"):
        with pytest.raises(ValueError, match=r"may not ask the host|can't stand in the host"):
            await tool.call(invocation(), {"q": other})
    assert len(echo.received) == 1
    anywhere = http_tool("http://{q}/echo", hosts=["127.0.0.*"])
    with pytest.raises(ValueError, match="can't stand in the host"):
        await anywhere.call(invocation(), {"q": f"127.0.0.1:{echo.port}"})
    ports = {"q": "string", "port": "integer"}
    chosen = http_tool("http://{q}:{port}/echo", hosts=["127.0.0.*"], parameters=ports)
    assert (await chosen.call(invocation(), {"q": "127.0.0.1", "port": echo.port}))["path"] == "/echo"


@pytest.mark.parametrize("path", ["/hang", "/drop"])
async def test_an_effect_without_an_answer_is_in_doubt(echo: EchoServer, path: str) -> None:
    """When a server took an order and gave no answer, nobody knows whether it was done; a read has just failed."""
    options: dict[str, Any] = {"seconds": 0.5, "parameters": {}}
    with pytest.raises(InDoubt, match="may or may not"):
        await http_tool(echo.url + path, method="POST", **options).call(invocation(), {})
    with pytest.raises(ToolFailed, match="got no answer"):
        await http_tool(echo.url + path, **options).call(invocation(), {})


async def test_where_nobody_listens_nothing_was_done(unused_tcp_port: int) -> None:
    """An effect that found no server has failed, without doubt."""
    tool = http_tool(f"http://127.0.0.1:{unused_tcp_port}/", method="POST", parameters={})
    with pytest.raises(ToolFailed, match="could not connect"):
        await tool.call(invocation(), {})


async def test_the_environments_proxy_is_not_used(echo: EchoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would connect to addresses that nobody checked."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await http_tool(echo.url + "/echo", parameters={}).call(invocation(), {}))["path"] == "/echo"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"url": "ftp://host/"}, "must begin with https"),
        ({"url": "https://user:pass@host/"}, "can't be one"),
        ({"url": "https://{q}/"}, "name the allowed `hosts`"),
        ({"url": "https://{secret:KEY}.example/", "hosts": ["*"]}, "name the allowed `hosts`"),
        ({"url": "https://host/{other}"}, "'other', which is none of its parameters"),
        ({"headers": {"Host": "x"}}, "can't set the header"),
        ({"headers": {"a b": "x"}}, "can't set the header"),
        ({"body": "text", "body_as": "form"}, "must be a table"),
        ({"parameters": {"q": 3}}, "must be a type or a JSON schema"),
        ({"parameters": {"q": "nonsense"}}, "no JSON schema"),
    ],
)
def test_a_tool_that_can_not_work_is_refused_at_the_start(change: dict[str, Any], said: str) -> None:
    """A mistake in the configuration is told when the tool is made."""
    with pytest.raises(BadInput, match=said):
        http_tool(**{"url": "https://host/", **change})


async def test_web_search_gives_pages(echo: EchoServer) -> None:
    """The bundled search asks a SearXNG server for JSON and gives its best pages."""
    search = WebSearch(SearchSettings(url=echo.url + "/"), LOOPBACK)
    found = await search.call(invocation(), {"query": "wheels & cogs", "count": 3})
    assert [page["url"] for page in found] == [f"https://e.example/{n}" for n in (1, 2, 3)]
    assert found[0]["title"] == "Page 1 on wheels & cogs"
    assert len(found[0]["snippet"]) == 500
    assert echo.received[0]["query"] == {"format": "json", "q": "wheels & cogs"}
    with pytest.raises(ToolFailed, match="SearXNG"):
        await WebSearch(SearchSettings(url=echo.url + "/echo"), LOOPBACK).call(invocation(), {"query": "x"})
