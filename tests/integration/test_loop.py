"""The loop on the real sandbox, with models whose replies are written down: each shows a weakness of small models."""

import asyncio
import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from greatwheel import RLM, Budget, Completion, Limits
from greatwheel.core.errors import BadInput, ContextInvalid, ModelError, ModelUnavailable
from greatwheel.core.events import (
    Event,
    HostCallServed,
    ModelReplied,
    RunCompleted,
    RunStarted,
    StepCompleted,
    StepStarted,
)
from greatwheel.core.usage import Usage
from greatwheel.llm.port import ChatReply, ChatRequest
from greatwheel.runtime.loop import LoopSettings
from greatwheel.testing.models import Author, Reply, ScriptedModel

PLAIN: frozenset[Any] = frozenset()
TEXT = "In May the depot was moved from Turin to Genoa.\n" + "Nothing happened on that day.\n" * 500
ORDERS = "id,city,amount\n" + "\n".join(f"{n},{'Bonn' if n % 3 else 'Ulm'},{n * 10}" for n in range(1, 61))


def workers() -> set[int]:
    """Processes below this one that still run."""
    above: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            above[int(stat.parent.name)] = int(parent)
    found = {os.getpid()}
    while more := {pid for pid, parent in above.items() if parent in found} - found:
        found |= more
    return found - {os.getpid()}


@dataclass
class Run:
    """A finished run and all that was told of it."""

    done: Completion
    model: ScriptedModel
    events: list[Event] = field(default_factory=list)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def outcomes(self) -> list[str]:
        return [event.outcome for event in self.of(StepCompleted)]

    def told(self, step: int) -> str:
        """The last thing that people or the loop said to the model in that step."""
        messages = [message for message in self.model.requests[step - 1].messages if message.role == "user"]
        return messages[-1].content


async def run(
    replies: Iterable[Reply] | Author,
    *,
    context: Any = TEXT,
    question: str = "Where is the depot now?",
    capabilities: frozenset[Any] = PLAIN,
    **options: Any,
) -> Run:
    model = ScriptedModel(replies, capabilities=capabilities)
    events: list[Event] = []
    async with RLM(model=model, observer=events.append, **options) as rlm:
        done = await rlm.acompletion(question=question, context=context)
    return Run(done, model, events)


@pytest.mark.parametrize("engine", ["monty", "ouros"])
async def test_a_question_is_answered_by_code(engine: str) -> None:
    """Blocks run in one session until FINAL, and the answer, the usage and the events tell how it came about."""
    found = await run(
        [
            "```python\nrows = [r for r in records if r['city'] == 'Ulm']\nprint(len(rows))\n```",
            "FINAL(sum(r['amount'] for r in rows))",
        ],
        context=ORDERS,
        question="What do the orders from Ulm add up to?",
        engine=engine,
    )
    assert found.done.answer == str(sum(n * 10 for n in range(3, 61, 3)))
    assert found.done.answered
    assert found.done.steps == 2
    assert found.done.usage.model_calls == 2
    assert found.done.usage.tokens == sum((each.usage for each in found.of(ModelReplied)), Usage()).tokens
    assert "20" in found.told(2)
    kinds = [type(event) for event in found.events]
    assert kinds == [RunStarted, *[StepStarted, ModelReplied, StepCompleted] * 2, RunCompleted]


async def test_the_model_never_sees_the_context() -> None:
    """However large the context is, the first prompt is small and holds a description of it."""
    secret = "\n".join(f"line {n} says {n * 7919}" for n in range(50_000))
    found = await run(["FINAL(len(context))"], context=secret, question="How long is it?")
    prompt = "".join(message.content for message in found.model.requests[0].messages)
    assert found.done.answer == str(len(secret))
    assert len(prompt) < 12_000
    assert f"{len(secret):,}" in prompt


async def test_prose_instead_of_code_costs_a_step_not_the_run() -> None:
    """A model that answers in prose is asked for code again, more freely sampled."""
    found = await run(["The depot is surely somewhere in the north of the country, I believe.", "FINAL('Genoa')"])
    assert found.outcomes == ["no_code", "final"]
    assert found.done.answer == "Genoa"
    first, second = found.model.requests
    assert second.temperature > first.temperature
    assert second.seed != first.seed


