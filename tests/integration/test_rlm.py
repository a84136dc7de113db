"""What guest code may ask of the host, and sessions that persist, on the real sandbox."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from greatwheel import RLM, Budget, Completion
from greatwheel.core.errors import ModelNotFound, ModelRefused
from greatwheel.core.events import Event, HostCallServed, RunCompleted, RunStarted
from greatwheel.llm.port import ChatRequest
from greatwheel.testing.models import ScriptedModel

TEXT = "In May the depot was moved from Turin to Genoa.\n" + "Nothing happened on that day.\n" * 100
PLAIN: frozenset[Any] = frozenset()
Sub = Callable[[ChatRequest], Any]


class Guest:
    """Runs blocks in one loop; what they ask of the model is answered by `sub`."""

    def __init__(
        self, *blocks: str, sub: Sub = lambda request: "sub says " + request.messages[-1].content, **options: Any
    ):
        self._blocks = list(blocks)
        self._sub = sub
        self.model = ScriptedModel(self._reply, capabilities=options.pop("capabilities", PLAIN))
        self.options = options
        self.events: list[Event] = []
        self.subs: list[ChatRequest] = []

    def _reply(self, request: ChatRequest) -> Any:
        if request.messages[0].role == "system" and "FINAL" in request.messages[0].content:
            return self._blocks.pop(0)
        self.subs.append(request)
        return self._sub(request)

    async def answer(self, context: Any = TEXT) -> Completion:
        async with RLM(model=self.model, observer=self.events.append, **self.options) as rlm:
            return await rlm.acompletion(question="What comes of it?", context=context)

    def calls(self) -> list[HostCallServed]:
        return [event for event in self.events if isinstance(event, HostCallServed)]


@pytest.mark.parametrize("engine", ["monty", "ouros"])
async def test_llm_query(engine: str) -> None:
    """A sub-call returns the model's text, by position and by keyword, from inside functions, and is counted."""
    guest = Guest(
        "def ask(word):\n    return llm_query(prompt=word, max_tokens=9)\n"
        "FINAL([llm_query('a'), ask('b'), llm.complete('c', system='S')])",
        engine=engine,
    )
    done = await guest.answer()
    assert done.answer == "sub says a, sub says b, sub says c"
    assert (done.usage.model_calls, done.usage.host_calls) == (4, 3)
    assert [request.max_tokens for request in guest.subs][1] == 9
    assert [message.role for message in guest.subs[2].messages] == ["system", "user"]
    assert [call.usage.model_calls for call in guest.calls()] == [1, 1, 1]


@pytest.mark.parametrize("engine", ["monty", "ouros"])
@pytest.mark.parametrize("name", ["batch_llm_query", "llm_query_batched"])
async def test_a_batch_is_under_way_all_at_once(engine: str, name: str) -> None:
    """The calls of a batch wait for the model together, and their answers come in order."""
    together = asyncio.Barrier(20)

    async def sub(request: ChatRequest) -> str:
        async with asyncio.timeout(20):
            await together.wait()
        return request.messages[-1].content.upper()

    guest = Guest(f"FINAL({name}(['p' + str(n) for n in range(20)]))", sub=sub, engine=engine)
    done = await guest.answer()
    assert done.answer == ", ".join(f"P{n}" for n in range(20))
    assert [call.name for call in guest.calls()] == ["batch_llm_query"]
    assert guest.calls()[0].usage.model_calls == 20


async def test_a_batch_is_bounded() -> None:
    """However large a batch is, only so many of its calls are under way at one time."""
    busy = most = 0

    async def sub(request: ChatRequest) -> str:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0)
        busy -= 1
        return "x"

    guest = Guest("FINAL(len(batch_llm_query(['p'] * 180)))", sub=sub, budget=Budget(model_calls=200))
    assert (await guest.answer()).answer == "180"
    assert 1 < most <= 64


async def test_a_batch_that_fails_stops_its_other_calls() -> None:
    """When one call of a batch fails, the others are cancelled before the guest hears of it."""
    stopped: list[str] = []

    async def sub(request: ChatRequest) -> str:
        if request.messages[-1].content == "bad":
            raise ModelRefused("too long")
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append(request.messages[-1].content)
        return "never"

    guest = Guest(
        "try:\n    batch_llm_query(['good', 'bad', 'fine'])\nexcept Exception as error:\n    FINAL(f'caught {error}')",
        sub=sub,
    )
    done = await guest.answer()
    assert done.answer.startswith("caught")
    assert "too long" in done.answer
    assert sorted(stopped) == ["fine", "good"]


