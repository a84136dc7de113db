"""How many streams a user may have open in one server: each holds a connection."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Header, Request

from greatwheel.channels.http.streaming import STREAM
from greatwheel.channels.http.visits import Visitor
from greatwheel.core.errors import TooManyStreams
from greatwheel.core.ids import OrgId, UserId

MOST_STREAMS = 50


class Places:
    """Counts what each user has open."""

    def __init__(self, most: int = MOST_STREAMS) -> None:
        self._most = most
        self._taken: Counter[tuple[OrgId, UserId]] = Counter()

    @contextmanager
    def taken(self, org_id: OrgId, user_id: UserId) -> Iterator[None]:
        """One place more is taken meanwhile.

        Raises:
            TooManyStreams: the user has none left.
        """
        user = (org_id, user_id)
        if self._taken[user] >= self._most:
            raise TooManyStreams(f"{self._most} streams are open for this user; close one first.")
        self._taken[user] += 1
        try:
            yield
        finally:
            self._taken[user] -= 1
            if not self._taken[user]:
                del self._taken[user]


async def _place(request: Request, visit: Visitor) -> AsyncIterator[None]:
    places: Places = request.app.state.places
    with places.taken(visit.org_id, visit.user_id):
        yield


async def _place_of_stream(
    request: Request, visit: Visitor, accept: Annotated[str, Header(include_in_schema=False)] = ""
) -> AsyncIterator[None]:
    if STREAM not in accept:
        yield
        return
    async for _ in _place(request, visit):
        yield


PLACE = Depends(_place)
"""For a route that answers slowly: it takes a place until its answer has been sent."""
PLACE_OF_STREAM = Depends(_place_of_stream)
"""For a route that streams to those who ask for a stream."""