async def test_prose_is_the_answer_when_nothing_better_comes() -> None:
    """A reply without code is not wasted: it is the best answer so far when the steps run out."""
    found = await run(["It is in Genoa."] * 2, budget=Budget(steps=2))
    assert (found.done.outcome, found.done.answer) == ("steps", "It is in Genoa.")


async def test_a_model_that_can_be_prefilled_writes_code_at_once() -> None:
    """Where the server continues messages, the reply is begun as a block, so that prose can't come first."""
    found = await run([" so.\nFINAL('Genoa')\n"], capabilities=frozenset({"prefill"}))
    [request] = found.model.requests
    assert request.messages[-1].role == "assistant"
    assert request.messages[-1].content.startswith("```python\n")
    assert "```" in request.stop
    assert found.done.answer == "Genoa"


async def test_prose_after_a_prefill_is_met_too() -> None:
    """A prefilled model that writes only a comment is asked again."""
    found = await run(
        [
            " I can not say anything about this.",
            lambda request: "FINAL('Genoa')" if "FINAL" not in request.messages[-1].content else 'Genoa")',
        ],
        capabilities=frozenset({"prefill"}),
    )
    assert found.outcomes == ["no_code", "final"]
    assert found.done.answer == "Genoa"


async def test_a_server_without_prefill_never_gets_one() -> None:
    """Without the capability no request ends with an assistant's message."""
    found = await run(["prose only", "x = 1", "FINAL('Genoa')"])
    assert all(request.messages[-1].role == "user" for request in found.model.requests)


@pytest.mark.parametrize("engine", ["monty", "ouros"])
async def test_invented_data_does_not_replace_the_context(engine: str) -> None:
    """A block that types data into `context` works on the real data, and the model is told."""
    found = await run(
        ["context = 'The depot is in Rome.'\nprint(len(context))", "print(context[:20])", "FINAL('Genoa')"],
        engine=engine,
    )
    assert str(len(TEXT)) in found.told(2)
    assert "context" in found.told(2)
    assert TEXT[:20] in found.told(3)


async def test_records_can_not_be_rebound_either() -> None:
    """What was parsed from the context is protected like it."""
    found = await run(
        ["for records in records[:2]:\n    print(records['id'])", "FINAL(len(records))"],
        context=ORDERS,
        question="How many?",
    )
    assert found.done.answer == "60"


async def test_a_guessed_key_is_answered_with_the_keys() -> None:
    """A KeyError is shown with the keys that the records have."""
    found = await run(
        ["print(records[0]['town'])", "FINAL(records[0]['city'])"], context=ORDERS, question="Which city is first?"
    )
    assert found.outcomes == ["raised", "final"]
    assert "KeyError" in found.told(2)
    assert all(repr(key) in found.told(2) for key in ("id", "city", "amount"))


async def test_a_guessed_format_is_answered_with_a_record() -> None:
    """A value that can't be what the code takes it for is answered with a record exactly as it is, and the line."""
    found = await run(
        ["total = 0\ntotal += int(records[0]['city'])", "FINAL(records[0]['city'])"],
        context=ORDERS,
        question="Which city is first?",
    )
    assert "ValueError" in found.told(2)
    assert "line 2" in found.told(2)
    assert "'city': 'Bonn'" in found.told(2)


async def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    """A NameError is answered with the variables that there are."""
    found = await run(["print(len(orders))", "FINAL(len(records))"], context=ORDERS, question="How many orders?")
    assert "NameError" in found.told(2)
    assert "records" in found.told(2).split("NameError")[1]


async def test_the_same_block_does_not_run_again() -> None:
    """A repeated block is not run again; hint, sampling and seed change, and in the end a record is shown."""
    block = "print(llm_query('hm?'))\nprint(records[0]['town'])"
    asked: list[ChatRequest] = []

    def author(request: ChatRequest) -> str:
        if request.messages[-1].content == "hm?":
            return "yes"
        asked.append(request)
        return [block, block, f"{block}  # again", "FINAL(records[0]['city'])"][len(asked) - 1]

    found = await run(author, context=ORDERS, question="Which city is first?")
    assert found.outcomes == ["raised", "refused", "refused", "final"]
    assert len(found.of(HostCallServed)) == 1
    temperatures = [request.temperature for request in asked]
    assert temperatures == sorted(set(temperatures))
    assert len({request.seed for request in asked}) == 4
    hints = [request.messages[-1].content for request in asked]
    assert len(set(hints)) == 4
    assert "'city': 'Bonn'" in hints[3]


