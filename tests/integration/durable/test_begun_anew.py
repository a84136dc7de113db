"""A task that failed after it had done and paid things, and is begun anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from greatwheel.testing.chaos.servers import CountingReceiver, tools_toml
from greatwheel.testing.servers import FakeModelServer

from .plant import Plant, opened_plant

ORDERING = """
def handle(task):
    said = llm_query("May I?")
    noted = tool.note(order="one", mark="")
    charged = tool.charge(order="two", mark="")
    agent.notify("told", "it was ordered")
    if said != "yes":
        raise ValueError("it may not: " + agent.call("told", said))
    return [said, noted, charged]
"""
TOLD = """
def handle(task):
    return "told of " + task["input"]
"""


@pytest.fixture
def receiver() -> Iterator[CountingReceiver]:
    """What the tools speak to; it carries an order out once for each idempotency key."""
    with CountingReceiver() as receiver:
        yield receiver


async def test_a_retried_task_does_everything_again(
    tmp_path: Path, database_url: str, receiver: CountingReceiver
) -> None:
    """No key of the first run is used again: orders are new ones to who honours keys, and models are asked anew."""
    (tmp_path / "tools.toml").write_text(tools_toml(receiver.url))
    tools = f'[tools]\nfile = "{tmp_path / "tools.toml"}"\n'
    with FakeModelServer("no") as model:
        async with opened_plant(tmp_path, database_url, model=model, more=tools) as plant:
            await carried_out_twice(plant, model)
    assert {name: order.done for name, order in receiver.orders().items()} == {"one": 2, "two": 2}
    keys = [request.headers["idempotency-key"] for request in model.requests]
    assert len(keys) == len(set(keys)) == 2


async def carried_out_twice(plant: Plant, model: FakeModelServer) -> None:
    """The first run fails, the second does not."""
    await plant.define("ordering", ORDERING)
    await plant.define("told", TOLD)
    async with plant.worker():
        task = await plant.submit("ordering")
        failed = await plant.until(task, "failed", "done", "dead")
        assert failed.error == "ValueError: it may not: told of no"
        model.reply = "yes"
        async with plant.installation.database.org(plant.org) as conn:
            await plant.installation.tasks.retry(conn, task)
        done = await plant.until(task, "failed", "done", "dead")
        assert done.result == ["yes", "note taken", "charge taken"], done.error
    told = await plant.rows("select input from tasks where path[array_upper(path, 1)] = 'told' order by input")
    assert [row["input"] for row in told] == ["it was ordered", "it was ordered", "no"]
