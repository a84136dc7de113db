"""The overhead bench's own parts."""

from __future__ import annotations

import time

import pytest

from greatwheel.bench.overhead import wheel_side
from greatwheel.bench.overhead.figures import Row, rounds
from greatwheel.bench.overhead.slow_server import REPLY, slow_server
from greatwheel.core.context import CallContext
from greatwheel.core.ids import new_run_id, new_session_id
from greatwheel.llm.openai import OpenAIModel
from greatwheel.llm.port import ChatRequest, Message
from greatwheel.llm.servers import OpenAIServer
from greatwheel.sandbox.port import Finished, Raised
from greatwheel.server.composition import open_engine


@pytest.mark.parametrize(
    ("row", "reached", "verdict"),
    [
        (Row(what="x", unit="µs", seconds=1.0, baseline=2.0, goal=0.5), True, "goal reached (at most 0.5 times rlms)"),
        (Row(what="x", unit="µs", seconds=1.1, baseline=2.0, goal=0.5), False, "goal MISSED (at most 0.5 times rlms)"),
        (Row(what="x", unit="ms", seconds=0.004, goal=0.005), True, "goal reached (at most 5 ms)"),
        (Row(what="x", unit="ms", seconds=0.006, goal=0.005), False, "goal MISSED (at most 5 ms)"),
        (Row(what="x", unit="ms", seconds=9.0), None, ""),
    ],
)
def test_a_row_says_whether_its_goal_is_reached(row: Row, reached: bool | None, verdict: str) -> None:
    """A goal is a ratio to the baseline, or a time where there is none."""
    assert row.reached is reached
    assert row.cells()[3] == verdict


async def test_rounds_take_turns_and_give_medians() -> None:
    """Each job runs once a round, and one slow round doesn't count."""
    order: list[str] = []
    times = iter([1.0, 50.0, 3.0])

    async def first() -> float:
        order.append("a")
        return next(times)

    async def second() -> float:
        order.append("b")
        return 7.0

    assert await rounds(3, first, second) == [3.0, 7.0]
    assert order == ["a", "b"] * 3


async def test_the_slow_server_takes_its_time_and_replies_as_openai_does() -> None:
    """A reply comes no sooner than asked for, with text and usage."""
    async with slow_server(0.05) as base_url:
        model = OpenAIModel(OpenAIServer(base_url=base_url, model="slow"))
        call = CallContext(session_id=new_session_id(), run_id=new_run_id())
        begun = time.perf_counter()
        reply = await model.chat(call, ChatRequest(messages=[Message(role="user", content="hi")]))
        assert time.perf_counter() - begun >= 0.05
        assert (reply.text, reply.usage.prompt_tokens) == (REPLY, 5)
        await model.close()


async def test_host_calls_are_served_by_the_bridge() -> None:
    """The measured block runs to its end with the instant model's replies."""
    engine = open_engine()
    try:
        session = await wheel_side.opened(engine)
        code = "said = [llm_query('x') for _ in range(3)] + batch_llm_query(['a', 'b'])\nassert said == ['yes'] * 5"
        assert await wheel_side.seconds_of(session, wheel_side.InstantModel(), code) > 0
    finally:
        await engine.close()


def test_a_block_that_failed_has_no_time() -> None:
    """A failed block would look fast."""
    wheel_side.checked(Finished())
    with pytest.raises(RuntimeError, match="the measured block failed"):
        wheel_side.checked(Raised(type="NameError", message="x", traceback=""))