@pytest.mark.parametrize("engine", ["monty", "ouros"])
async def test_rlm_query_runs_a_child(engine: str) -> None:
    """A child loop answers a question about data of its own, in its own session, with a share of the budget."""
    guest = Guest(
        "mine = 5\nfound = rlm_query('How long is it?', 'abc' * 10)\nFINAL(f'{found} {mine} {len(context)}')",
        "try:\n    mine\nexcept NameError:\n    FINAL(len(context))",
        engine=engine,
        budget=Budget(tokens=80_000, depth=1),
    )
    done = await guest.answer()
    assert done.answer == f"30 5 {len(TEXT)}"
    starts = [event for event in guest.events if isinstance(event, RunStarted)]
    ends = [event for event in guest.events if isinstance(event, RunCompleted)]
    assert [(start.depth, start.parent) for start in starts] == [(0, None), (1, starts[0].run_id)]
    assert starts[0].session_id != starts[1].session_id
    assert ends[0].run_id == starts[1].run_id
    assert done.usage.model_calls == 2
    assert guest.calls()[-1].usage.tokens == ends[0].usage.tokens > 0


async def test_children_together() -> None:
    """batch_rlm_query runs a child for each question, each with a context."""
    guest = Guest(
        "a = batch_rlm_query(['q1', 'q2'], ['x', 'yy'])\nb = batch_rlm_query(['q3', 'q4'], ['zzz'] * 2)\nFINAL(a + b)",
        *["FINAL(len(context))"] * 4,
    )
    assert (await guest.answer()).answer == "1, 2, 3, 3"


async def test_a_child_without_data_is_one_model_call() -> None:
    """rlm_query without a context asks the model."""
    guest = Guest("FINAL(rlm_query('why?'))")
    assert (await guest.answer()).answer == "sub says why?"


async def test_depth_is_limited() -> None:
    """Below the last level, rlm_query raises BudgetExceeded, which the guest can catch."""
    block = "try:\n    FINAL(rlm_query('deeper?', 'data'))\nexcept BudgetExceeded:\n    FINAL(str('depth is over'))"
    guest = Guest(*[block] * 3, budget=Budget(depth=2))
    done = await guest.answer()
    assert done.answer == "depth is over"
    assert max(event.depth for event in guest.events if isinstance(event, RunStarted)) == 2


async def test_a_child_can_not_use_up_its_parent() -> None:
    """A child that wastes its steps and tokens ends with its best answer, and its parent goes on."""
    guest = Guest(
        "found = rlm_query('What?', 'data')\nprint(found)",
        "print('a guess')",
        "print('a guess', 2)",
        "FINAL('parent: ' + found)",
        budget=Budget(steps=2),
    )
    done = await guest.answer()
    assert done.answer == "parent: a guess 2"
    ends = [event.outcome for event in guest.events if isinstance(event, RunCompleted)]
    assert ends == ["steps", "answered"]


async def test_budget_tells_what_is_left() -> None:
    """budget() has tokens, calls, seconds, depth and steps, less what was used so far."""
    guest = Guest(
        "one = budget()\nllm_query('x')\ntwo = budget()",
        "three = budget()\nFINAL([one['model_calls'], two['model_calls'], one['steps'], three['steps'], one['depth'], "
        "two['tokens'] < one['tokens'], three['seconds'] <= one['seconds'] <= 50])",
        budget=Budget(model_calls=9, steps=4, depth=3, seconds=50),
    )
    assert (await guest.answer()).answer == "8, 7, 3, 2, 3, True, True"


async def test_a_used_up_budget_is_an_error_in_the_guest() -> None:
    """A sub-call that the budget does not allow raises BudgetExceeded where it was made."""
    guest = Guest(
        "kept = []\ntry:\n    for n in range(9):\n        kept.append(llm_query(str(n)))\n"
        "except BudgetExceeded:\n    FINAL(len(kept))",
        budget=Budget(model_calls=4),
    )
    assert (await guest.answer()).answer == "3"


