"""Slows down who tries keys: after some refused ones an address must wait."""

from __future__ import annotations

import hashlib
import ipaddress
from collections import OrderedDict

from greatwheel.core.clock import Clock

TRIES = 20
"""Refused keys that an address may send at once."""
PER_SECOND = 1 / 3
"""How fast it gets new tries."""
MOST = 10_000
"""Addresses, and keys, that are remembered."""
PROVED_SECONDS = 300.0


class Throttle:
    """Counts refused keys by address. Keys are 256 random bits, so this saves the database, not the keys.

    A key that was good not long ago is let through also from an address that must wait: a neighbour behind the same
    address can't lock others out. It is still checked like any other.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._proved: OrderedDict[bytes, float] = OrderedDict()

    def wait(self, address: str, key: str) -> float:
        """Seconds until the address may try that key; 0 when it may now."""
        proved = self._proved.get(_mark(key))
        if proved is not None and self._clock.monotonic() - proved < PROVED_SECONDS:
            return 0.0
        return max(0.0, (self._level(_place(address)) - (TRIES - 1)) / PER_SECOND)

    def refused(self, address: str) -> None:
        """A key from that address was no good."""
        place = _place(address)
        self._levels[place] = (self._level(place) + 1, self._clock.monotonic())
        self._levels.move_to_end(place)
        if len(self._levels) > MOST:
            self._levels.popitem(last=False)

    def proved(self, key: str) -> None:
        """The key was good."""
        mark = _mark(key)
        self._proved[mark] = self._clock.monotonic()
        self._proved.move_to_end(mark)
        if len(self._proved) > MOST:
            self._proved.popitem(last=False)

    def _level(self, place: str) -> float:
        level, since = self._levels.get(place, (0.0, 0.0))
        return max(0.0, level - (self._clock.monotonic() - since) * PER_SECOND)


def _mark(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def _place(address: str) -> str:
    """An IPv6 client has a whole /64 to itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((address, 64), strict=False)) if parsed.version == 6 else address
