"""One attempt at a task of an agent that has code: its source runs in the session, then `handle(task)`.

It is a run of one step without a model of its own; host calls, journal and waiting are those of the loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from greatwheel.core.errors import SandboxLost
from greatwheel.core.events import StepCompleted
from greatwheel.runtime import finals
from greatwheel.runtime.bridge import Bridge
from greatwheel.runtime.driving import Driver
from greatwheel.runtime.journal import Journal
from greatwheel.runtime.session import Workspace
from greatwheel.runtime.state import LoopState, Paused, TaskWaits
from greatwheel.runtime.steps import Block, Ran

CALL = "\n\nFINAL(handle(task))\n"
"""What is run after the agent's source."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Handled:
    """How `handle` ended."""

    answer: str = ""
    """The result as text."""
    result: Any = None
    error: str | None = None
    """`Type: message`, when it raised or a limit stopped it."""
    traceback: str = ""


@dataclass(kw_only=True, slots=True)
class AgentRun:
    """Runs one agent's code once."""

    workspace: Workspace
    bridge: Bridge
    source: str
    task: Mapping[str, Any]
    """What `handle` is given."""
    resume: LoopState | None = None
    _driver: Driver = field(init=False)

    def __post_init__(self) -> None:
        self._driver = Driver(workspace=self.workspace, bridge=self.bridge, clock=self.bridge.clock)
        self.bridge.checkpoint = self._checkpoint

    async def run(self) -> Handled:
        """Run it.

        Raises:
            TaskWaits: a call waits for somebody else's answer; a later attempt goes on.
            SandboxLost: the sandbox was lost; a later attempt may do better.
        """
        self.bridge.step = 1
        try:
            ran = await self._ran()
        except TaskWaits:
            if self.workspace.pausable:
                await self._boundary(self._driver.paused(), pending=0, now=None)
            await self._journal.committed()
            raise
        if ran.outcome == "lost":
            raise SandboxLost(ran.error)
        handled = _handled(ran)
        self.bridge.observer(
            StepCompleted(
                run_id=self.bridge.run_id, step=1, outcome=ran.outcome, stdout=ran.stdout, observation="",
                error=handled.error, seconds=ran.seconds,
            )
        )  # fmt: skip
        return handled

    @property
    def _journal(self) -> Journal:
        assert self.bridge.desk is not None, "an agent's code is run for a task"
        return self.bridge.desk.journal

    async def _ran(self) -> Ran:
        block = Block(code=self.source + CALL)
        state = self.resume
        if state is not None:
            self.bridge.calls = state.calls
            self.bridge.ledger.restore(state.usage, state.seconds, state.step)
            if state.paused is not None:
                return await self._driver.go_on(block, printed=state.paused.printed, reply="")
        await self.workspace.session.set("task", dict(self.task))
        return await self._driver.run(block)

    async def _checkpoint(self) -> None:
        await self._boundary(self._driver.paused(), pending=self._driver.pending, now=self.workspace.now)

    async def _boundary(self, paused: Paused, *, pending: int, now: str | None) -> None:
        state = LoopState(
            step=1,
            calls=self.bridge.calls - pending,
            seconds=self.bridge.ledger.seconds,
            usage=self.bridge.ledger.usage,
            # The source is the version's; a boundary need not repeat it.
            paused=Paused(code="", reply="", printed=paused.printed),
            now=now,
        )
        await self._journal.boundary(state.to_wire(), await self.workspace.session.dump())


def _handled(ran: Ran) -> Handled:
    if ran.raised is not None:
        said = f"{ran.raised.type}: {ran.raised.message}"
        return Handled(error=said, traceback=ran.raised.traceback)
    value = ran.final.value if ran.final is not None else ran.value
    return Handled(answer="" if value is None else finals.as_text(value), result=value)
