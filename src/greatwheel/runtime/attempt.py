"""One attempt at a task: what it works with, and what is decided about it without asking anybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from greatwheel.core.events import Event, HostCallServed, HostCallStarted, Observer, RunStarted
from greatwheel.core.ids import OrgId, SessionId
from greatwheel.core.tasks import Ending, Task
from greatwheel.llm.port import ChatModel
from greatwheel.runtime.agent_run import Handled
from greatwheel.runtime.desk import Desk
from greatwheel.runtime.keeping import Keeping
from greatwheel.runtime.ledger import Ledger
from greatwheel.runtime.loop import Outcome
from greatwheel.runtime.record import Prefix, RecordedCall, RecordedReply
from greatwheel.runtime.session import Workspace
from greatwheel.runtime.sessions import SessionRow
from greatwheel.runtime.state import LoopState
from greatwheel.runtime.telling import told
from greatwheel.runtime.wire import to_wire
from greatwheel.tenancy.key_format import SESSION_KEY_START
from greatwheel.tenancy.sealing import Sealer


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentCode:
    """A version of an agent, as far as running it needs."""

    name: str
    source: str
    """Empty: the loop alone."""
    model: str | None = None
    instructions: str = ""
    """Of tasks that bring none of their own."""
    budget: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """What one attempt at a task works with."""

    desk: Desk
    """The task itself, for whom it is done, and its journal and ledger."""
    session: SessionRow
    code: AgentCode
    workspace: Workspace
    state: LoopState | None
    """Where an earlier attempt left off."""
    prefix: Prefix
    keeping: Keeping

    @property
    def task(self) -> Task:
        """The task."""
        return self.desk.task

    @property
    def instructions(self) -> str:
        """What is said beside the loop's own prompt. A child loop is told nothing but its question."""
        own = self.task.instructions
        return "" if self.task.kind == "child" else self.code.instructions if own is None else own


def possible_keys(sealer: Sealer, org: OrgId, session: SessionId) -> list[str]:
    """The session's credential by each master key, the newest first.

    It is the same whenever it is made again, so that a replayed sandbox holds the same: which of them the session
    began with, its row says.
    """
    return [SESSION_KEY_START + digest.hex() for digest in sealer.digests(org, "session-key", session.encode())]


def world_time(task: Task, state: LoopState | None) -> datetime:
    """What the sandbox's clock shows: the same in each attempt that runs the same code again.

    A block that waited sees the time of its waking; what comes after another boundary sees the time of the attempt that
    made it; everything else that of the start.
    """
    if state is not None and state.now is not None:
        return datetime.fromisoformat(state.now)
    woken = task.clock if state is not None else None
    return (woken or task.started_at or datetime.now(UTC)).astimezone(UTC)


def prefix_of(calls: Sequence[RecordedCall]) -> Prefix:
    """What the journal has for an attempt."""
    replies = {}
    for each in calls:
        if each.call < 0:
            kept = each.result
            replies[-each.call] = RecordedReply(
                step=-each.call, text=kept["text"], code=kept["code"], usage=replace(each.usage, host_calls=0)
            )
    return Prefix(replies=replies, calls={each.call: each for each in calls if each.call > 0})


def ending_of_loop(outcome: Outcome) -> Ending:
    """A loop that ends has an answer, be it its best so far."""
    return Ending(
        status="done",
        answer=outcome.answer,
        usage={**asdict(outcome.usage), "steps": outcome.steps, "seconds": outcome.seconds},
        outcome=outcome.outcome,
        error=outcome.reason or None,
    )


def ending_of_agent(handled: Handled, ledger: Ledger) -> Ending:
    """An agent's code ends with a result, or with the error that it raised."""
    usage = {**asdict(ledger.usage), "seconds": ledger.seconds}
    if handled.error is not None:
        return Ending(status="failed", usage=usage, error_code="agent.raised", error=handled.error)
    result = None if isinstance(handled.result, str) else to_wire(handled.result)
    return Ending(status="done", answer=handled.answer, result=result, usage=usage, outcome="answered")


def observer_of(attempt: Attempt, model: ChatModel) -> Observer:
    """Tells the journal what people may watch. Host calls and replies are told with their rows, once."""
    journal, replies = attempt.desk.journal, attempt.prefix.replies

    def tell(event: Event) -> None:
        if isinstance(event, (HostCallStarted, HostCallServed)) or getattr(event, "step", 0) in replies:
            return
        row = told(event)
        data = row.data
        if isinstance(event, RunStarted):
            data = {**data, "model": model.model}  # its full name tells where the server is
        journal.event(row.type, data)

    return tell
