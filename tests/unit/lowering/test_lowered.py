"""`LoweredEngine` over the real Monty: the SDK, names on the wire, tracebacks, dumps."""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from greatwheel.core.errors import DumpInvalid, SandboxMisuse
from greatwheel.sandbox import lowered, prelude
from greatwheel.sandbox.lowered import LoweredEngine, LoweredSession
from greatwheel.sandbox.lowering.pipeline import Lowered, Refused
from greatwheel.sandbox.lowering.state import State
from greatwheel.sandbox.monty import MontyEngine
from greatwheel.sandbox.port import Answer, Event, Failed, Finished, HostCall, HostCalls, Raised, Returned

Wire = list[list[tuple[str, tuple[Any, ...], dict[str, Any]]]]


def _reply(call: HostCall) -> Answer:
    return Returned(value=f"<{call.name}>")


async def drive(
    session: LoweredSession, code: str, answer: Callable[[HostCall], Answer] = _reply
) -> tuple[Event, str, Wire]:
    """Run a block to its end: the last event, all output, and the calls of each pause."""
    event, out, wire = await session.run(code), "", []
    while isinstance(event, HostCalls):
        out += event.stdout
        wire.append([(call.name, call.args, dict(call.kwargs)) for call in event.calls])
        event = await session.resume({call.id: answer(call) for call in event.calls})
    return event, out + event.stdout, wire


@pytest.fixture
async def engine() -> AsyncIterator[LoweredEngine]:
    """A lowered Monty."""
    found = LoweredEngine(MontyEngine())
    yield found
    await found.close()


@pytest.fixture
async def session(engine: LoweredEngine) -> LoweredSession:
    """A fresh session."""
    return await engine.open()


@pytest.mark.parametrize(
    ("code", "name", "args", "kwargs"),
    [
        ("llm_query('a')", "llm_query", ("a",), {}),
        ("llm_query_batched(['a'])", "batch_llm_query", (["a"],), {}),
        ("llm.complete(system='s', messages=[])", "llm.complete", (), {"system": "s", "messages": []}),
        ("llm.embed('t')", "llm.embed", ("t",), {}),
        ("memory.recall('q', top_k=2)", "memory.recall", ("q",), {"top_k": 2}),
        ("agent.call('n', task='t')", "agent.call", ("n",), {"task": "t"}),
        ("channel.ask('?')", "channel.ask", ("?",), {}),
        ("tool.web_search('q', n=3)", "tool.web_search", ("q",), {"n": 3}),
        ("tool.authorized_action(action='a', params={})", "tool.authorized_action", (), {"action": "a", "params": {}}),
        ("f = tool.fetch\nf(1)", "tool.fetch", (1,), {}),
        ("state.checkpoint()", "state.checkpoint", (), {}),
        ("FINAL(answer=3)", "FINAL", (), {"answer": 3}),
        ("x = [1, 2]\nFINAL_VAR('x')", "FINAL", ([1, 2],), {}),
        ("SHOW_VARS()", "SHOW_VARS", (), {}),
        ("budget()", "budget", (), {}),
        ("import asyncio\nasyncio.run(llm.complete('a')) if 0 else llm.complete('a')", "llm.complete", ("a",), {}),
    ],
)
async def test_calls_arrive_under_their_dotted_names(
    code: str, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], session: LoweredSession
) -> None:
    """Every SDK name arrives as a host call under its dotted name, with the guest's own arguments."""
    _, _, wire = await drive(session, code)
    assert wire == [[(name, args, kwargs)]]


@pytest.mark.parametrize(
    "code",
    [
        "import asyncio\nr = await asyncio.gather(*[llm_query(p) for p in 'ab'])",
        "import asyncio\nasync def ask(p): return await llm_query(p)\nr = await asyncio.gather(ask('a'), ask('b'))",
        "import asyncio\nr = await asyncio.gather(*[llm.complete(p) for p in 'ab'])",
        "from concurrent.futures import ThreadPoolExecutor\nr = list(ThreadPoolExecutor().map(llm_query, 'ab'))",
        "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(max_workers=2) as pool:\n"
        "    r = list(pool.map(lambda p: llm_query(p).upper(), 'ab'))",
        "from concurrent.futures import ThreadPoolExecutor, as_completed\n"
        "def ask(p):\n    found = llm_query(p)\n    return found + '!'\n"
        "with ThreadPoolExecutor() as pool:\n    futures = {pool.submit(ask, p): p for p in 'ab'}\n"
        "    for future in as_completed(futures):\n        print(futures[future], future.result())",
    ],
)
async def test_calls_that_belong_together_come_in_one_pause(code: str, session: LoweredSession) -> None:
    """Calls under gather, and calls that a thread pool maps or submits, come in one event."""
    event, _, wire = await drive(session, code)
    assert isinstance(event, Finished), event
    assert [[call[1][0] for call in calls] for calls in wire] == [["a", "b"]]


