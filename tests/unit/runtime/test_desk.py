"""What of a host call stands in the journal."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from greatwheel.core.budgets import Budget
from greatwheel.core.clock import SystemClock
from greatwheel.core.context import CallContext
from greatwheel.core.ids import AgentId, OrgId, RunId, SessionId, TaskId, UserId
from greatwheel.core.tasks import Task
from greatwheel.database.connection import OrgConnection
from greatwheel.runtime.desk import Desk
from greatwheel.runtime.journal import CallRow
from greatwheel.runtime.ledger import Ledger
from greatwheel.runtime.record import Prefix, RecordedCall
from greatwheel.runtime.services import Effect, Read, Record, Service, ServiceCall, Varying, Wait, Waiting
from greatwheel.sandbox.port import HostCall

CONTEXT = CallContext(session_id=SessionId("ses_1"), run_id=RunId("tsk_1"))
TASK = Task(
    org_id=OrgId("org"), task_id=TaskId("tsk_1"), session_id=SessionId("ses_1"), user_id=UserId("usr"),
    agent_id=AgentId("agt"), agent_version=1, kind="agent", input="do it", status="running",
)  # fmt: skip


class Rows:
    """Keeps rows in memory."""

    def __init__(self) -> None:
        self.rows: list[CallRow] = []

    def served(self, row: CallRow) -> None:
        raise AssertionError("the bridge does this, not the desk")

    def event(self, type: str, data: Mapping[str, Any]) -> None:
        raise AssertionError("the loop does this, not the desk")

    async def live(self) -> None:
        raise AssertionError("the bridge does this, not the desk")

    async def committed(self) -> None:
        pass

    async def boundary(self, state: Mapping[str, Any], dump: bytes | None) -> None:
        raise AssertionError("the loop does this, not the desk")

    async def intend(self, row: CallRow) -> None:
        self.rows.append(row)

    async def record(self, row: Callable[[Any], CallRow], handle: Callable[[Any], Awaitable[Any]]) -> Any:
        result = await handle(None)
        self.rows.append(row(result))
        return result

    async def wait(self, row: Callable[[Waiting], CallRow], handle: Callable[[Any], Awaitable[Waiting]]) -> None:
        self.rows.append(row(await handle(None)))


class One:
    """One service under every name, which keeps what it was asked."""

    def __init__(self, kind: type) -> None:
        self.kind = kind
        self.asked: list[ServiceCall] = []

    def find(self, name: str) -> Service:
        handle = self._ask if self.kind is Effect else self._ask_with
        service: Service = self.kind(handle=handle)
        return service

    async def _ask(self, call: ServiceCall) -> Waiting:
        self.asked.append(call)
        return Waiting()

    async def _ask_with(self, connection: OrgConnection, call: ServiceCall) -> Any:
        self.asked.append(call)
        return Waiting() if self.kind is Wait else None


@pytest.mark.parametrize("kind", [Effect, Record, Wait])
@pytest.mark.parametrize(
    "call",
    [
        HostCall(id=1, name="channel.ask", args=("who?",), kwargs={"timeout": 5}),
        HostCall(id=1, name="tool.charge", args=("who?",), kwargs={"order": 5}),
    ],
)
async def test_a_row_is_known_again_when_the_guest_makes_the_call_again(kind: type, call: HostCall) -> None:
    """A call with positional arguments that was journaled by its service is the same call in a replay."""
    journal, services = Rows(), One(kind)
    ledger = Ledger(Budget(), SystemClock())
    desk = Desk(context=CONTEXT, task=TASK, journal=journal, services=services, ledger=ledger)
    await desk.serve(1, 1, call, {"question": "who?", "timeout": 5}, services.find(call.name))
    [row] = journal.rows
    kept = RecordedCall(call=row.seq, step=row.step, name=row.name, digest=row.digest, state=row.state)
    assert Prefix(calls={1: kept}).answer_to(1, call.name, call.args, call.kwargs) == kept
    assert services.asked[0].args == (() if call.name == "channel.ask" else ("who?",))


@pytest.mark.parametrize(("kind", "written"), [(Effect, ["started"]), (Read, [])])
async def test_a_varying_service_is_what_it_is_chosen_to_be(kind: type, written: list[str]) -> None:
    """Whether a call is journaled beforehand is decided by whose call it is, before anything is written."""
    journal, services, call = Rows(), One(Effect), HostCall(id=1, name="tool.a_b", args=(), kwargs={})

    async def choose(asked: ServiceCall) -> Read | Effect:
        assert journal.rows == []
        chosen: Read | Effect = kind(handle=services._ask)
        return chosen

    ledger = Ledger(Budget(), SystemClock())
    desk = Desk(context=CONTEXT, task=TASK, journal=journal, services=services, ledger=ledger)
    await desk.serve(1, 1, call, {}, Varying(choose=choose))
    assert [row.state for row in journal.rows] == written
    assert len(services.asked) == 1


async def test_calls_that_wait_together_divide_what_is_left() -> None:
    """Each call of one pause is told what those before it were promised; so is what the task itself still uses."""
    told: list[int] = []

    async def half(connection: OrgConnection, call: ServiceCall) -> Waiting:
        left = Budget().tokens - call.task.usage["prompt_tokens"]
        await asyncio.sleep(0)  # others get their turn
        told.append(left)
        return Waiting(tokens=left // 2, model_calls=1)

    ledger = Ledger(Budget(), SystemClock())
    desk = Desk(context=CONTEXT, task=TASK, journal=Rows(), services=One(Wait), ledger=ledger)
    call = HostCall(id=1, name="agent.call", args=(), kwargs={})
    await asyncio.gather(*(desk.serve(number, 1, call, {}, Wait(handle=half)) for number in (1, 2, 3)))
    assert told == [200_000, 100_000, 50_000]
    assert (ledger.left().tokens, ledger.left().model_calls) == (25_000, 197)
