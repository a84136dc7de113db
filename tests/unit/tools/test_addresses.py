"""Which addresses tools may connect to."""

import asyncio
import socket
import threading
from ipaddress import ip_address
from typing import Any

import httpcore2
import pytest

from greatwheel.tools.addresses import AddressRefused, CheckedBackend, is_allowed, parse_network, resolve

REFUSED = [
    *(
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.170",
        "192.0.2.1",
    ),
    *(
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
    ),
    *(
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
    ),
    *(
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:a00:1::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
    ),
    *("fe80::1%eth0", "fec0::1", "ff02::1", "febf::1", "::1%1", "::ffff:127.0.0.1%1", "fe80::5efe:7f00:1"),
    *("::ffff:0:7f00:1", "2002:a9fe:a9fe::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "169.254.170.2"),
]


@pytest.mark.parametrize("text", REFUSED)
def test_an_address_that_is_not_public_is_refused(text: str) -> None:
    """Loopback, private, link-local, metadata, multicast and reserved addresses, also carried in IPv6, are refused."""
    assert not is_allowed(ip_address(text))


@pytest.mark.parametrize(
    "text", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]
)
def test_a_public_address_is_allowed(text: str) -> None:
    """What anybody on the internet can reach is allowed, in each notation."""
    assert is_allowed(ip_address(text))


def test_a_named_network_is_allowed_and_nothing_beside_it() -> None:
    """The configuration opens the networks that it names, also for IPv4 in IPv6."""
    networks = [parse_network("10.1.0.0/16"), parse_network("::1")]
    assert is_allowed(ip_address("10.1.2.3"), networks)
    assert is_allowed(ip_address("::ffff:10.1.2.3"), networks)
    assert is_allowed(ip_address("::1"), networks)
    assert not is_allowed(ip_address("10.2.0.1"), networks)
    assert not is_allowed(ip_address("127.0.0.1"), networks)


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001", "0", "[::1]".strip("[]")])
async def test_other_spellings_of_loopback_are_refused(host: str) -> None:
    """What counts is the address that a host resolves to, however it is written."""
    with pytest.raises(AddressRefused, match="not public"):
        await resolve(host, 80, [])


async def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that resolves to a public address first and to loopback afterwards is never looked up again."""
    answers = iter([("93.184.216.34", 80), ("127.0.0.1", 80)])
    looked_up: list[str] = []
    connected: list[str] = []

    def rebinding(host: str, *rest: Any) -> list[Any]:
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", next(answers))]

    async def connect(self: Any, host: str, port: int, **options: Any) -> None:
        connected.append(host)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", connect)
    await CheckedBackend([]).connect_tcp("rebinding.example", 80)
    assert connected == ["93.184.216.34"]
    with pytest.raises(AddressRefused):
        await CheckedBackend([]).connect_tcp("rebinding.example", 80)
    assert looked_up == ["rebinding.example"] * 2


async def test_a_host_with_one_address_that_is_not_public_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """When any of a host's addresses is not public the whole host is refused."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, 80)) for text in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: found)
    with pytest.raises(AddressRefused, match=r"^both\.example has an address that is not public$"):
        await resolve("both.example", 80, [])


async def test_a_slow_look_up_keeps_nothing_else_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for a hostile name server takes no thread from others, however many they are."""
    release = threading.Event()

    def hanging(host: str, *rest: Any, **options: Any) -> list[Any]:
        release.wait(20)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    waiting = [asyncio.create_task(CheckedBackend([]).connect_tcp("slow.example", 80, timeout=0.1)) for _ in range(40)]
    try:
        async with asyncio.timeout(10):
            ended = await asyncio.gather(*waiting, return_exceptions=True)
            assert await asyncio.to_thread(lambda: "served") == "served"
    finally:
        release.set()
    assert {type(each) for each in ended} == {httpcore2.ConnectTimeout}


async def test_a_name_that_can_not_be_one_does_not_resolve() -> None:
    """A host name that is too long to be one is an error of the network, not of ours."""
    with pytest.raises(OSError, match="no host name"):
        await resolve("a" * 70 + ".example", 80, [])