@pytest.mark.parametrize("empty", ["''", "'nothing printed'", "None", "[]", "0", "'not found'"])
async def test_an_empty_final_is_questioned_once(empty: str) -> None:
    """An answer that says nothing is asked back; a better one replaces it."""
    found = await run([f"FINAL({empty})", "FINAL('Genoa')"])
    assert found.outcomes == ["final", "final"]
    assert found.done.answer == "Genoa"
    assert found.done.flags == ()


@pytest.mark.parametrize(
    ("value", "answer"), [("0", "0"), ("'not found'", "not found"), ("'It is in Rome'", "It is in Rome")]
)
async def test_a_questioned_answer_that_is_repeated_stands(value: str, answer: str) -> None:
    """A questioned answer is accepted when the model repeats it, with a flag that says why it was questioned."""
    found = await run([f"FINAL({value})"] * 2)
    assert found.done.answer == answer
    assert found.done.answered
    assert len(found.done.flags) == 1


async def test_not_found_stands_at_once_when_the_name_is_nowhere() -> None:
    """When the first search saw that a name of the question is nowhere, giving up needs no second thought."""
    found = await run(["FINAL('not found')"], question="When did Zebulon Quarkmeier arrive?")
    assert found.done.steps == 1
    assert found.done.answer == "not found"


async def test_an_object_is_no_answer() -> None:
    """A function given to FINAL is questioned until there is a value, and never is the answer."""
    found = await run(["def f():\n    return 1\nFINAL(f)", "FINAL(str(f))", "FINAL(f())"], question="Which one?")
    assert found.done.answer == "1"


async def test_a_typed_count_is_questioned() -> None:
    """A count that was typed in is asked to be computed."""
    found = await run(["FINAL(17)", "FINAL(len(records))"], context=ORDERS, question="How many orders are there?")
    assert found.done.answer == "60"


@pytest.mark.parametrize("engine", ["monty", "ouros"])
async def test_an_endless_loop_is_stopped(engine: str) -> None:
    """A block that never ends is stopped at its limit, and the session goes on with its data."""
    found = await run(
        ["```python\nwhile True:\n    pass\n```", "FINAL(len(context))"],
        engine=engine,
        limits=Limits(seconds=0.5),
        question="How long?",
    )
    assert found.outcomes[0] in ("limit", "lost")
    assert found.done.answer == str(len(TEXT))


async def test_a_memory_bomb_is_stopped() -> None:
    """A block that fills the memory is stopped, and the session goes on with its data."""
    found = await run(
        ["x = 'x'\nwhile True:\n    x = x + x", "FINAL(len(context))"],
        limits=Limits(memory_bytes=64 * 2**20, seconds=5),
        question="How long?",
    )
    assert found.outcomes[0] in ("limit", "lost", "raised")
    assert found.done.answer == str(len(TEXT))


async def test_huge_output_is_cut() -> None:
    """The model sees head and end of a long output, and that it was cut."""
    found = await run(["for n in range(20000):\n    print('row', n)", "FINAL('Genoa')"])
    told = found.told(2)
    assert "row 0\n" in told
    assert len(told) < 5_000
    assert "more characters" in told


async def test_a_block_cut_off_by_the_token_limit_runs_as_far_as_it_is_whole() -> None:
    """Whole statements of a cut block run; a block without any is asked for again."""
    cut = ChatReply(
        text="```python\nx = 5\nprint(x)\ny = [1, 2, ", usage=Usage(model_calls=1), model="m", finish="length"
    )
    nothing = ChatReply(text="```python\nz = [1, 2, ", usage=Usage(model_calls=1), model="m", finish="length")
    found = await run([cut, nothing, "FINAL(f'{x} in Genoa')"])
    assert found.outcomes == ["finished", "no_code", "final"]
    assert found.done.answer == "5 in Genoa"


async def test_only_the_last_steps_are_shown() -> None:
    """Old steps leave the prompt, so that its size does not grow with the run."""
    blocks = [f"print('output {n}', {n})" for n in range(8)]
    found = await run([*blocks, "FINAL('Genoa')"], settings=LoopSettings(history=2))
    last = "".join(message.content for message in found.model.requests[-1].messages)
    assert "output 7" in last
    assert "output 6" in last
    assert "output 5" not in last