async def test_concurrent_calls_share_one_budget() -> None:
    """The calls of a batch can't pass the limit together."""
    guest = Guest(
        "try:\n    batch_llm_query(['p'] * 10)\n    FINAL('all')\nexcept BudgetExceeded:\n    FINAL('refused')",
        budget=Budget(model_calls=5),
    )
    assert (await guest.answer()).answer == "refused"
    assert len(guest.model.requests) <= 5


@pytest.mark.parametrize("engine", ["monty", "ouros"])
async def test_variables_are_shown_and_given_by_name(engine: str) -> None:
    """SHOW_VARS lists what earlier blocks made, and FINAL_VAR answers with a variable."""
    guest = Guest("total = 42\nnames = ['a']", "shown = SHOW_VARS()\nprint(shown)", "FINAL_VAR('total')", engine=engine)
    done = await guest.answer()
    assert done.answer == "42"
    [call] = guest.calls()
    listed = " ".join(call.result)
    assert "total: int 42" in listed
    assert "names" in listed
    assert "context" in listed


@pytest.mark.parametrize("engine", ["monty", "ouros"])
async def test_services_that_are_not_there_say_so(engine: str) -> None:
    """memory, agent, channel, tool and state raise NotAvailable, which the guest can catch by that name."""
    calls = [
        "memory.store('k', 1)", "memory.recall('q', top_k=2)", "memory.forget(key='k')", "agent.call('a', 't')",
        "agent.notify('a', 'm')", "channel.send('x')", "channel.ask('?')", "tool.authorized_action(action='a')",
        "tool.search('x', n=1)", "state.checkpoint()",
    ]  # fmt: skip
    tries = "\n".join(f"try:\n    {call}\nexcept NotAvailable as error:\n    seen.append(str(error))" for call in calls)
    guest = Guest(f"seen = []\n{tries}\nFINAL(len(seen))", engine=engine)
    assert (await guest.answer()).answer == str(len(calls))
    assert all(call.error and call.error.startswith("NotAvailable") for call in guest.calls())


@pytest.mark.parametrize("engine", ["monty", "ouros"])
async def test_wrong_arguments_are_errors_at_the_call(engine: str) -> None:
    """A call that does not fit its signature, or asks for nonsense, is an error in the guest only."""
    wrong = [
        "llm_query()", "llm_query('a', 'b', 'c', 'd')", "llm_query('a', temprature=1)", "batch_llm_query('abc')",
        "batch_llm_query(5)", "llm_query('a', max_tokens='many')", "llm_query('a', max_tokens=float('inf'))",
        "llm_query('a', model=5)", "llm_query('x' * 1000000)", "llm.complete()", "llm.complete(messages=['x'])",
        "llm.complete(messages=[{'content': 'x'}])", "llm.embed(5)", "rlm_query()", "rlm_query('q', '')",
        "rlm_query('q', 5)", "rlm_query('q', [b'x'])", "rlm_query('q', 'x', model=5)",
        "rlm_query('q', 'x', model='no:such')",
        "rlm_query('q', 'x', model='http://127.0.0.1:9/v1#x')", "rlm_query('q', 'x', model='/etc/passwd')",
        "batch_rlm_query(['a', 'b'], ['x'])", "budget(1)", "SHOW_VARS(1)", "FINAL()", "llm_query(10 ** 5000)",
        "llm_query('a', choices=5)",
    ]  # fmt: skip
    tries = "\n".join(
        f"try:\n    {call}\n    passed.append({n})\nexcept Exception:\n    seen += 1" for n, call in enumerate(wrong)
    )
    guest = Guest(
        f"seen = 0\npassed = []\n{tries}\nFINAL(f'{{seen}} {{passed}}')",
        engine=engine,
        capabilities=frozenset({"grammar", "embed"}),
    )
    assert (await guest.answer()).answer == f"{len(wrong)} []"


async def test_a_misspelt_keyword_is_corrected() -> None:
    """The TypeError of an unknown keyword names the one that was meant."""
    guest = Guest("try:\n    llm_query('a', temprature=1)\nexcept TypeError as error:\n    FINAL(str(error))")
    assert "temperature" in (await guest.answer()).answer


