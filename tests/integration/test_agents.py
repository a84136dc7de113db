"""The agents that come with the product, on both engines, with answers written down beforehand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from greatwheel.core.errors import BudgetExceeded
from greatwheel.registry.agents import File
from greatwheel.registry.bundled import FILE, bundled_folder
from greatwheel.registry.definitions import read_agents
from greatwheel.registry.folder import AgentFolder
from greatwheel.registry.sources import check_source
from greatwheel.runtime.agent_run import CALL
from greatwheel.runtime.equipped import open_equipped
from greatwheel.sandbox.port import Answer, Engine, Failed, HostCall, HostCalls, Limits, Returned
from greatwheel.sandbox.prelude import BINDERS
from greatwheel.server.composition import open_engine

FOLDER = bundled_folder()
FILLER = [f"On day {day} the harbour office had nothing to report about the weather." for day in range(400)]


@pytest.fixture(params=["monty", "ouros"])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    """Each engine, with lowering."""
    engine = open_engine(request.param)
    yield engine
    await engine.close()


@dataclass(kw_only=True)
class Host:
    """Answers host calls: `says` by wire name, a value or a function of the call's arguments."""

    says: Mapping[str, Any]
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def serve(self, call: HostCall) -> Answer:
        """The written answer; a call that none is written for is a fault of the agent."""
        given = BINDERS[call.name](*call.args, **call.kwargs)
        self.calls.append((call.name, given))
        if call.name not in self.says:
            return Failed(type="NotAvailable", message=call.name)
        said = self.says[call.name]
        said = said(given) if callable(said) else said
        return said if isinstance(said, Failed) else Returned(value=said)

    def named(self, name: str) -> list[dict[str, Any]]:
        """The arguments of the calls of that name."""
        return [given for called, given in self.calls if called == name]


async def work(
    engine: Engine, agent: str, host: Host, question: str, context: Any = None, instructions: str = ""
) -> str:
    """The answer of an agent to a task."""
    session = await open_equipped(engine, Limits())
    try:
        if context is not None:
            await session.set("context", context)
        task = {"input": question, "context": context is not None, "user": "usr_1", "id": "tsk_1"}
        await session.set("task", {**task, "instructions": instructions})
        block = (FOLDER / f"{agent}.py").read_text() + CALL
        event = await session.run(block)
        while isinstance(event, HostCalls):
            for call in event.calls:
                if call.name == "FINAL":
                    assert isinstance(call.args[0], str)
                    return call.args[0]
            event = await session.resume({call.id: host.serve(call) for call in event.calls})
        raise AssertionError(event)
    finally:
        await session.close()


def notes(*values: str) -> list[dict[str, Any]]:
    """Memories as `memory.recall` gives them."""
    return [{"key": f"research: {value}", "value": value, "score": 1.0, "metadata": {}} for value in values]


def test_the_bundled_definitions_are_sound() -> None:
    """Both agents of agents.toml have code that the registry takes."""
    orders = read_agents(FOLDER / FILE)
    assert [order.name for order in orders] == ["triage", "research"]
    for order in orders:
        assert isinstance(order.origin, File)
        path = AgentFolder(FOLDER).relative(order.origin.path)
        check_source((FOLDER / path).read_text(), name=path)


class TestTriage:
    """What goes where."""

    async def test_small_things_are_answered_at_once(self, engine: Engine) -> None:
        """What the model sorts as small it answers itself, and the user's channel gets the answer."""
        host = Host(says={"llm.complete": lambda given: "answer" if given["choices"] else "Hi!", "channel.send": None})
        assert await work(engine, "triage", host, "Hello there") == "Hi!"
        assert host.named("llm.complete")[0]["choices"] == ["answer", "research"]
        assert host.named("channel.send") == [{"text": "Hi!", "channel": None}]

    @pytest.mark.parametrize("sorted_as", ["research", "Research.", "I am not sure", ""])
    async def test_what_must_be_looked_up_goes_to_research(self, engine: Engine, sorted_as: str) -> None:
        """A request that is not clearly small is research's; its answer is passed on."""
        host = Host(says={"llm.complete": sorted_as, "agent.call": "Quentin Vale", "channel.send": None})
        assert await work(engine, "triage", host, "Who is the harbour master?") == "Quentin Vale"
        (call,) = host.named("agent.call")
        assert (call["name"], call["task"], call["context"]) == ("research", "Who is the harbour master?", None)
        assert host.named("channel.send")[0]["text"] == "Quentin Vale"

    async def test_data_goes_to_research_unsorted(self, engine: Engine) -> None:
        """A task with data is research's without a model call, and the data goes along."""
        host = Host(says={"agent.call": "42", "channel.send": None})
        assert await work(engine, "triage", host, "What is this?", context="data") == "42"
        assert host.named("agent.call")[0]["context"] == "data"