@pytest.mark.parametrize(
    "block",
    [
        "10**6000",
        "FINAL(10**6000)",
        "FINAL(float('inf'))",
        "FINAL('!' * 100000 + 'a')",
        "x = []\nfor _ in range(3000):\n    x = [x]\nFINAL(x)",
        "FINAL('\\x00\\x1b[2J')",
    ],
)
@pytest.mark.parametrize("engine", ["monty", "ouros"])
async def test_any_value_can_be_thrown_at_the_loop(block: str, engine: str) -> None:
    """No value of a guest ends the run with an error of ours."""
    found = await run([block, "FINAL('Genoa')", "FINAL('Genoa')"], engine=engine)
    assert found.done.answered


@pytest.mark.parametrize(
    ("budget", "named"),
    [
        (Budget(steps=2), "steps"),
        (Budget(model_calls=2), "model_calls"),
        (Budget(tokens=3_000), "tokens"),
    ],
)
async def test_a_budget_that_runs_out_ends_the_run_with_the_best_answer(budget: Budget, named: str) -> None:
    """At the limit the run ends: the best guess so far is its answer, and the reason names the limit to raise."""
    blocks = (f"x = {n}\nprint('in Genoa')" for n in range(20))
    found = await run(blocks, budget=budget)
    assert not found.done.answered
    assert found.done.outcome == ("steps" if named == "steps" else "budget")
    assert found.done.answer == "in Genoa"
    assert f"raise {named}" in found.done.reason
    assert found.of(RunCompleted)[-1].reason == found.done.reason
    assert found.done.usage.tokens <= budget.tokens
    assert found.done.usage.model_calls <= budget.model_calls


async def test_seconds_run_out() -> None:
    """When the time is over the run ends, also in the middle of a call that the model does not answer."""

    async def never(request: ChatRequest) -> str:
        await asyncio.sleep(60)
        return "late"

    found = await run(["print('in Genoa')", never], budget=Budget(seconds=2.0))
    assert (found.done.outcome, found.done.answer) == ("budget", "in Genoa")
    assert "raise seconds" in found.done.reason
    assert found.done.seconds < 10


async def test_a_model_that_fails_for_good_is_an_error() -> None:
    """A model error ends the run with that error, and the last event says so."""
    events: list[Event] = []
    model = ScriptedModel(["x = 1", ModelUnavailable("the server at nowhere is gone")], capabilities=PLAIN)
    async with RLM(model=model, observer=events.append) as rlm:
        with pytest.raises(ModelUnavailable, match="nowhere"):
            await rlm.acompletion(question="Where?", context=TEXT)
    last = events[-1]
    assert isinstance(last, RunCompleted)
    assert (last.outcome, last.reason) == ("failed", "the server at nowhere is gone")


@pytest.mark.parametrize("engine", ["monty", "ouros"])
async def test_a_killed_worker_is_replaced(engine: str) -> None:
    """When the sandbox's process dies in the middle of a block, the session goes on with its data and variables."""

    def kill(request: ChatRequest) -> str:
        for pid in workers():
            os.kill(pid, signal.SIGKILL)
        return "killed"

    blocks = ["kept = len(context)", "llm_query('now')", "FINAL(f'{kept} {len(context)}')"]
    steps = iter(blocks)

    def author(request: ChatRequest) -> str:
        return kill(request) if request.messages[-1].content == "now" else next(steps)

    found = await run(author, engine=engine, question="How long?")
    if found.outcomes[1] != "finished":
        assert found.outcomes == ["finished", "lost", "final"]
    assert found.done.answer == f"{len(TEXT)} {len(TEXT)}"


@pytest.mark.parametrize("engine", ["monty", "ouros"])
async def test_a_cancelled_run_leaves_nothing_behind(engine: str) -> None:
    """A run that is cancelled says so, and its workers are gone once the library is closed."""
    before = workers()
    started = asyncio.Event()

    async def hang(request: ChatRequest) -> str:
        started.set()
        await asyncio.Event().wait()
        return "never"

    events: list[Event] = []
    model = ScriptedModel(["llm_query('wait')", hang], capabilities=PLAIN)
    async with RLM(model=model, engine=engine, observer=events.append) as rlm:
        task = asyncio.create_task(rlm.acompletion(question="Where?", context=TEXT))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert isinstance(events[-1], RunCompleted)
    assert events[-1].outcome == "cancelled"
    async with asyncio.timeout(5):
        while not workers() <= before:  # noqa: ASYNC110 - a killed process takes a moment to go
            await asyncio.sleep(0.02)


