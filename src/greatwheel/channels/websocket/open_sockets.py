"""How many web sockets may be open, in one process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from greatwheel.core.errors import LimitReached
from greatwheel.tenancy.principal import Principal

MOST_OF_USER = 32
MOST_UNKNOWN = 32
"""Whose first message, with the key, has not come yet …"""
MOST_UNKNOWN_OF_ADDRESS = 8
"""… and of these from one address."""
_EVERYBODY = "everybody"


class OpenSockets:
    """Counts those that are open."""

    def __init__(self) -> None:
        self._taken: Counter[Hashable] = Counter()

    @contextmanager
    def of_user(self, principal: Principal) -> Iterator[None]:
        """A place of a user's, until the block ends. Raises LimitReached when they have all."""
        with self._place((principal.org_id, principal.user_id), MOST_OF_USER):
            yield

    @contextmanager
    def of_unknown(self, address: str) -> Iterator[None]:
        """A place of somebody who has not said who they are. Raises LimitReached when there is none."""
        with self._place(address, MOST_UNKNOWN_OF_ADDRESS), self._place(_EVERYBODY, MOST_UNKNOWN):
            yield

    @contextmanager
    def _place(self, whose: Hashable, most: int) -> Iterator[None]:
        if self._taken[whose] >= most:
            raise LimitReached(f"{most} web sockets are open already; close one, or try again later.")
        self._taken[whose] += 1
        try:
            yield
        finally:
            self._taken[whose] -= 1
            if not self._taken[whose]:
                del self._taken[whose]
