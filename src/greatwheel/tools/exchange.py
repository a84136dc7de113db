"""One request to a server outside, and its answer: to checked addresses, in limits, cleaned of secrets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from ssl import SSLContext
from urllib.parse import urljoin, urlsplit

import httpcore2

from greatwheel.core.errors import InDoubt, ToolFailed
from greatwheel.tenancy.redaction import Redactor
from greatwheel.tools.addresses import AddressRefused, CheckedBackend, Network
from greatwheel.tools.doubt import unanswered
from greatwheel.tools.port import ToolKind
from greatwheel.tools.sending import Sending
from greatwheel.tools.unpacking import unpacked

_MOST_REDIRECTS = 3
_CONNECT_SECONDS = 10.0
_QUOTED_CHARS = 300
_NOT_DONE = (307, 308)
"""Answers that say: do it elsewhere. Others that lead elsewhere often mean that it was done."""
_TIMED_OUT = 408


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What is sent."""

    method: str
    url: str = field(repr=False)
    headers: Sequence[tuple[str, str]] = field(default=(), repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What came back, cleaned."""

    status: int
    text: str
    whole: bool
    """False: the server sent more than was read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What an exchange may take, and where it may go."""

    seconds: float
    max_bytes: int
    networks: Sequence[Network] = ()
    """Networks that are allowed though they are not public."""


async def exchange(name: str, kind: ToolKind, request: Request, limits: Limits, redactor: Redactor) -> Reply:
    """Send the request of a tool, and read the answer whatever its status.

    A read follows redirects within its host. The environment's proxies are not used: they would connect for us, to
    addresses that nobody checked.

    Raises:
        ToolFailed: nothing was sent, or a read got no answer.
        InDoubt: an effect got no answer, or one that can't be read.
    """
    sending = Sending()
    try:
        async with asyncio.timeout(limits.seconds):
            return await _follow(name, kind, request, limits, redactor, sending)
    except (ToolFailed, InDoubt):
        raise
    except AddressRefused as error:
        raise ToolFailed(f"tool.{name} may not connect: {redactor.text(str(error))}.") from None
    except Exception as error:  # whatever a hostile answer leads to in a library
        why = redactor.text(_words(error, limits.seconds))
        if sending.begun and not isinstance(error, httpcore2.LocalProtocolError):
            raise unanswered(kind, f"tool.{name} got no answer: {why}") from None
        raise ToolFailed(f"tool.{name} could not connect: {why}.") from None


async def _follow(
    name: str, kind: ToolKind, request: Request, limits: Limits, redactor: Redactor, sending: Sending
) -> Reply:
    for _ in range(_MOST_REDIRECTS + 1):
        async with _sent(request, limits, sending) as response:
            target = _redirect(request, response)
            if target is None:
                return await _read(response, limits.max_bytes, redactor)
        if kind != "read" or request.method not in ("GET", "HEAD") or _origin(target) != _origin(request.url):
            why = f"tool.{name} was sent on to {redactor.text(urlsplit(target).netloc)}, which is not followed"
            raise ToolFailed(f"{why}.") if response.status in _NOT_DONE else unanswered(kind, why)
        request = replace(request, url=target)
    raise ToolFailed(f"tool.{name} was sent on more than {_MOST_REDIRECTS} times.")


@asynccontextmanager
async def _sent(request: Request, limits: Limits, sending: Sending) -> AsyncIterator[httpcore2.Response]:
    timeouts = {
        "connect": min(_CONNECT_SECONDS, limits.seconds / 2), "read": limits.seconds, "write": limits.seconds,
        "pool": limits.seconds,
    }  # fmt: skip
    # A pool for each exchange: no connection outlives the check of its address.
    async with (
        httpcore2.AsyncConnectionPool(_tls(), network_backend=CheckedBackend(limits.networks)) as pool,
        pool.stream(
            request.method,
            _place(request.url),
            headers=_headers(request),
            content=request.body,
            extensions={"timeout": timeouts, "trace": sending},
        ) as response,
    ):
        yield response


async def _read(response: httpcore2.Response, max_bytes: int, redactor: Redactor) -> Reply:
    """The body, cleaned before it is cut, so that the cut leaves no half of a secret."""
    coding = b", ".join(value for key, value in response.headers if key.lower() == b"content-encoding")
    # One character of a secret's form is at most four bytes.
    enough = max_bytes + redactor.margin * 4 + 1
    raw = bytearray()
    async with aclosing(unpacked(response.aiter_stream(), coding.decode("latin-1"))) as pieces:
        async for piece in pieces:
            raw += piece
            if len(raw) >= enough:
                break
    text = bytes(raw[:enough]).decode(errors="replace")
    cleaned = await asyncio.to_thread(redactor.text, text)  # it may take a while, and others are to be served
    whole = len(raw) <= max_bytes
    kept = cleaned if whole else cleaned.encode()[:max_bytes].decode(errors="ignore")
    return Reply(status=response.status, text=kept, whole=whole)


def check_status(name: str, kind: ToolKind, reply: Reply) -> None:
    """Go on with an answer of success.

    Raises:
        ToolFailed: the server refused, or a read failed; the message has the start of what it said.
        InDoubt: the same for an effect, unless the server refused it: it may have failed afterwards.
    """
    if 200 <= reply.status < 300:
        return
    said = " ".join(reply.text[:_QUOTED_CHARS].split())
    why = f"tool.{name}: the server answered {reply.status}{f': {said}' if said else ''}"
    if reply.status in _NOT_DONE or (400 <= reply.status < 500 and reply.status != _TIMED_OUT):
        raise ToolFailed(why)
    raise unanswered(kind, why)


def _headers(request: Request) -> list[tuple[bytes, bytes]]:
    given = {key.lower() for key, _ in request.headers}
    ours = [("user-agent", "greatwheel"), ("accept-encoding", "identity"), ("host", urlsplit(request.url).netloc)]
    headers = [*request.headers, *((key, value) for key, value in ours if key not in given)]
    return [(key.encode("ascii"), value.encode()) for key, value in headers]


def _place(url: str) -> httpcore2.URL:
    """Taken apart as the checks take it apart."""
    parts = urlsplit(url)
    target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    return httpcore2.URL(scheme=parts.scheme, host=parts.hostname or "", port=parts.port, target=target)


def _redirect(request: Request, response: httpcore2.Response) -> str | None:
    if response.status not in (301, 302, 303, 307, 308):
        return None
    places = [value for key, value in response.headers if key.lower() == b"location"]
    try:
        return urljoin(request.url, places[0].decode("latin-1")) if places else None
    except ValueError:
        return None  # it leads nowhere


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _words(error: Exception, seconds: float) -> str:
    if isinstance(error, TimeoutError | httpcore2.ReadTimeout | httpcore2.WriteTimeout):
        return f"it took longer than {seconds:g} seconds"
    if isinstance(error, httpcore2.LocalProtocolError):
        return "a header can't be sent"  # the error quotes it, in a spelling that may escape the cleaning
    return (str(error) or type(error).__name__).splitlines()[0]


@lru_cache(maxsize=1)
def _tls() -> SSLContext:
    return httpcore2.default_ssl_context()
