"""What delivers to one kind of subscriber."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from greatwheel.core.ids import OrgId, TaskId

SubscriberKind: TypeAlias = Literal["webhook", "slack"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """A delivery that is to be made now."""

    org_id: OrgId
    delivery_id: str
    """The same at each attempt: receivers know a repeated delivery by it."""
    subscription_id: str
    kind: SubscriberKind
    lane: str | None
    """Whose order it keeps, in the words of its kind."""
    task_id: TaskId | None
    type: str
    payload: Mapping[str, Any] = field(repr=False)
    attempts: int
    tries: int
    """Of the attempts those that count."""
    url: str | None
    sealed: bytes | None = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """How an attempt went."""

    status: int | None = None
    """The receiver's HTTP status, if it gave one."""
    error: str | None = None
    """None: it was delivered. For the organisation's admins: nothing of the host, no secret."""
    hopeless: bool = False
    """Every further attempt would fail in the same way."""
    unsubscribe: bool = False
    """The receiver wants nothing any more."""
    pause: float | None = None
    """Seconds for which the receiver asked to be left alone."""
    counts: bool = True
    """Whether it is one of the attempts that a delivery has; a receiver that is trusted may put it off at will."""


class Sender(Protocol):
    """Delivers to one kind of subscriber.

    1. `send` makes one attempt and tells how it went; it raises only for what is the host's own fault, which counts
       as a failed attempt.
    2. It ends by itself within the seconds that it was made with.
    3. It may be called for many deliveries at a time, and again for one whose attempt's end was lost.
    """

    async def send(self, delivery: Outgoing) -> Attempt:
        """One attempt."""
        ...
