"""The agents that come with the product, carried out by a real worker and all that is behind it but the model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from greatwheel.core.ids import TaskId
from greatwheel.core.tasks import Task
from greatwheel.server.assembly import load_everybodys_agents
from greatwheel.testing.server_formats import FakeRequest

from .plant import Plant, opened_plant, prompt_of

MASTER = "The harbour master of Aldria is Quentin Vale."
QUESTION = "Who is the harbour master of Aldria?"
FILLER = [f"On day {day} the harbour office had nothing to report about the weather." for day in range(400)]
LONG = "\n".join([*FILLER[:200], MASTER, *FILLER[200:]])
PIECE = "Copy the sentence of the text"
SORTING = "You sort requests."


def reader(request: FakeRequest) -> str:
    """A model that sorts greetings from questions, and knows what stands before it."""
    rules, asked = str(request.body["messages"][0]["content"]), prompt_of(request)
    if rules.startswith(SORTING):
        return "answer" if "Hello" in asked else "research"
    if PIECE in asked:
        return MASTER if MASTER in asked else "nothing"
    if "Text:" in asked:
        return "Quentin Vale" if "Quentin Vale" in asked else "The text does not say."
    return "Hello to you!" if "Hello" in asked else "I don't know."


@pytest.fixture
async def plant(plant: Plant) -> Plant:
    """With the bundled agents, and a model that reads."""
    assert plant.model is not None
    plant.model.reply = reader
    return await equipped(plant)


async def equipped(plant: Plant) -> Plant:
    """With the bundled agents."""
    refused: list[str] = []
    await load_everybodys_agents(plant.installation, refused.append)
    assert refused == []
    return plant


async def ask(plant: Plant, question: str, context: Any = None) -> Task:
    """A task that names no agent, once it has ended."""
    task = await plant.submit(None, question, context=context)
    return await plant.until(task, "done", "failed", "dead", seconds=240)


async def told(plant: Plant, task: TaskId) -> list[str]:
    """What the user's channel was sent."""
    rows = await plant.rows(
        "select data ->> 'text' as text from task_events where task_id = %(t)s and type = 'message.sent' order by seq",
        t=task,
    )
    return [row["text"] for row in rows]


async def calls(plant: Plant, agent: str, root: TaskId) -> list[str]:
    """The host calls of an agent's task below a root, as the journal has them."""
    rows = await plant.rows(
        "select c.name from host_calls c join tasks t using (task_id)"
        " where t.root_id = %(r)s and t.path[array_upper(t.path, 1)] = %(a)s order by c.seq",
        r=root,
        a=agent,
    )
    return [row["name"] for row in rows]


async def test_small_things_are_answered_by_triage(plant: Plant) -> None:
    """A greeting is answered by triage itself, and sent to the user's channel."""
    async with plant.worker():
        done = await ask(plant, "Hello there")
    assert (done.status, done.answer, done.path) == ("done", "Hello to you!", ["triage"]), done.error
    assert await calls(plant, "triage", done.task_id) == ["llm.complete", "llm.complete", "channel.send"]
    assert await told(plant, done.task_id) == ["Hello to you!"]


async def test_research_reads_and_remembers(plant: Plant) -> None:
    """Triage hands data to research, which reads it in pieces; the same question without data is answered by memory."""
    async with plant.worker("--concurrency", "1"):
        first = await ask(plant, QUESTION, LONG)
        second = await ask(plant, QUESTION)
    assert (first.status, first.answer) == ("done", "Quentin Vale"), first.error
    assert await calls(plant, "triage", first.task_id) == ["agent.call", "channel.send"]
    assert await calls(plant, "research", first.task_id) == ["batch_llm_query", "llm.complete", "memory.store"]
    assert await told(plant, first.task_id) == ["Quentin Vale"]
    assert (second.status, second.answer) == ("done", "Quentin Vale"), second.error
    assert await calls(plant, "triage", second.task_id) == ["llm.complete", "agent.call", "channel.send"]
    assert await calls(plant, "research", second.task_id) == ["memory.recall", "llm.complete", "memory.store"]
    kept = await plant.rows("select key, value, scope from memories")
    expected = {"key": f"research: {QUESTION}", "value": f"{QUESTION}\nQuentin Vale", "scope": f"user:{plant.user}"}
    assert kept == [expected]


@pytest.fixture
async def real_plant(tmp_path: Path, database_url: str) -> AsyncIterator[Plant]:
    """With the bundled agents and a small real model."""
    async with opened_plant(tmp_path, database_url, named="qwen2.5-coder:1.5b") as plant:
        yield await equipped(plant)


@pytest.mark.model
async def test_with_a_real_model(real_plant: Plant) -> None:
    """A small model finds one fact among many lines, and knows it later without them."""
    async with real_plant.worker():
        first = await ask(real_plant, QUESTION, LONG)
        second = await ask(real_plant, QUESTION)
    assert first.status == "done", first.error
    assert "Quentin Vale" in str(first.answer)
    assert second.status == "done", second.error
    assert "Quentin Vale" in str(second.answer)
    assert await calls(real_plant, "research", second.task_id) == ["memory.recall", "llm.complete", "memory.store"]
    assert await told(real_plant, second.task_id) == [second.answer]
