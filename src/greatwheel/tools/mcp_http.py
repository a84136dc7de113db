"""Streamable HTTP to MCP servers: to checked addresses, answers of a limited length, and failures as answers.

What goes wrong with one request is told as the JSON-RPC error of that request: others on the same connection go on, and
who asked can tell what was never sent (`NOT_SENT`) from what may have been done.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import lru_cache
from ssl import SSLContext

import httpcore2
import httpx2
from mcp.client._transport import TransportStreams  # the SDK has no public name for it
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CONNECTION_CLOSED

from greatwheel.tools.addresses import AddressRefused, CheckedBackend, Network
from greatwheel.tools.sending import Sending
from greatwheel.tools.unpacking import Unreadable, unpacked

NOT_SENT = -32950
"""Code of the error: the request never left."""
SESSION_LOST = -32951
"""… the server has forgotten the session, and did nothing."""
_OVERHEAD_BYTES = 64_000
"""Progress and other notifications on the way of an answer."""
_CONNECT_SECONDS = 10.0
_IDLE_SECONDS = 300.0
_GOOD_BYE_SECONDS = 2.0
_CONNECTIONS = 20
_SESSION = "mcp-session-id"
_BROKEN = (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException, OSError)


@asynccontextmanager
async def over_http(
    url: str, headers: Mapping[str, str], networks: Sequence[Network], max_bytes: int
) -> AsyncGenerator[TransportStreams]:
    """Messages to and from the server at that address. Proxies of the environment are not used."""
    given = {"user-agent": "greatwheel", **headers, "accept-encoding": "identity"}
    timeout = httpx2.Timeout(_CONNECT_SECONDS, read=_IDLE_SECONDS, write=_IDLE_SECONDS, pool=_IDLE_SECONDS)
    transport = CheckedTransport(networks, max_bytes + _OVERHEAD_BYTES)
    async with (
        httpx2.AsyncClient(transport=transport, headers=given, timeout=timeout, trust_env=False) as client,
        streamable_http_client(url, http_client=client, max_sse_event_size=max_bytes + _OVERHEAD_BYTES) as streams,
    ):
        yield streams


class CheckedTransport(httpx2.AsyncBaseTransport):
    """Connects to allowed addresses only, and reads so many bytes of an answer."""

    def __init__(self, networks: Sequence[Network], max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._pool = httpcore2.AsyncConnectionPool(
            _tls(), max_connections=_CONNECTIONS, network_backend=CheckedBackend(networks)
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer; or one of our own that says why there is none."""
        assert isinstance(request.stream, httpx2.AsyncByteStream)
        sending = Sending()
        sent = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions={**request.extensions, "trace": sending},
        )
        # The end of a session need not be heard of; all else has the time limit of who asked.
        limit = asyncio.timeout(_GOOD_BYE_SECONDS if request.method == "DELETE" else None)
        try:
            async with limit:
                answer = await self._pool.handle_async_request(sent)
        except httpcore2.LocalProtocolError:  # which quotes it
            return _no_answer(NOT_SENT, "a header can't be sent")
        except AddressRefused as error:
            return _no_answer(NOT_SENT, f"could not connect: {_words(error)}")
        except _BROKEN as error:
            if not sending.begun:
                return _no_answer(NOT_SENT, f"could not connect: {_words(error)}")
            return _no_answer(CONNECTION_CLOSED, f"the connection broke: {_words(error)}")
        if answer.status == 404 and _SESSION in request.headers:
            await answer.aclose()
            return _no_answer(SESSION_LOST, "the server has forgotten the session")
        headers = httpx2.Headers(answer.headers)
        coding = headers.pop("content-encoding", "")
        if coding:
            headers.pop("content-length", None)  # of what was packed
        return httpx2.Response(
            answer.status,
            headers=headers,
            stream=_Limited(answer, self._max_bytes, coding),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._pool.aclose()


class _Limited(httpx2.AsyncByteStream):
    """An answer's body up to a length; a failure ends this answer and nothing else."""

    def __init__(self, answer: httpcore2.Response, max_bytes: int, coding: str) -> None:
        self._answer = answer
        self._max_bytes = max_bytes
        self._coding = coding

    async def __aiter__(self) -> AsyncIterator[bytes]:
        got = 0
        try:
            async with aclosing(unpacked(self._answer.aiter_stream(), self._coding)) as pieces:
                async for piece in pieces:
                    got += len(piece)
                    if got > self._max_bytes:
                        raise httpx2.StreamError(f"it is longer than {self._max_bytes:,} bytes")
                    yield piece
        except (*_BROKEN, Unreadable) as error:
            raise httpx2.StreamError(_words(error)) from error

    async def aclose(self) -> None:
        await self._answer.aclose()


def _no_answer(code: int, message: str) -> httpx2.Response:
    body = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}
    headers = {"content-type": "application/json"}
    return httpx2.Response(502, headers=headers, content=json.dumps(body).encode())


def _words(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


@lru_cache(maxsize=1)
def _tls() -> SSLContext:
    return httpcore2.default_ssl_context()
