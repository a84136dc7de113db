"""Sessions that hold the guest's tools."""

import time
from datetime import UTC, datetime

import pytest

from greatwheel.runtime.equipped import open_equipped
from greatwheel.sandbox.port import Finished, Limits, World
from greatwheel.server.composition import ENGINES, open_engine

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


@pytest.mark.parametrize("name", ENGINES)
async def test_each_session_is_in_the_world_it_is_opened_in(name: str) -> None:
    """Sessions that are copies of one do not share its time and chance."""
    engine = open_engine(name)
    look = "import random, time, uuid\nprint(random.random(), random.Random().random(), uuid.uuid4(), time.time())"
    seen = []
    for seed in (1, 1, 2):
        session = await open_equipped(engine, Limits(), World(seed=seed, now=datetime(2031, 5, 6, tzinfo=UTC)))
        seen.append((await session.run(look)).stdout.split())
    await engine.close()
    assert seen[0] == seen[1]
    assert seen[0][3] == seen[2][3]
    assert not set(seen[0][:3]) & set(seen[2][:3])


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