@pytest.mark.parametrize("error", [ModelNotFound("no model 'x'"), ModelRefused("bad request")])
async def test_a_refused_sub_call_is_an_error_in_the_guest(error: Exception) -> None:
    """A sub-call that the server refuses can be caught; it does not end the run."""

    def sub(request: ChatRequest) -> str:
        raise error

    guest = Guest(
        "try:\n    llm_query('a', model='x')\nexcept Exception as error:\n    FINAL(f'caught {error}')", sub=sub
    )
    assert str(error) in (await guest.answer()).answer


async def test_labels_are_chosen_by_the_sub_model() -> None:
    """classify asks about each item, with a grammar where the server has them, and gives one label for each."""

    def sub(request: ChatRequest) -> str:
        return "yes" if "good" in request.messages[-1].content.split("Text:")[1] else "No."

    guest = Guest(
        "FINAL(classify(['good', 'bad', 'very good'], 'Is it praise?', ['yes', 'no']))",
        sub=sub,
        capabilities=frozenset({"grammar"}),
    )
    assert (await guest.answer()).answer == "yes, no, yes"
    assert all(request.grammar and '"yes"' in request.grammar for request in guest.subs)


async def test_a_sub_call_may_name_a_model() -> None:
    """The model that a call names is the one that is asked."""
    guest = Guest("FINAL(llm_query('a', model='other:1b'))", sub=lambda request: f"I am {request.model}")
    assert (await guest.answer()).answer == "I am other:1b"


async def test_embeddings() -> None:
    """llm.embed gives a vector for a text and a list of vectors for several."""
    guest = Guest(
        "one = llm.embed('abc')\nmore = llm.embed(['abc', 'de'])\nFINAL([len(more), more[0] == one])",
        capabilities=frozenset({"embed"}),
    )
    assert (await guest.answer()).answer == "2, True"


async def test_every_request_carries_its_session() -> None:
    """The model is told for which session and run each request is made; children have their own."""
    guest = Guest("llm_query('a')\nFINAL(rlm_query('q', 'data'))", "FINAL(len(context))")
    await guest.answer()
    sessions = [context.session_id for context in guest.model.contexts]
    assert sessions[0] == sessions[1] != sessions[2]


@pytest.mark.parametrize("engine", ["monty", "ouros"])
async def test_a_persistent_session_keeps_variables_and_history(engine: str) -> None:
    """Later questions find the variables of earlier ones, and the model is told what was answered."""
    model = ScriptedModel(["size = len(context)\nFINAL(size)", "FINAL(size + 1)"], capabilities=PLAIN)
    async with RLM(model=model, engine=engine, persistent=True) as rlm:
        first = await rlm.acompletion(question="How long is it?", context=TEXT)
        second = await rlm.acompletion(question="And one more?")
    assert (first.answer, second.answer) == (str(len(TEXT)), str(len(TEXT) + 1))
    told = "".join(message.content for message in model.requests[1].messages)
    assert "How long is it?" in told
    assert first.answer in told


async def test_several_contexts_in_one_session() -> None:
    """Each new context is `context`; the earlier ones stay as `context_1`, `context_2`."""
    model = ScriptedModel(
        ["FINAL(context)", "FINAL(context)", "FINAL([context_1, context_2, context])"], capabilities=PLAIN
    )
    async with RLM(model=model, persistent=True) as rlm:
        for text in ("first text", "second text"):
            await rlm.acompletion(question="What is it?", context=text)
        third = await rlm.acompletion(question="What are they?", context="third text")
    assert third.answer == "first text, second text, third text"


async def test_without_persistence_every_question_begins_anew() -> None:
    """Questions share nothing unless that was asked for."""
    model = ScriptedModel(
        ["secret = 1\nFINAL(str('a value'))", "FINAL('secret' in ' '.join(SHOW_VARS()))"], capabilities=PLAIN
    )
    async with RLM(model=model) as rlm:
        await rlm.acompletion(question="What?", context=TEXT)
        assert (await rlm.acompletion(question="Is it there?", context=TEXT)).answer == "False"


async def test_a_reply_is_data() -> None:
    """Code in a sub-model's reply is text for the guest; it is not run."""
    guest = Guest("found = llm_query('a')\nFINAL(len(found))", sub=lambda request: "FINAL('hacked')")
    assert (await guest.answer()).answer == "15"
