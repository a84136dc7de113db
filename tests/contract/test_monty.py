"""The monty engine holds the sandbox port's contract, and its own promises."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import ClassVar

import pytest

from greatwheel.core.errors import SandboxLost
from greatwheel.sandbox.monty import MontyEngine, MontySandboxSession
from greatwheel.sandbox.monty_block import read_block
from greatwheel.sandbox.port import Finished, HostCalls, Limits, Raised, Returned, SandboxSession
from greatwheel.testing.contracts.binding import HOST
from greatwheel.testing.contracts.sandbox import SandboxContract
from greatwheel.testing.driving import drive, drive_on


class TestMonty(SandboxContract):
    """Every clause, on monty."""

    FACTORY = "greatwheel.sandbox.monty:MontyEngine"
    KNOWN_GAPS: ClassVar[Mapping[str, str]] = {
        "test_world_gives_the_same_ids_to_two_sessions": "`uuid` and `secrets` come with lowering",
    }

    def worker_pid(self, session: SandboxSession) -> int:
        assert isinstance(session, MontySandboxSession)
        return session.worker_pid


@pytest.fixture
async def engine() -> AsyncIterator[MontyEngine]:
    engine = MontyEngine()
    yield engine
    await engine.close()


async def test_plain_call_while_others_are_in_flight(engine: MontyEngine) -> None:
    """A plain call made after deferred ones comes with them; answers to those are kept until the guest awaits them."""
    session = await engine.open(host_functions=HOST)
    event = await session.run("import asyncio\nt = [ask(1), ask(2)]\nx = tell(3)\nprint(x, await asyncio.gather(*t))")
    assert isinstance(event, HostCalls)
    assert [(call.name, call.args) for call in event.calls] == [("ask", (1,)), ("ask", (2,)), ("tell", (3,))]
    first, second, plain = event.calls
    event = await session.resume({second.id: Returned(value="b")})
    assert isinstance(event, HostCalls)
    assert event.calls == (first, plain)
    copy = await engine.load(await session.dump(), host_functions=HOST)
    for one in (session, copy):
        event = await one.resume({plain.id: Returned(value="c")})
        assert isinstance(event, HostCalls)
        assert event.calls == (first,)
        assert (await one.resume({first.id: Returned(value="a")})).stdout == "c ['a', 'b']\n"
        await one.close()


async def test_cancelled_run_ends_the_guest(engine: MontyEngine) -> None:
    """A task that is cancelled during a turn stops its guest at once and loses the session, not the engine."""
    session = await engine.open(limits=Limits(seconds=60))
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(session.run("while True: pass"), 0.2)
    with pytest.raises(SandboxLost):
        await session.run("1")
    await session.close()
    assert time.monotonic() - begun < 3
    fresh = await engine.open()
    assert await fresh.run("1 + 1") == Finished(value=2)
    await fresh.close()


async def test_engine_closes_with_guests_running() -> None:
    """Closing the engine ends guests in the middle of a block."""
    engine = MontyEngine()
    session = await engine.open(limits=Limits(seconds=60))
    task = asyncio.create_task(session.run("while True: pass"))
    await asyncio.sleep(0.1)
    begun = time.monotonic()
    await engine.close()
    assert time.monotonic() - begun < 3
    with pytest.raises(SandboxLost):
        await task
    await session.close()


async def test_other_tasks_run_beside_a_chatty_guest(engine: MontyEngine) -> None:
    """A guest that calls the host without end leaves the event loop its turns."""
    session = await engine.open(host_functions=HOST)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.005)
            ticks += 1

    ticking = asyncio.create_task(tick())
    await drive(session, "for i in range(2000): ask(i)")
    ticking.cancel()
    await session.close()
    assert ticks >= 5


async def test_clock_of_a_block_counts_what_it_sends(engine: MontyEngine) -> None:
    """A guest can't hold its worker for long by sending megabytes again and again."""
    session = await engine.open(host_functions=HOST, limits=Limits(seconds=0.3))
    begun = time.monotonic()
    ended = await drive_on(session, await session.run("x = 'x' * 10**7\nwhile True: ask(x)"))
    assert isinstance(ended.event, Raised)
    assert ended.event.limit == "seconds"
    assert time.monotonic() - begun < 5
    await session.close()


async def test_long_source_is_refused(engine: MontyEngine) -> None:
    """A block of hundreds of thousands of characters is a SyntaxError that says what to do."""
    session = await engine.open()
    event = await session.run("x = '" + "x" * 500_000 + "'")
    assert isinstance(event, Raised)
    assert (event.type, "variable" in event.message) == ("SyntaxError", True)
    assert await session.run("1") == Finished(value=1)
    await session.close()


DEFERRED = {
    "await": ("x = await ask(1)", ["ask(1)"]),
    "gather": ("await asyncio.gather(ask(1), other(2))", ["ask(1)", "asyncio.gather(ask(1), other(2))", "other(2)"]),
    "starred": ("await gather(*[ask(i) for i in x])", ["ask(i)", "gather(*[ask(i) for i in x])"]),
    "name": ("t = ask(1)\ny = ask(2)\nawait t", ["ask(1)"]),
    "unicode": ("é = '日本'; await ask('é')", ["ask('é')"]),
    "loop": ("t = [ask(i) for i in x]\nfor one in t:\n    await one", ["ask(i)"]),
    "dict": ("t = {i: ask(i) for i in x}\nawait gather(*t.values())", ["ask(i)", "gather(*t.values())", "t.values()"]),
    "append": ("t = []\nfor i in x:\n    t.append(ask(i))\nawait gather(*t)", ["ask(i)", "gather(*t)"]),
    "argument_of_a_call": ("await f(ask(1))", ["f(ask(1))"]),
    "plain": ("import asyncio\nx = ask(1)\nprint(x)", []),
    "other_scope": ("async def f():\n    t = ask(1)\n    return t\nt = f()\nawait t", ["f()"]),
}


@pytest.mark.parametrize("case", DEFERRED)
def test_calls_that_are_awaited_are_found(case: str) -> None:
    """The calls whose results are awaited, here or by way of a name, are found with their byte offsets."""
    code, expected = DEFERRED[case]
    found = sorted(code.encode()[start:end].decode() for start, end in read_block(code).deferred)
    assert found == sorted(expected)


def test_names_of_a_block_are_found_in_order() -> None:
    """Names bound in the module are found in the order of the text; those of functions and classes are not."""
    code = (
        "import os.path, json as j\nfrom math import floor\na = b, (c, *d) = 1\nfor e in x:\n    with y as f: pass\n"
        "def g(h):\n    global i\n    k = 1\nclass L:\n    m = 1\ntry:\n    pass\nexcept E as n: pass\n"
        "if (o := 1): pass\nmatch p:\n    case {'q': r, **s}: pass\nt: int = 1\nt += 1"
    )
    assert "".join(read_block(code).names) == "osjfloorabcdefgiLnosrt"
