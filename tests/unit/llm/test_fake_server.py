"""The fake model server does what it is told, so that tests built on it mean something."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from greatwheel.testing.servers import BreakOff, Die, Disconnect, FakeModelServer, Slow, Status

CHAT = {"model": "fake", "messages": [{"role": "user", "content": "hi"}]}
PATHS = ("/v1/chat/completions", "/api/chat")


@pytest.fixture
def server() -> Iterator[FakeModelServer]:
    with FakeModelServer(lambda request: f"you said {request.body['messages'][-1]['content']}") as fake:
        yield fake


def text_of(path: str, answer: dict[str, Any]) -> str:
    message = answer["message"] if path == "/api/chat" else answer["choices"][0]["message"]
    return str(message["content"])


@pytest.mark.parametrize("path", PATHS)
def test_a_function_writes_the_reply(server: FakeModelServer, path: str) -> None:
    """The reply may depend on the request, in both protocols, over one kept connection."""
    with httpx.Client(base_url=server.url) as client:
        for _ in range(2):
            answer = client.post(path, json=CHAT | {"stream": False}).json()
            assert text_of(path, answer) == "you said hi"
    assert [request.path for request in server.requests] == [path, path]


def test_a_whole_reply_repeats_the_prefill_as_llama_cpp_does(server: FakeModelServer) -> None:
    """A reply in one piece begins with the text that it continues; a stream does not."""
    messages = [*CHAT["messages"], {"role": "assistant", "content": "well, "}]
    answer = httpx.post(f"{server.openai_url}/chat/completions", json=CHAT | {"messages": messages}).json()
    assert text_of("", answer).startswith("well, you said")


def test_faults_are_used_up_in_order(server: FakeModelServer) -> None:
    """Each fault strikes one chat; afterwards the server is well again."""
    server.faults.extend([Status(429, retry_after=2), Disconnect()])
    url = server.url + PATHS[0]
    answer = httpx.post(url, json=CHAT)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(url, json=CHAT)
    assert httpx.post(url, json=CHAT).status_code == 200
    assert server.calls == 3


@pytest.mark.parametrize("path", PATHS)
def test_a_stream_can_break_off(server: FakeModelServer, path: str) -> None:
    """The pieces before the break arrive, and the end is not a clean one."""
    server.faults.append(BreakOff(2))
    received: list[bytes] = []

    def read() -> None:
        with httpx.stream("POST", server.url + path, json=CHAT | {"stream": True}) as response:
            received.extend(response.iter_raw())

    with pytest.raises(httpx.TransportError):
        read()
    assert b"you" in b"".join(received)
    assert b"hi" not in b"".join(received)


def test_a_dead_server_stays_dead(server: FakeModelServer) -> None:
    """After dying, the port takes no connection."""
    server.faults.append(Die())
    with pytest.raises(httpx.TransportError):
        httpx.post(server.url + PATHS[0], json=CHAT)
    with pytest.raises(httpx.ConnectError):
        httpx.post(server.url + PATHS[0], json=CHAT)


async def test_chats_run_side_by_side_and_are_counted() -> None:
    """A hundred chats of 50 ms take little longer than one, and the server knows how many ran at once."""
    with FakeModelServer(delay=0.05) as server:
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(base_url=server.url, limits=limits, timeout=30) as client:
            started = time.monotonic()
            await asyncio.gather(*(client.post(PATHS[0], json=CHAT) for _ in range(100)))
            assert time.monotonic() - started < 0.05 * 100 / 2
        assert server.calls == 100
        assert server.busiest > 10
        assert server.running == 0


def test_slow_waits_as_long_as_told(server: FakeModelServer) -> None:
    """A slow answer comes, later."""
    server.faults.append(Slow(0.1))
    started = time.monotonic()
    assert httpx.post(server.url + PATHS[0], json=CHAT).status_code == 200
    assert time.monotonic() - started >= 0.1
