"""The door: keys and logins are checked here, and whoever tries wrong ones is slowed down."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

from greatwheel.channels.http.throttle import Throttle
from greatwheel.core.clock import Clock
from greatwheel.core.errors import KeyRefused, TooManyTries
from greatwheel.database.database import Database
from greatwheel.tenancy import api_keys, logins
from greatwheel.tenancy.principal import Principal

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
        return await self._checked(address, key, api_keys.authenticate)

    async def by_login(self, address: str, token: str) -> Principal:
        """Who has logged in with that token. Raises as `by_key`."""
        return await self._checked(address, token, logins.authenticate)

    async def _checked(
        self, address: str, text: str, authenticate: Callable[[Database, str], Awaitable[Principal]]
    ) -> Principal:
        seconds = self._throttle.wait(address, text)
        if seconds > 0:
            wait = math.ceil(seconds)
            message = f"Too many wrong keys came from this address; try again in {wait} seconds."
            raise TooManyTries(message, retry_after=wait)
        try:
            principal = await authenticate(self._database, text[:_LONGEST])
        except KeyRefused:
            self._throttle.refused(address)
            raise
        self._throttle.proved(text)
        return principal