async def test_a_pool_hands_on_errors_and_results(session: LoweredSession) -> None:
    """A future of the pool holds its own call's result or error."""
    code = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor() as pool:\n    fs = [pool.submit(llm_query, p) for p in 'ab']\n"
        "for f in fs:\n    try:\n        print(f.result())\n    except ValueError as e:\n        print('error', e)"
    )

    def answer(call: HostCall) -> Answer:
        return Failed(type="ValueError", message="bad") if call.args == ("b",) else Returned(value="fine")

    assert (await drive(session, code, answer))[1] == "fine\nerror bad\n"


async def test_awaiting_a_plain_value_gives_the_value(session: LoweredSession) -> None:
    """`await` of an ordinary function's result passes it through."""
    _, out, _ = await drive(session, "def f(x): return x + 1\nprint(await f(1), await llm_query('x'))")
    assert out == "2 <llm_query>\n"


@pytest.mark.parametrize("name", sorted(prelude.SDK_ERRORS))
async def test_sdk_errors_are_caught_by_name_and_by_base(name: str, session: LoweredSession) -> None:
    """An SDK error is catchable by its name and by its built-in base, and keeps its name when nothing catches it."""
    code = f"try:\n    llm_query('x')\nexcept {{kind}} as e:\n    print(isinstance(e, {name}), e)"

    def refuse(call: HostCall) -> Answer:
        return Failed(type=name, message="why")

    for kind in (name, prelude.SDK_ERRORS[name], "Exception"):
        assert (await drive(session, code.format(kind=kind), refuse))[1] == "True why\n"
    event, _, _ = await drive(session, "llm_query('x')", refuse)
    assert isinstance(event, Raised)
    assert (event.type, event.message, event.traceback.splitlines()[-1]) == (name, "why", f"{name}: why")


async def test_final_var_of_an_unknown_name_tells_the_known_ones(session: LoweredSession) -> None:
    """FINAL_VAR of a name that is not there is a NameError that lists the variables."""
    await drive(session, "alpha = 1\nbeta = 2")
    event, _, wire = await drive(session, "FINAL_VAR('gamma')")
    assert isinstance(event, Raised)
    assert (event.type, wire) == ("NameError", [])
    assert "'gamma'" in event.message
    assert "alpha, beta" in event.message


async def test_tracebacks_show_the_guests_own_lines(session: LoweredSession) -> None:
    """A rewritten block's traceback has the guest's line numbers and text, and no frame of ours."""
    code = (
        "class Broken(ValueError):\n    pass\n\n"
        "class Base:\n    @property\n    def size(self):\n        return self.check()\n\n"
        "class Child(Base):\n    def check(self):\n        # a comment\n        raise Broken('no size')  # here\n\n"
        "print(Child().size)"
    )
    event, _, _ = await drive(session, code)
    assert isinstance(event, Raised)
    assert (event.type, event.message) == ("Broken", "no size")
    lines = [line.split(", ")[1] for line in event.traceback.splitlines() if line.startswith("  File")]
    assert lines == ["line 14", "line 7", "line 12"]
    assert "raise Broken('no size')  # here" in event.traceback
    assert "_gw_" not in event.traceback


async def test_tracebacks_through_the_prelude_leave_its_frames_out(session: LoweredSession) -> None:
    """An error raised by our own guest code points at the guest's line."""
    event, _, _ = await drive(session, "x = 1\ninput('name? ')")
    assert isinstance(event, Raised)
    assert event.traceback.count("  File") == 1
    assert "input('name? ')" in event.traceback


async def test_what_lowering_knows_survives_dump_and_load(engine: LoweredEngine, session: LoweredSession) -> None:
    """Classes, deleted names and loaded modules of earlier blocks serve after a load."""
    await drive(
        session, "class A:\n    @property\n    def p(self): return 7\nclass E(Exception): pass\nx = 1\ny = 2\ndel x"
    )
    await drive(session, "import statistics\ndef fail(): raise E('kept')")
    loaded = await engine.load(await session.dump())
    code = "class B(A): pass\nprint(B().p, statistics.mean([1, 3]))\ntry: fail()\nexcept E as e: print(e)\nprint(x)"
    event, out, _ = await drive(loaded, code)
    assert out == "7 2\nkept\n"
    assert isinstance(event, Raised)
    assert event.type == "NameError"
    again, _, _ = await drive(loaded, "fail()")
    assert isinstance(again, Raised)
    assert again.type == "E"
    assert "def fail(): raise E('kept')" in again.traceback


