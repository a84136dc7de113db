"""Runs one block in a workspace to its end, its host calls served by a bridge."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field, replace

from greatwheel.core.clock import Clock
from greatwheel.core.errors import SandboxLost
from greatwheel.runtime.bridge import Bridge, FinalCalled, Suspended
from greatwheel.runtime.record import not_made
from greatwheel.runtime.session import Workspace
from greatwheel.runtime.state import Paused, TaskWaits
from greatwheel.runtime.steps import Block, Ran
from greatwheel.sandbox.port import Event, Finished, HostCalls, Raised


@dataclass(kw_only=True, slots=True)
class Driver:
    """Runs blocks, one at a time."""

    workspace: Workspace
    bridge: Bridge
    clock: Clock
    pending: int = 0
    """Calls of the guest that are being served."""
    _block: Block = field(default_factory=Block)
    _reply: str = ""
    _printed: list[str] = field(default_factory=list)

    async def run(self, block: Block, *, reply: str = "") -> Ran:
        """Run a block. `reply` is the block as the model wrote it."""
        self._block, self._reply, self._printed = block, reply, []
        return await self._guarded(self.workspace.run(block.code))

    async def go_on(self, block: Block, *, printed: str, reply: str) -> Ran:
        """Go on with a block that was paused in a host call when its session was dumped."""
        self._block, self._reply, self._printed = block, reply, [printed]
        pending = self.workspace.session.pending
        if pending is None:
            raise SandboxLost("The session's dump does not wait in a call, though its boundary does.")
        return await self._guarded(_already(pending))

    def paused(self) -> Paused:
        """The block as it waits now."""
        return Paused(
            code=self._block.code, reply=self._reply, rebound=self._block.rebound, printed="".join(self._printed)
        )

    async def _guarded(self, first: Awaitable[Event]) -> Ran:
        began = self.clock.monotonic()
        try:
            ran = await self._drive(await first)
            if ran.outcome != "final":
                await self.workspace.save()
        except TaskWaits:
            raise
        except SandboxLost as error:
            await self.workspace.restore()
            ran = Ran(outcome="lost", error=str(error))
        except BaseException:
            await self.workspace.give_up()
            raise
        self._require_whole_replay(ran)
        return replace(ran, block=self._block, seconds=self.clock.monotonic() - began)

    def _require_whole_replay(self, ran: Ran) -> None:
        """A block that has ended has made all the calls that an earlier attempt at it recorded.

        Raises:
            SandboxLost: it was cut off before it came to where it had been; another attempt may get there.
            ReplayMismatch: it took another path.
        """
        missed = self.bridge.prefix.left_over(self.bridge.calls, self.bridge.step)
        if missed is None:
            return
        if ran.outcome in {"limit", "lost"}:
            raise SandboxLost(f"A replayed block was cut off before call {missed.call}, which is recorded.")
        raise not_made(missed)

    async def _drive(self, event: Event) -> Ran:
        session = self.workspace.session
        while isinstance(event, HostCalls):
            self._printed.append(event.stdout)
            self.pending = len(event.calls)
            answers = await self.bridge.serve(event)
            self.pending = 0
            if isinstance(answers, Suspended):
                raise TaskWaits
            if isinstance(answers, FinalCalled):
                await session.abandon()
                return Ran(outcome="final", stdout="".join(self._printed), final=answers)
            self.bridge.ledger.check_time()
            event = await session.resume(answers)
        self._printed.append(event.stdout)
        stdout = "".join(self._printed)
        match event:
            case Finished(value=value):
                return Ran(outcome="finished", stdout=stdout, value=value)
            case Raised() as raised:
                return Ran(outcome="limit" if raised.limit else "raised", stdout=stdout, raised=raised)


async def _already(event: Event) -> Event:
    return event
