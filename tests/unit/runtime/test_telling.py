"""What people may watch: the pieces of a reply, and calls that took their time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from greatwheel.core.budgets import Budget
from greatwheel.core.clock import SystemClock
from greatwheel.core.context import CallContext
from greatwheel.core.errors import BudgetExceeded, ModelRefused, ModelUnavailable
from greatwheel.core.events import StepStarted
from greatwheel.core.ids import RunId, SessionId
from greatwheel.core.usage import Usage
from greatwheel.llm.port import ChatChunk, ChatRequest, Message
from greatwheel.runtime.journal import CallRow
from greatwheel.runtime.ledger import Ledger
from greatwheel.runtime.paid import paid_chat
from greatwheel.runtime.telling import Deltas, told, told_call
from greatwheel.testing.models import ScriptedModel

CONTEXT = CallContext(session_id=SessionId("ses_1"), run_id=RunId("run_1"))
ASK = ChatRequest(messages=[Message(role="user", content="hello")])


class Told:
    """A journal that keeps events in memory, and a clock that is turned by hand."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Mapping[str, Any]]] = []
        self.time = 100.0

    def event(self, type: str, data: Mapping[str, Any]) -> None:
        self.events.append((type, data))

    def monotonic(self) -> float:
        return self.time

    def deltas(self) -> Deltas:
        return Deltas(self, self, {"step": 3}, 2)  # type: ignore[arg-type]


def test_pieces_are_gathered() -> None:
    """Rows come at most every 150 milliseconds, with all that was said since; they say which attempt it was."""
    told = Told()
    heard = told.deltas()
    for piece in "abcdefg":
        heard(piece)
        told.time += 0.06
    assert [data["text"] for _, data in told.events] == ["abcd", "efg"]
    assert told.events[0] == ("model.delta", {"step": 3, "attempt": 2, "text": "abcd"})
    assert heard.told


@pytest.mark.parametrize(("role", "begun"), [("user", None), ("assistant", "```python\n")])
def test_what_a_reply_goes_on_from_is_told(role: str, begun: str | None) -> None:
    """Where the loop has begun the reply itself, its pieces are shown behind that beginning; prompts are not shown."""
    messages = [{"role": role, "content": "```python\n"}]
    row = told(StepStarted(run_id=RunId("run_1"), step=1, messages=messages, temperature=0.0, seed=1))
    assert row.data.get("begun") == begun
    assert "messages" not in row.data


def test_a_quick_reply_makes_no_row() -> None:
    """However long its first piece took to come."""
    told = Told()
    heard = told.deltas()
    told.time += 10
    for piece in "abc":
        heard(piece)
        told.time += 0.04
    assert told.events == []
    assert not heard.told


@pytest.mark.parametrize(("seconds", "telling"), [(0.019, False), (0.02, True)])
def test_only_calls_that_took_their_time_are_told(seconds: float, telling: bool) -> None:
    """By name, request and what they cost, without their answer."""
    row = CallRow(
        seq=4, step=1, name="tool.look", digest=b"", state="failed", request="x=1", error="ValueError: no",
        usage=Usage(prompt_tokens=3, completion_tokens=1), seconds=seconds,
    )  # fmt: skip
    event = told_call(row)
    assert (event is not None) == telling
    if event is not None:
        assert event.type == "host_call.served"
        assert event.data == {
            "step": 1, "call": 4, "name": "tool.look", "request": "x=1", "error": "ValueError: no", "seconds": 0.02,
            "prompt_tokens": 3, "completion_tokens": 1,
        }  # fmt: skip


class Breaking(ScriptedModel):
    """Its streams break off after some pieces."""

    def __init__(self, *replies: Any, after: int = 1) -> None:
        super().__init__(replies)
        self.after = after

    async def stream(self, context: CallContext, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        async for number, chunk in _numbered(super().stream(context, request)):
            if number == self.after:
                raise ModelUnavailable("broke off")
            yield chunk


async def _numbered(chunks: AsyncIterator[ChatChunk]) -> AsyncIterator[tuple[int, ChatChunk]]:
    number = 0
    async for chunk in chunks:
        yield number, chunk
        number += 1


async def test_a_streamed_reply_is_paid_as_a_whole_one() -> None:
    """Its pieces are heard in order, and what it used is counted once."""
    heard: list[str] = []
    ledger = Ledger(Budget(), SystemClock())
    model = ScriptedModel(["one two three"])
    reply = await paid_chat(model, CONTEXT, ASK, ledger=ledger, heard=heard.append)
    assert "".join(heard) == reply.text == "one two three"
    assert ledger.usage == reply.usage
    assert ledger.left().tokens == Budget().tokens - reply.usage.tokens


async def test_a_stream_that_breaks_off_is_asked_for_as_a_whole() -> None:
    """Nothing is heard twice, and only the reply that came is paid."""
    heard: list[str] = []
    ledger = Ledger(Budget(), SystemClock())
    model = Breaking("one two", "one two")
    reply = await paid_chat(model, CONTEXT, ASK, ledger=ledger, heard=heard.append)
    assert (heard, reply.text, len(model.requests)) == (["one"], "one two", 2)
    assert ledger.usage == reply.usage


async def test_a_stream_that_does_not_begin_is_not_asked_for_again() -> None:
    """The gate has tried it as often as it tries anything; nothing is paid."""
    ledger = Ledger(Budget(), SystemClock())
    model = Breaking("one two", after=0)
    with pytest.raises(ModelUnavailable):
        await paid_chat(model, CONTEXT, ASK, ledger=ledger, heard=lambda text: None)
    assert len(model.requests) == 1
    assert ledger.left().tokens == Budget().tokens


async def test_a_server_that_does_not_stream_is_asked_for_the_whole() -> None:
    """One that refuses streams answers without; one that refuses the request says so."""
    ledger = Ledger(Budget(), SystemClock())
    heard: list[str] = []
    model = ScriptedModel([ModelRefused("no streams here"), "one two", ModelRefused("no"), ModelRefused("too long")])
    reply = await paid_chat(model, CONTEXT, ASK, ledger=ledger, heard=heard.append)
    assert (reply.text, heard) == ("one two", [])
    with pytest.raises(ModelRefused, match="too long"):
        await paid_chat(model, CONTEXT, ASK, ledger=ledger, heard=heard.append)
    assert ledger.usage == reply.usage


async def test_a_stream_stops_when_the_time_is_over() -> None:
    """A reply that comes for ever ends with the budget's error."""

    class Endless(ScriptedModel):
        async def stream(self, context: CallContext, request: ChatRequest) -> AsyncIterator[ChatChunk]:
            while True:
                yield ChatChunk(text="more ")
                await asyncio.sleep(0.01)

    with pytest.raises(BudgetExceeded, match="time budget"):
        await paid_chat(
            Endless([]), CONTEXT, ASK, ledger=Ledger(Budget(seconds=0.1), SystemClock()),
            heard=lambda text: None,
        )  # fmt: skip