async def test_a_dump_while_a_call_waits_keeps_its_wire_name(engine: LoweredEngine, session: LoweredSession) -> None:
    """A call that is pending in a dump has its dotted name after the load, and its answer arrives."""
    await session.run("print(tool.look(1))")
    loaded = await engine.load(await session.dump())
    assert loaded.pending is not None
    call = loaded.pending.calls[0]
    assert (call.name, call.args) == ("tool.look", (1,))
    event = await loaded.resume({call.id: Returned(value="seen")})
    assert isinstance(event, Finished)
    assert event.stdout == "seen\n"


@pytest.mark.parametrize("dump", [b"", b"GWL1", b"x" * 100, b"GWL1" + b"\xff" * 60])
async def test_bytes_that_are_no_dump_are_refused(dump: bytes, engine: LoweredEngine) -> None:
    """Anything but a dump of ours is DumpInvalid."""
    with pytest.raises(DumpInvalid):
        await engine.load(dump)


async def test_describe_and_get_show_the_guests_variables_alone(session: LoweredSession) -> None:
    """Our own names and deleted variables are not shown; an SDK name is, once the guest binds it."""
    await session.set("context", "text")
    await drive(
        session, "import heapq\nclass A(object): pass\nx = 1\ngone = 2\ndel gone\nmemory = [1]\nnumber = callable(3)"
    )
    assert [each.name for each in await session.describe()] == ["context", "A", "x", "memory", "number"]
    with pytest.raises(KeyError):
        await session.get("gone")


async def test_running_while_a_call_waits_is_misuse(session: LoweredSession) -> None:
    """A second block while a call waits is refused, before anything of it runs."""
    await session.run("llm_query('a')")
    with pytest.raises(SandboxMisuse):
        await session.run("class A(dict): pass")


async def test_a_warm_session_opens_in_milliseconds(engine: LoweredEngine) -> None:
    """Once a session has been prepared, opening another is quick."""
    await engine.open()
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        session = await engine.open()
        times.append(time.perf_counter() - begun)
        await session.close()
    assert sorted(times)[1] < 0.02


def test_signatures_bind_as_the_names_say() -> None:
    """Every wire name has a signature that takes its documented forms and refuses others."""
    assert prelude.SIGNATURES.keys() < prelude.HOST_FUNCTIONS
    bound = prelude.SIGNATURES["memory.recall"].bind("q", mode="text", top_k=3, scope="org")
    assert bound.arguments == {"query": "q", "mode": "text", "top_k": 3, "scope": "org"}
    assert prelude.BINDERS["channel.ask"]("q", timeout=3) == {"question": "q", "choices": None, "timeout": 3}
    with pytest.raises(TypeError, match=re.escape("llm.embed() got an unexpected keyword argument 'colour'")):
        prelude.BINDERS["llm.embed"]("p", colour=1)
    assert all(isinstance(signature, inspect.Signature) for signature in prelude.SIGNATURES.values())
    assert isinstance(prelude.SDK_ERRORS, Mapping)


async def test_a_block_is_lowered_once_for_all_sessions_that_know_the_same(
    engine: LoweredEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it taught the first session the others know, too, and each goes on by itself."""
    seen: list[str] = []
    lower = lowered.lower

    def counted(source: str, state: State) -> Lowered | Refused:
        seen.append(source)
        return lower(source, state)

    monkeypatch.setattr(lowered, "lower", counted)
    block = "class Boat:\n    def __len__(self):\n        return 41\nboat = Boat()  # remembered"
    sessions = [await engine.open() for _ in range(3)]
    for each in sessions:
        assert isinstance(await each.run(block), Finished)
    assert seen.count(block) == 1
    await sessions[0].run("class Boat:\n    def __len__(self):\n        return 1\nboat = Boat()")
    for each, length in zip(sessions, (1, 41, 41), strict=True):
        ended = await each.run("len(boat)")
        assert isinstance(ended, Finished)
        assert ended.value == length
    refused = "(" * 3_000 + ")" * 3_000
    for each in sessions[1:]:
        assert isinstance(await each.run(refused), Raised)
    assert seen.count(refused) == 2
