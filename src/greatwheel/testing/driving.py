"""Driving a sandbox session to the end of a block, with the host calls served on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from greatwheel.sandbox.port import Answer, Event, Finished, HostCall, HostCalls, Raised, Returned, SandboxSession

Serve: TypeAlias = Callable[[HostCall], Answer]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """A block that ended."""

    event: Finished | Raised
    stdout: str
    """Everything printed, over all events."""
    batches: tuple[tuple[HostCall, ...], ...] = ()
    """The calls of each pause."""

    @property
    def calls(self) -> tuple[HostCall, ...]:
        """Every call, in the order in which they came."""
        return tuple(call for batch in self.batches for call in batch)


def echo(call: HostCall) -> Answer:
    """Answers a call with its first argument, or None."""
    return Returned(value=call.args[0] if call.args else None)


async def drive(session: SandboxSession, code: str, serve: Serve = echo) -> Ended:
    """Run a block to its end; all calls of a pause are answered at once."""
    return await drive_on(session, await session.run(code), serve)


async def drive_on(session: SandboxSession, event: Event, serve: Serve = echo) -> Ended:
    """Go on from an event to the end of its block."""
    stdout, batches = event.stdout, []
    while isinstance(event, HostCalls):
        batches.append(event.calls)
        event = await session.resume({call.id: serve(call) for call in event.calls})
        stdout += event.stdout
    return Ended(event=event, stdout=stdout, batches=tuple(batches))