async def test_a_cancelled_session_can_be_used_again() -> None:
    """In a persistent session a cancelled run leaves the variables, and the next question is answered."""
    started = asyncio.Event()

    async def hang(request: ChatRequest) -> str:
        started.set()
        await asyncio.Event().wait()
        return "never"

    model = ScriptedModel(["kept = 7\nllm_query('wait')", hang, "FINAL(kept)"], capabilities=PLAIN)
    async with RLM(model=model, persistent=True) as rlm:
        task = asyncio.create_task(rlm.acompletion(question="Where?", context=TEXT))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await rlm.acompletion(question="And now?")).answer == "7"


@pytest.mark.parametrize(
    "context",
    [
        ["one", "two"],
        {"a.txt": "alpha", "b.txt": "beta"},
        {"rooms": [{"n": n, "size": n * 2} for n in range(10)]},
        [{"n": n} for n in range(10)],
        [1, None, {"x": [2.5, True]}],
        '{"n": 1}\n' * 10,
        "just a line",
        " \n\n ",
        "k=v " * 50,
        {"sentences": [{"text": "one"}, {"text": "two"}], "terms": [{"t": 1}, {"t": 2}]},
    ],
    ids=["texts", "files", "nested", "records", "mixed", "json lines", "line", "blank", "pairs", "names of tools"],
)
async def test_contexts_of_every_kind(context: Any) -> None:
    """Text, lists and dicts come to the guest as they are, beside tools that work on them."""
    found = await run(
        ["search('alpha one 2')\nprint(context)", "FINAL(type(context).__name__)"],
        context=context,
        question="Of what type?",
    )
    assert found.outcomes == ["finished", "final"]
    assert found.done.answer == type(context).__name__


async def test_a_question_without_a_context() -> None:
    """A question needs no data."""
    found = await run(["FINAL(2 + 2)"], context=None, question="What is two and two?")
    assert found.done.answer == "4"


@pytest.mark.parametrize(
    ("question", "context"), [("", TEXT), ("  \n", TEXT), ("Where?", ""), ("Where?", b"\x00"), ("Where?", 5)]
)
async def test_bad_input_is_refused_before_anything_starts(question: str, context: Any) -> None:
    """An empty question and a context that is not data are errors, and no model is asked."""
    model = ScriptedModel([])
    async with RLM(model=model) as rlm:
        with pytest.raises(BadInput) as raised:
            await rlm.acompletion(question=question, context=context)
    assert model.requests == []
    assert isinstance(raised.value, ContextInvalid) or not question.strip()


async def test_an_unknown_engine_is_refused() -> None:
    """An engine that there is not is an error that names those that there are."""
    with pytest.raises(BadInput, match="monty"):
        await run([], engine="cpython")


async def test_tools_survive_variables_of_the_same_name() -> None:
    """A block may use names such as `ranked` or `terms` for itself; the session's tools still work after it."""
    found = await run(
        [
            "terms = ['a']\nranked = sorted([2, 1])\nsentences = passages = weigh = 1\nSTOP_WORDS = ''\nprint(terms)",
            "hits = search('depot moved')\nFINAL(hits[0])",
        ]
    )
    assert found.outcomes == ["finished", "final"]
    assert "Genoa" in found.done.answer


def test_the_library_works_without_an_event_loop() -> None:
    """`completion` is for plain code: it blocks until the answer is there, and may be called again."""
    model = ScriptedModel(["FINAL(1 + 1)", ModelError("broken"), "FINAL(3 + 3)"], capabilities=PLAIN)
    with RLM(model=model) as rlm:
        assert rlm.completion(question="What?", context=TEXT).answer == "2"
        with pytest.raises(ModelError, match="broken"):
            rlm.completion(question="What?", context=TEXT)
        assert rlm.completion(question="What?", context=TEXT).answer == "6"
    assert not model.closed
