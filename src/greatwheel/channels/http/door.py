"""The door: keys, logins and signatures are checked here, and whoever tries wrong ones is slowed down."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import TypeVar

from greatwheel.channels.http.throttle import Throttle
from greatwheel.core.clock import Clock
from greatwheel.core.errors import KeyRefused, SignatureRefused, TooManyTries
from greatwheel.database.database import Database
from greatwheel.tenancy import api_keys, logins
from greatwheel.tenancy.principal import Principal

T = TypeVar("T")
_LONGEST = 200


class Door:
    """Lets callers in. One for all channels of a process: wrong keys count wherever they are tried."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._throttle = Throttle(clock)

    async def by_key(self, address: str, key: str) -> Principal:
        """Who holds the API key that came from that address.

        Raises:
            KeyRefused: it is worth nothing.
            TooManyTries: too many such came from there; this one was not looked at.
        """
        return await self.checked(address, key, lambda: api_keys.authenticate(self._database, key[:_LONGEST]))

    async def by_login(self, address: str, token: str) -> Principal:
        """Who has logged in with that token. Raises as `by_key`."""
        return await self.checked(address, token, lambda: logins.authenticate(self._database, token[:_LONGEST]))

    async def checked(self, address: str, mark: str, check: Callable[[], Awaitable[T]]) -> T:
        """What the check gives, if that address may try. `mark`: what is let through also from an address that must
        wait, if it was good not long ago.

        Raises:
            KeyRefused, SignatureRefused: the check's; they count against the address.
            TooManyTries: as `by_key`.
        """
        seconds = self._throttle.wait(address, mark)
        if seconds > 0:
            wait = math.ceil(seconds)
            message = f"Too many wrong keys came from this address; try again in {wait} seconds."
            raise TooManyTries(message, retry_after=wait)
        try:
            found = await check()
        except (KeyRefused, SignatureRefused):
            self._throttle.refused(address)
            raise
        self._throttle.proved(mark)
        return found
