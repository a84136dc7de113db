"""A transport that spreads requests over several connection pools.

A pool looks at all of its connections twice for each request, so with a hundred requests at once that alone costs as
much as all the rest of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx2

SIZE = 4
"""Requests that one pool has under way before the next one gets some."""


class _Pool:
    """A transport with its own connections, and how many requests it has under way."""

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        self.transport = transport
        self.under_way = 0


class SpreadTransport(httpx2.AsyncBaseTransport):
    """Gives each request to the first pool that has room; the pools are opened as they are needed, and then kept."""

    def __init__(self, opened: Callable[[], httpx2.AsyncBaseTransport]) -> None:
        self._opened = opened
        self._pools: list[_Pool] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The response of one of the pools."""
        pool = self._with_room()
        pool.under_way += 1
        try:
            response = await pool.transport.handle_async_request(request)
        except BaseException:
            pool.under_way -= 1
            raise
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _CountedStream(response.stream, pool)
        return response

    async def aclose(self) -> None:
        """Close all connections."""
        for pool in self._pools:
            await pool.transport.aclose()

    def _with_room(self) -> _Pool:
        for pool in self._pools:
            if pool.under_way < SIZE:
                return pool
        self._pools.append(_Pool(self._opened()))
        return self._pools[-1]


class _CountedStream(httpx2.AsyncByteStream):
    """A response's body; the request is under way until it is closed."""

    def __init__(self, inner: httpx2.AsyncByteStream, pool: _Pool) -> None:
        self._inner = inner
        self._pool: _Pool | None = pool

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._inner:
            yield piece

    async def aclose(self) -> None:
        pool, self._pool = self._pool, None
        try:
            await self._inner.aclose()
        finally:
            if pool is not None:
                pool.under_way -= 1
