"""Cancelling reaches the sandbox's process, the model call and the children."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from greatwheel.core.ids import TaskId
from greatwheel.registry.agents import EngineName

from .plant import POLL_SECONDS, Plant

SOON_SECONDS = 5.0
BUSY = """
def handle(task):
    channel.send("spinning")
    while True:
        pass
"""
CALLER = """
def handle(task):
    return agent.call("busy", "spin")
"""
ASKING = """
def handle(task):
    return batch_rlm_query(["one?", "two?", "three?"], ["1", "2", "3"])
"""
QUICK = """
def handle(task):
    return "quick"
"""


def processes_below(pid: int) -> dict[int, float]:
    """The processes that one has started, directly or not, and the seconds of processor time that each has used."""
    parents, seconds = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        child = int(stat.parent.name)
        parents[child] = int(fields[1])
        seconds[child] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    below = {pid}
    while more := {child for child, parent in parents.items() if parent in below} - below:
        below |= more
    return {child: seconds[child] for child in below - {pid}}


async def spinning(worker: int) -> int:
    """The process below the worker that keeps a processor busy."""
    async with asyncio.timeout(30):
        while True:
            before = processes_below(worker)
            await asyncio.sleep(0.5)
            after = processes_below(worker)
            busy = [pid for pid in after if after[pid] - before.get(pid, after[pid]) > 0.2]
            if busy:
                return busy[0]


async def eventually(check: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while True:
            if await check():
                return
            await asyncio.sleep(POLL_SECONDS)


async def sent(plant: Plant, text: str) -> None:
    """Wait until a task has sent that message."""

    async def is_there() -> bool:
        return bool(await plant.rows("select from task_events where data ->> 'text' = %(text)s", text=text))

    await eventually(is_there)


async def cancel(plant: Plant, task: TaskId) -> None:
    """As a channel does."""
    async with plant.installation.database.org(plant.org) as conn:
        await plant.installation.tasks.cancel(conn, task)


@pytest.mark.parametrize("engine", ["monty", "ouros"])
async def test_a_busy_guest_is_stopped(plant: Plant, engine: EngineName) -> None:
    """A child that spins in its sandbox: its process is gone, parent and child are cancelled, the place is free."""

    async def is_gone() -> bool:
        return process not in processes_below(worker.pid)

    await plant.define("busy", BUSY, engine=engine)
    await plant.define("caller", CALLER)
    await plant.define("quick", QUICK)
    async with plant.worker("--concurrency", "1") as worker:
        root = await plant.submit("caller")
        await sent(plant, "spinning")
        process = await spinning(worker.pid)
        began = time.monotonic()
        await cancel(plant, root)
        await plant.until(root, "cancelled", seconds=SOON_SECONDS)
        (child,) = await plant.rows("select task_id, session_id from tasks where parent_id = %(root)s", root=root)
        await plant.until(child["task_id"], "cancelled", seconds=SOON_SECONDS)
        await eventually(is_gone, SOON_SECONDS)
        after = await plant.until(await plant.submit("quick"), "done", seconds=SOON_SECONDS)
    assert after.answer == "quick"
    assert time.monotonic() - began < SOON_SECONDS


async def test_model_calls_of_children_are_stopped(plant: Plant) -> None:
    """Children that wait for a slow model, or for a place: all are cancelled, no reply is waited for."""
    model = plant.model
    assert model is not None
    model.delay = 60.0

    async def two_are_asked() -> bool:
        return model.running == 2

    await plant.define("asking", ASKING)
    await plant.define("quick", QUICK)
    async with plant.worker("--concurrency", "2"):
        root = await plant.submit("asking")
        await eventually(two_are_asked)
        began = time.monotonic()
        await cancel(plant, root)
        tasks = await plant.rows("select task_id from tasks")
        for task in tasks:
            await plant.until(task["task_id"], "cancelled", seconds=SOON_SECONDS)
        after = await plant.until(await plant.submit("quick"), "done", seconds=SOON_SECONDS)
    assert (len(tasks), after.answer) == (4, "quick")
    assert time.monotonic() - began < SOON_SECONDS
    assert model.calls == 2
