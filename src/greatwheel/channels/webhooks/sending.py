"""One POST to a receiver: to a checked address, in limits, without following it elsewhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from ssl import SSLContext
from typing import Any
from urllib.parse import urlsplit

import httpcore2

from greatwheel.channels.webhooks import signing
from greatwheel.channels.webhooks.outbound import binding
from greatwheel.channels.webhooks.port import Attempt, Outgoing
from greatwheel.core.clock import Clock
from greatwheel.tenancy.sealing import Sealer
from greatwheel.tools.addresses import AddressRefused, CheckedBackend, Network

_GONE = 410
_BUSY = (429, 503)


class WebhookSender:
    """Delivers to webhooks. See `port.Sender`."""

    def __init__(self, sealer: Sealer, clock: Clock, *, seconds: float, networks: Sequence[Network] = ()) -> None:
        self._sealer = sealer
        self._clock = clock
        self._seconds = seconds
        self._networks = networks

    async def send(self, delivery: Outgoing) -> Attempt:
        """See the port."""
        if delivery.url is None or delivery.sealed is None:
            return Attempt(error="the subscription has no URL", hopeless=True)
        secret = self._sealer.open(delivery.org_id, binding(delivery.subscription_id), delivery.sealed).decode()
        body = body_of(delivery.payload)
        headers = signing.signed_headers(secret, delivery.delivery_id, int(self._clock.now()), body)
        try:
            async with asyncio.timeout(self._seconds):
                return await self._post(delivery.url, headers, body)
        except AddressRefused:
            return Attempt(error="the host has an address that is not public")  # which one, is the host's business
        except TimeoutError:
            return Attempt(error=f"it took longer than {self._seconds:g} seconds")
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException, OSError) as error:
            return Attempt(error=(str(error) or type(error).__name__).splitlines()[0][:300])

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """What the receiver says beyond the status is not read."""
        given = {
            "host": urlsplit(url).netloc, "content-type": "application/json", "user-agent": "greatwheel", **headers
        }  # fmt: skip
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), self._seconds)
        async with (
            httpcore2.AsyncConnectionPool(_tls(), network_backend=CheckedBackend(self._networks)) as pool,
            pool.stream(
                "POST",
                url,
                headers=[(key.encode(), value.encode()) for key, value in given.items()],
                content=body,
                extensions={"timeout": timeouts},
            ) as response,
        ):
            return attempt_of(response.status, dict(response.headers))


def attempt_of(status: int, headers: Mapping[bytes, bytes]) -> Attempt:
    """What a receiver's answer means."""
    if 200 <= status < 300:
        return Attempt(status=status)
    if 300 <= status < 400:
        return Attempt(status=status, error="the receiver sent it on elsewhere, which is not followed")
    if status == _GONE:
        return Attempt(status=status, error="the receiver wants nothing any more", unsubscribe=True)
    wait = _seconds_of(headers) if status in _BUSY else None
    return Attempt(status=status, error=f"the receiver answered {status}", pause=wait)


def body_of(payload: Mapping[str, Any]) -> bytes:
    """The payload as it is sent: the same bytes at each attempt."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _seconds_of(headers: Mapping[bytes, bytes]) -> float | None:
    """What `Retry-After` asks for in seconds; its form with a date is not looked at."""
    asked = next((value for key, value in headers.items() if key.lower() == b"retry-after"), b"")
    return float(int(asked)) if asked.isdigit() and len(asked) < 8 else None


@lru_cache(maxsize=1)
def _tls() -> SSLContext:
    return httpcore2.default_ssl_context()
