"""Work is spread over all workers."""

from __future__ import annotations

import asyncio
from collections import Counter

from greatwheel.core.ids import TaskId

from .plant import POLL_SECONDS, Plant

PARTS = 8
PLACES = 4
"""Of an organisation that nobody gave another number."""
BATCH = f"""
def handle(task):
    numbers = range({PARTS})
    return batch_rlm_query(["Which is number %d?" % n for n in numbers], ["data of %d" % n for n in numbers])
"""
ANSWER = '```python\nFINAL("found in " + context)\n```'


async def watched(plant: Plant, root: TaskId) -> tuple[dict[TaskId, int], int]:
    """The worker of each child until the root has ended, and how many ran at one time at most."""
    workers: dict[TaskId, int] = {}
    most = 0
    while (await plant.get(root)).status != "done":
        doing = {task: worker for task, worker in (await plant.doing()).items() if task != root}
        workers.update(doing)
        most = max(most, len(doing))
        await asyncio.sleep(POLL_SECONDS)
    return workers, most


async def test_a_batchs_children_are_spread_over_all_workers(plant: Plant) -> None:
    """Two workers share the children of one batch, as many at a time as the organisation may run."""
    assert plant.model is not None
    plant.model.reply, plant.model.delay = ANSWER, 0.4
    await plant.define("batch", BATCH)
    async with plant.worker("--concurrency", "2"), plant.worker("--concurrency", "2"):
        root = await plant.submit("batch")
        async with asyncio.timeout(30):
            workers, most = await watched(plant, root)
        done = await plant.get(root)
    assert done.result == [f"found in data of {n}" for n in range(PARTS)]
    assert len(workers) == PARTS
    assert len(shares := Counter(workers.values())) == 2
    assert min(shares.values()) >= 2, shares
    assert most == PLACES
    assert plant.model.busiest <= PLACES
