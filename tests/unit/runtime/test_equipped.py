"""Sessions that hold the guest's tools."""

import time

from greatwheel.runtime.equipped import open_equipped
from greatwheel.sandbox.port import Finished, Limits
from greatwheel.server.composition import open_engine

USE = "chunks('abcdef', 4)"


async def test_each_session_has_tools_of_its_own() -> None:
    """The tools work in every session, and what a block does to them stays in its session."""
    engine = open_engine()
    first, second = await open_equipped(engine, Limits()), await open_equipped(engine, Limits())
    before = await second.run(USE)
    assert isinstance(before, Finished)
    assert before.value
    await first.run("chunks = None")
    third = await open_equipped(engine, Limits())
    assert [await session.run(USE) for session in (second, third)] == [before, before]
    await engine.close()


async def test_tools_are_run_once() -> None:
    """A further session opens in milliseconds, however short its guest's time is."""
    engine = open_engine()
    limits = Limits(seconds=0.5)
    await open_equipped(engine, limits)
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        session = await open_equipped(engine, limits)
        times.append(time.perf_counter() - begun)
        await session.close()
    assert min(times) < 0.02
    await engine.close()
