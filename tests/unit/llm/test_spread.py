"""Requests spread over several pools of connections."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from greatwheel.llm.spread import SIZE, SpreadTransport

REQUEST = httpx2.Request("GET", "http://server/")


class Body(httpx2.AsyncByteStream):
    """A body in one piece."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"body"


class Pool(httpx2.AsyncBaseTransport):
    """Counts what it is asked; fails when told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.fails = False
        self.closed = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked += 1
        await asyncio.sleep(0)
        if self.fails:
            raise httpx2.ConnectError("no server")
        return httpx2.Response(200, stream=Body())

    async def aclose(self) -> None:
        self.closed = True


class Pools:
    """A transport over such pools."""

    def __init__(self) -> None:
        self.opened: list[Pool] = []
        self.transport = SpreadTransport(self.open)

    def open(self) -> Pool:
        self.opened.append(Pool())
        return self.opened[-1]

    async def ask(self, count: int) -> list[httpx2.Response]:
        """So many requests at once."""
        return await asyncio.gather(*[self.transport.handle_async_request(REQUEST) for _ in range(count)])


async def test_requests_at_once_are_spread() -> None:
    """A pool that is full of requests leaves further ones to the next, also while their replies are read."""
    pools = Pools()
    await pools.ask(SIZE)
    await pools.ask(SIZE + 1)
    assert [pool.asked for pool in pools.opened] == [SIZE, SIZE, 1]


async def test_requests_one_after_the_other_share_the_connections_of_one_pool() -> None:
    """A reply that was read and closed, even twice, makes room for one request."""
    pools = Pools()
    for _ in range(3 * SIZE):
        (response,) = await pools.ask(1)
        assert await response.aread() == b"body"
        await response.aclose()
        await response.aclose()
    assert [pool.asked for pool in pools.opened] == [3 * SIZE]
    await pools.ask(SIZE + 1)
    assert [pool.asked for pool in pools.opened] == [4 * SIZE, 1]


async def test_a_failed_request_makes_room() -> None:
    """An error goes to the caller, and the pool has room again."""
    pools = Pools()
    await (await pools.ask(1))[0].aclose()
    pools.opened[0].fails = True
    for _ in range(2 * SIZE):
        with pytest.raises(httpx2.ConnectError):
            await pools.ask(1)
    assert len(pools.opened) == 1


async def test_closing_closes_every_pool() -> None:
    """No connection stays open."""
    pools = Pools()
    await pools.ask(2 * SIZE)
    await pools.transport.aclose()
    assert [pool.closed for pool in pools.opened] == [True, True]
