"""Which addresses tools may connect to: public ones, and networks that the configuration names.

The check is made on what a host name resolves to, and the connection goes to the address that was checked: a name
that resolves to another address a moment later gains nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, TypeAlias

import httpcore2
from httpcore2 import SOCKET_OPTION, AsyncNetworkBackend, AsyncNetworkStream

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_NAT64 = ip_network("64:ff9b::/96")
_LOOK_UPS = 32
"""Names that are looked up at once."""
_IPV4_COMPATIBLE = ip_network("::/96")
# Not global by their registries, whatever the standard library of this Python version says.
_NEVER_PUBLIC = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4"),
        *("64:ff9b:1::/48", "2001::/23", "3fff::/20", "5f00::/16", "fec0::/10"),
    )
)


class AddressRefused(Exception):
    """The host has an address that is neither public nor allowed."""


def is_allowed(address: Address, networks: Iterable[Network] = ()) -> bool:
    """The address is in one of the networks, or is public; one that carries an IPv4 address must pass by that too."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return is_allowed(address.ipv4_mapped, networks)
    if any(address in network for network in networks):
        return True
    return _is_public(address) and all(is_allowed(inner, networks) for inner in _carried(address))


def parse_network(text: str) -> Network:
    """A network such as `10.1.0.0/16`, or one address. Raises ValueError."""
    return ip_network(text)


async def resolve(host: str, port: int, networks: Sequence[Network]) -> list[str]:
    """The host's addresses, all of them allowed.

    Raises:
        AddressRefused: one is not. (A host that has both kinds is not trusted at all.)
        OSError: the name does not resolve.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.run_in_executor(_threads(), _look_up, host, port)
    except UnicodeError as error:
        raise OSError(f"{host!r} is no host name") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for text in addresses:
        if not is_allowed(ip_address(text), networks):
            # Not which one: whoever may name hosts here could read a private network's names out.
            raise AddressRefused(f"{host} has an address that is not public")
    return addresses


def _look_up(host: str, port: int) -> Sequence[tuple[Any, ...]]:
    return socket.getaddrinfo(host, port, socket.AF_UNSPEC, socket.SOCK_STREAM)


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    """Threads of their own: a hostile name server that never answers must not keep up what else needs threads."""
    return ThreadPoolExecutor(_LOOK_UPS, thread_name_prefix="look-up")


class CheckedBackend(AsyncNetworkBackend):
    """Opens connections to addresses that were checked; TLS still asks for the certificate of the host's name."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks
        self._inner = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """A connection to the first address that answers. Raises as `resolve`, and httpcore2's errors."""
        try:
            async with asyncio.timeout(timeout):
                addresses = await resolve(host, port, self._networks)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(f"{host} was not resolved in time") from error
        failure: Exception = OSError(f"{host} has no address")
        for address in addresses:
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout=timeout, local_address=local_address, socket_options=socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        """Wait before another try."""
        await self._inner.sleep(seconds)


def _is_public(address: Address) -> bool:
    if any(address in network for network in _NEVER_PUBLIC):
        return False
    special = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    # Addresses of NAT64 count as reserved; what they carry decides.
    if address in _NAT64:
        return True
    return address.is_global and not special and not address.is_link_local


def _carried(address: Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses that an IPv6 address may be translated to on its way."""
    if not isinstance(address, IPv6Address):
        return
    if address.sixtofour is not None:
        yield address.sixtofour
    if address in _IPV4_COMPATIBLE or address in _NAT64:
        yield IPv4Address(int(address) & 0xFFFFFFFF)
