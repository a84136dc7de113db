"""The thread that takes a guest's turns."""

import asyncio
import threading

import pytest

from greatwheel.sandbox.monty_turns import PATIENCE, QUICK, TRUST, TurnThread, owed_after


@pytest.mark.parametrize("quick_before", [0, TRUST, 4 * TRUST])
async def test_a_slow_turn_lets_the_loop_go_on(quick_before: int) -> None:
    """Other tasks run during a turn that does not end, however many quick ones came before it."""
    thread = TurnThread("test")
    for _ in range(quick_before):
        await thread.take(lambda: None)
    reached = threading.Event()

    async def other() -> None:
        reached.set()

    task = asyncio.create_task(other())
    assert await thread.take(lambda: reached.wait(10))
    await task
    await thread.end()


async def test_other_tasks_get_their_turn_between_quick_turns() -> None:
    """A guest whose every turn is quick does not keep the loop to itself."""
    thread = TurnThread("test")
    reached = asyncio.Event()
    for _ in range(TRUST):
        await thread.take(lambda: None)
    asyncio.get_running_loop().call_soon(reached.set)
    turns = 0
    while not reached.is_set():
        await thread.take(lambda: None)
        turns += 1
        assert turns < 100_000
    await thread.end()


def test_a_slow_turn_costs_many_quick_ones_and_one_a_little_slow_few() -> None:
    """A guest that mixes them can't hold the loop up for most of the time; one on a busy machine is soon trusted."""
    assert [owed_after(QUICK / 2, owed) for owed in (0, 1, TRUST)] == [0, 0, TRUST - 1]
    assert owed_after(QUICK * 1.1, 0) == 1
    assert owed_after(PATIENCE, 0) == owed_after(60.0, 0) >= 40
    assert owed_after(QUICK * 2, 40) == 40