class TestResearch:
    """Where answers come from."""

    async def test_a_short_text_is_read_whole(self, engine: Engine) -> None:
        """A text that fits is put before the model with the question; question and answer are remembered."""
        host = Host(says={"llm.complete": "Vale", "memory.store": None})
        assert await work(engine, "research", host, "Who is it?", context="The master is Vale.") == "Vale"
        assert "The master is Vale." in host.named("llm.complete")[0]["prompt"]
        (stored,) = host.named("memory.store")
        assert (stored["key"], stored["value"], stored["scope"]) == ("research: Who is it?", "Who is it?\nVale", "user")

    async def test_of_a_long_text_the_pieces_that_matter_are_asked(self, engine: Engine) -> None:
        """Sub-queries read the pieces that share words with the question; what they find is put together."""
        lines = [*FILLER[:200], "The harbour master of Aldria is Quentin Vale.", *FILLER[200:]]
        host = Host(
            says={
                "batch_llm_query": lambda given: [
                    "The harbour master is Quentin Vale." if "Vale" in prompt else "Nothing."
                    for prompt in given["prompts"]
                ],
                "llm.complete": "Quentin Vale",
                "memory.store": None,
            }
        )
        question = "Who is the harbour master of Aldria?"
        assert await work(engine, "research", host, question, context="\n".join(lines)) == "Quentin Vale"
        (asked,) = host.named("batch_llm_query")
        assert 1 <= len(asked["prompts"]) <= 6
        assert all(len(prompt) < 3_000 for prompt in asked["prompts"])
        (final,) = host.named("llm.complete")
        assert "The harbour master is Quentin Vale." in final["prompt"]
        assert "Nothing" not in final["prompt"]

    async def test_records_are_work_for_a_child(self, engine: Engine) -> None:
        """Many records go to a loop of their own, few are read at once."""
        rows = [{"port": f"P{number}", "master": f"Master {number}"} for number in range(300)]
        host = Host(says={"rlm_query": "Master 7", "llm.complete": "Master 1", "memory.store": None})
        assert await work(engine, "research", host, "Who is the master of port P7?", context=rows) == "Master 7"
        assert host.named("rlm_query")[0]["context"] == rows
        assert await work(engine, "research", host, "Who is the master of port P1?", context=rows[:9]) == "Master 1"
        assert "Master 8" in host.named("llm.complete")[0]["prompt"]
        assert await work(engine, "research", host, "Who?", context={"one": "Master 3"}) == "Master 1"
        assert "one: Master 3" in host.named("llm.complete")[1]["prompt"]

    async def test_numbers_are_worked_out_by_a_child(self, engine: Engine) -> None:
        """A question that counts goes with its data to a loop of its own."""
        host = Host(says={"rlm_query": "400", "memory.store": None})
        text = "\n".join(FILLER)
        assert await work(engine, "research", host, "How many days are told of?", context=text) == "400"
        assert host.named("rlm_query")[0]["context"] == text

    async def test_without_depth_it_reads_instead(self, engine: Engine) -> None:
        """Where no child may be started, the pieces are read."""
        refused = Failed(type=BudgetExceeded.__name__, message="depth")
        host = Host(
            says={
                "rlm_query": refused,
                "batch_llm_query": lambda given: ["one office"] * len(given["prompts"]),
                "llm.complete": "400",
                "memory.store": None,
            }
        )
        text = "\n".join(FILLER)
        assert await work(engine, "research", host, "How many offices does day 77 tell of?", context=text) == "400"

    async def test_without_data_notes_are_read(self, engine: Engine) -> None:
        """Notes that share words with the question are put before the model; others are left out."""
        found = notes("The harbour master of Aldria is Quentin Vale.", "The cook is ill.")
        host = Host(says={"memory.recall": found, "llm.complete": "Vale", "memory.store": None})
        assert await work(engine, "research", host, "Who is the harbour master?") == "Vale"
        prompt = host.named("llm.complete")[0]["prompt"]
        assert "Quentin Vale" in prompt
        assert "cook" not in prompt
        assert host.named("memory.recall")[0]["scope"] == "user"

    async def test_data_that_says_nothing_leaves_the_notes(self, engine: Engine) -> None:
        """When no piece of the data is about the question, memory is asked."""
        found = notes("The harbour master of Aldria is Quentin Vale.")
        host = Host(
            says={
                "batch_llm_query": lambda given: ["nothing"] * len(given["prompts"]),
                "memory.recall": found,
                "llm.complete": "Vale",
                "memory.store": None,
            }
        )
        context = "\n".join(f"Line {number} is about bread." for number in range(800))
        assert await work(engine, "research", host, "Who is the harbour master?", context=context) == "Vale"
        assert "Quentin Vale" in host.named("llm.complete")[0]["prompt"]


@pytest.mark.parametrize("agent", ["triage", "research"])
async def test_a_tasks_instructions_are_followed(engine: Engine, agent: str) -> None:
    """The model is told them after the agent's own rules, when it answers; not when it only sorts."""
    says = {"llm.complete": lambda given: "answer", "channel.send": None, "memory.recall": [], "memory.store": None}
    host = Host(says=says)
    await work(engine, agent, host, "Who are you?", instructions="Answer in Latin.")
    assert [given["system"].endswith("\n\nAnswer in Latin.") for given in host.named("llm.complete")][-1]
    sorting = [given for given in host.named("llm.complete") if given["choices"]]
    assert not any("Latin" in given["system"] for given in sorting)
    plain = Host(says=says)
    await work(engine, agent, plain, "Who are you?")
    assert not plain.named("llm.complete")[-1]["system"].endswith("\n")
