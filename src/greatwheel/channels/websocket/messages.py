"""What clients say over a web socket: one JSON object to a message, told apart by its `type`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, SecretStr, TypeAdapter, ValidationError
from pydantic_core import from_json

from greatwheel.channels.http.bodies import Answer, Body, NewTask
from greatwheel.channels.http.errors import fault_of
from greatwheel.core.errors import BadInput
from greatwheel.core.ids import TaskId

MOST_WATCHES = 32
"""Tasks that one connection follows at a time."""
_IN_A_THREAD = 256 * 1024
"""Bytes of a message whose reading would hold the others up."""

Ref = Annotated[str | None, Field(max_length=100, description="Comes back with what answers the message.")]
TaskRef = Annotated[TaskId, Field(max_length=100)]


class InvalidMessage(BadInput):
    """The message can't be understood; see docs/websocket.md."""

    code = "message.invalid"

    def __init__(self, message: str | None = None, ref: str | None = None) -> None:
        super().__init__(message)
        self.ref = ref


class Place(Body):
    """A task, and how much of it is known."""

    task_id: TaskRef
    after: Annotated[int, Field(ge=0, le=2**62)] = 0
    """Only events after the one with this id."""


class Hello(Body):
    """The first message of a client that sent no key with its request; and what any client follows from the start."""

    type: Literal["hello"]
    ref: Ref = None
    key: SecretStr | None = None
    resume: Annotated[Sequence[Place], Field(max_length=MOST_WATCHES)] = ()


class Submit(NewTask):
    """Queue a task."""

    type: Literal["submit"]
    ref: Ref = None
    idempotency_key: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    watch: bool = True
    """Follow it from its beginning."""


class Watch(Place):
    """Follow a task; one that is followed already is followed from there."""

    type: Literal["watch"]
    ref: Ref = None


class Unwatch(Body):
    """Don't follow a task any more."""

    type: Literal["unwatch"]
    ref: Ref = None
    task_id: TaskRef


class GiveAnswer(Answer):
    """Answer a task's question."""

    type: Literal["answer"]
    ref: Ref = None
    task_id: TaskRef


class Cancel(Body):
    """Stop a task and everything below it."""

    type: Literal["cancel"]
    ref: Ref = None
    task_id: TaskRef


class Ping(Body):
    """Are you there? For clients that can't send a ping of the protocol's own."""

    type: Literal["ping"]
    ref: Ref = None


Incoming: TypeAlias = Hello | Submit | Watch | Unwatch | GiveAnswer | Cancel | Ping
_INCOMING: TypeAdapter[Incoming] = TypeAdapter(Annotated[Incoming, Field(discriminator="type")])


async def read(text: str) -> Incoming:
    """The message that a text is.

    Raises:
        InvalidMessage: it is none.
    """
    return await asyncio.to_thread(_read, text) if len(text) > _IN_A_THREAD else _read(text)


def _read(text: str) -> Incoming:
    try:
        given = from_json(text)
    except ValueError:
        raise InvalidMessage("The message is no JSON.") from None
    try:
        return _INCOMING.validate_python(given)
    except ValidationError as error:
        told = "; ".join(fault_of(fault) for fault in error.errors(include_url=False, include_input=False)[:5])
        raise InvalidMessage(f"{told}.", _ref_of(given)) from None


def _ref_of(given: Any) -> str | None:
    ref = given.get("ref") if isinstance(given, dict) else None
    return ref if isinstance(ref, str) and len(ref) <= 100 else None
