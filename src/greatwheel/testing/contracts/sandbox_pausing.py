"""Clauses 1, 2 and 10: persistence, pausing, one caller."""

from __future__ import annotations

import pytest

from greatwheel.core.errors import SandboxMisuse
from greatwheel.sandbox.port import Engine, Finished, HostCalls, Raised, Returned, SandboxSession
from greatwheel.testing.contracts.binding import SandboxBinding
from greatwheel.testing.driving import drive, drive_on

PLACES: dict[str, tuple[str, str]] = {
    "expression": ("print(1 + ask(2) * 3)", "7\n"),
    "function": ("def f(x):\n    y = ask(x)\n    return y + 1\nprint(f(1), f(2))", "2 3\n"),
    "nested_function": ("def f(x):\n    def g(y):\n        return ask(x + y)\n    return g(10)\nprint(f(1))", "11\n"),
    "recursion": ("def f(n):\n    return 0 if n == 0 else ask(n) + f(n - 1)\nprint(f(3))", "6\n"),
    "lambda": ("f = lambda x: ask(x) * 2\nprint(f(4))", "8\n"),
    "default_argument": ("def f(x=ask(5)):\n    return x\nprint(f())", "5\n"),
    "method": ("class A:\n    def go(self, x):\n        return ask(x)\nprint(A().go(6))", "6\n"),
    "init": ("class A:\n    def __init__(self, x):\n        self.x = ask(x)\nprint(A(7).x)", "7\n"),
    "list_comprehension": ("print([ask(i) for i in range(4) if i % 2])", "[1, 3]\n"),
    "condition_of_comprehension": ("print([i for i in range(4) if ask(i) > 1])", "[2, 3]\n"),
    "nested_comprehension": ("print([[ask(i + j) for i in range(2)] for j in range(2)])", "[[0, 1], [1, 2]]\n"),
    "dict_comprehension": ("print({ask(k): ask(v) for k, v in [(1, 2), (3, 4)]})", "{1: 2, 3: 4}\n"),
    "generator_argument": ("print(sum(ask(i) for i in range(4)))", "6\n"),
    "any": ("print(any(ask(i) for i in [0, 1, 2]))", "True\n"),
    "f_string": ("print(f'<{ask(8)}>')", "<8>\n"),
    "while_condition": ("n = 3\nwhile ask(n) > 1:\n    n -= 1\nprint(n)", "1\n"),
    "for_iterable": ("for c in ask('abc'):\n    print(c, end='')\nprint()", "abc\n"),
    "conditional_expression": ("print(ask(1) if ask(True) else ask(2))", "1\n"),
    "boolean_operators": ("print(ask(0) or ask(3), ask(0) and ask(4))", "3 0\n"),
    "try": ("try:\n    x = ask(1)\nfinally:\n    print('finally')\nprint(x)", "finally\n1\n"),
    "finally": ("try:\n    pass\nfinally:\n    print(ask(2))", "2\n"),
    "except": ("try:\n    1 / 0\nexcept ZeroDivisionError:\n    print(ask(3))", "3\n"),
    "call_as_argument": ("print(ask(ask(ask(9))))", "9\n"),
    "subscript": ("print({'a': 1}[ask('a')])", "1\n"),
    "augmented_assignment": ("x = [1, 2]\nx[ask(0)] += ask(5)\nprint(x)", "[6, 2]\n"),
    "unpacking": ("a, *b = ask([1, 2, 3])\nprint(a, b)", "1 [2, 3]\n"),
    "keyword_argument": ("print('x', 'y', sep=ask('-'))", "x-y\n"),
    "assert": ("assert ask(True), 'no'\nprint('ok')", "ok\n"),
    "walrus": ("if (n := ask(5)) > 3:\n    print(n)", "5\n"),
    "async_function": (
        "import asyncio\nasync def f(x):\n    y = ask(x)\n    return y + 1\nprint(asyncio.run(f(1)))",
        "2\n",
    ),
}
"""Where a call may stand → (program, what it prints when `ask` returns its argument)."""

GATHERS: dict[str, tuple[str, str]] = {
    "arguments": ("r = await asyncio.gather(ask(1), ask(2), ask(3))\nprint(r)", "[1, 2, 3]\n"),
    "comprehension": ("r = await asyncio.gather(*[ask(i) for i in (1, 2, 3)])\nprint(r)", "[1, 2, 3]\n"),
    "generator": ("r = await asyncio.gather(*(ask(i) for i in (1, 2, 3)))\nprint(r)", "[1, 2, 3]\n"),
    "variable": ("t = [ask(i) for i in (1, 2, 3)]\nr = await asyncio.gather(*t)\nprint(r)", "[1, 2, 3]\n"),
    "append": (
        "t = []\nfor i in (1, 2, 3):\n    t.append(ask(i))\nr = await asyncio.gather(*t)\nprint(r)",
        "[1, 2, 3]\n",
    ),
    "coroutine": (
        "async def go(p):\n    return await ask(p)\nr = await asyncio.gather(*[go(i) for i in (1, 2, 3)])\nprint(r)",
        "[1, 2, 3]\n",
    ),
    "coroutine_with_work": (
        "async def go(p):\n    x = await ask(p)\n    return x * 10\n"
        "async def main():\n    return await asyncio.gather(*[go(i) for i in (1, 2, 3)])\nprint(asyncio.run(main()))",
        "[10, 20, 30]\n",
    ),
}
"""Ways to have three calls in flight → (program after `import asyncio`, what it prints)."""


class PersistenceClauses(SandboxBinding):
    """Clause 1."""

    async def test_persistence_of_variables(self, session: SandboxSession) -> None:
        """A variable bound by one block is there for the next."""
        await drive(session, "x = [1]\ny = 'a'")
        await drive(session, "x.append(2)")
        assert (await drive(session, "print(x, y)")).stdout == "[1, 2] a\n"

    async def test_persistence_of_definitions(self, session: SandboxSession) -> None:
        """Functions, classes, instances and imports stay."""
        await drive(
            session, "import math\ndef f(x): return x * k\nclass A:\n    def __init__(self): self.n = 1\na = A()"
        )
        await drive(session, "k = 3\na.n += 1")
        assert (await drive(session, "print(f(2), a.n, math.floor(2.5), A().n)")).stdout == "6 2 2 1\n"

    async def test_persistence_after_a_failure(self, session: SandboxSession) -> None:
        """What a failing block bound before its failure stays."""
        await drive(session, "x = 1\n1 / 0\nx = 2")
        assert (await drive(session, "print(x)")).stdout == "1\n"

    async def test_persistence_of_a_function_that_calls_the_host(self, session: SandboxSession) -> None:
        """A function of an earlier block pauses in a later one."""
        await drive(session, "def f(x):\n    return ask(x) + 1")
        assert (await drive(session, "print(f(1))")).stdout == "2\n"

    async def test_persistence_value_of_a_block(self, session: SandboxSession) -> None:
        """A block's value is its trailing expression's, else None."""
        assert (await drive(session, "x = 20\nx + 1")).event == Finished(value=21)
        assert (await drive(session, "x = 20")).event == Finished(value=None)
        assert (await drive(session, "")).event == Finished(value=None)


class PausingClauses(SandboxBinding):
    """Clause 2."""

    async def test_pausing_gives_name_and_arguments(self, session: SandboxSession) -> None:
        """A pause tells the function's name, its positional and its keyword arguments."""
        event = await session.run("x = ask('é', 2, [3], key={'a': None}, other=b'b')")
        assert isinstance(event, HostCalls)
        (call,) = event.calls
        assert (call.name, call.args, dict(call.kwargs)) == (
            "ask",
            ("é", 2, [3]),
            {"key": {"a": None}, "other": b"b"},
        )
        assert session.pending is not None
        assert session.pending.calls == event.calls
        assert isinstance(await session.resume({call.id: Returned(value=1)}), Finished)
        assert session.pending is None

    @pytest.mark.parametrize("place", PLACES)
    async def test_pausing_inside(self, session: SandboxSession, place: str) -> None:
        """A call pauses wherever it stands, and its answer is its value there."""
        code, expected = PLACES[place]
        ended = await drive(session, code)
        assert ended.stdout == expected, ended.event
        assert isinstance(ended.event, Finished)
        assert all(len(batch) == 1 for batch in ended.batches)

    @pytest.mark.parametrize("way", GATHERS)
    async def test_pausing_in_gather_gives_all_calls_at_once(self, session: SandboxSession, way: str) -> None:
        """Calls that are in flight together come in one event, in the order in which they were made."""
        code, expected = GATHERS[way]
        ended = await drive(session, "import asyncio\n" + code)
        assert ended.stdout == expected, ended.event
        assert [[call.args[0] for call in batch] for batch in ended.batches] == [[1, 2, 3]]

    async def test_pausing_in_gather_takes_answers_one_by_one(self, session: SandboxSession) -> None:
        """Some of the calls may be answered, in any order; the event then lists those that still wait."""
        event = await session.run("import asyncio\nr = await asyncio.gather(*[ask(i) for i in 'abc'])\nprint(r)")
        assert isinstance(event, HostCalls)
        first, second, third = event.calls
        event = await session.resume({third.id: Returned(value="3")})
        assert isinstance(event, HostCalls)
        assert event.calls == (first, second)
        event = await session.resume({first.id: Returned(value="1")})
        assert isinstance(event, HostCalls)
        assert event.calls == (second,)
        assert session.pending is not None
        assert session.pending.calls == (second,)
        event = await session.resume({second.id: Returned(value="2")})
        assert (event.stdout, isinstance(event, Finished)) == ("['1', '2', '3']\n", True)

    async def test_pausing_in_gather_goes_on_where_it_can(self, session: SandboxSession) -> None:
        """A coroutine whose call is answered runs on to its next call while the others still wait."""
        await drive(session, "import asyncio\nasync def two(p):\n    a = await ask(p)\n    return await ask(a + p)")
        event = await session.run("print(await asyncio.gather(two('a'), two('b')))")
        assert isinstance(event, HostCalls)
        first = event.calls[0]
        event = await session.resume({first.id: Returned(value="x")})
        assert isinstance(event, HostCalls)
        assert sorted(call.args[0] for call in event.calls) == ["b", "xa"]
        ended = await drive_on(session, event)
        assert ended.stdout == "['xa', 'bb']\n"

    async def test_pausing_directly_awaited(self, session: SandboxSession) -> None:
        """A call may be awaited."""
        assert (await drive(session, "x = await ask(5)\nprint(x)")).stdout == "5\n"

    async def test_pausing_through_another_name(self, session: SandboxSession) -> None:
        """A host function is a value: it can be bound to a name, put into a dict and passed on."""
        code = "f = ask\nd = {'k': tell}\ndef run(g, x): return g(x)\nprint(f(1), d['k'](2), run(ask, 3))"
        ended = await drive(session, code)
        assert ended.stdout == "1 2 3\n", ended.event
        assert [call.name for call in ended.calls] == ["ask", "tell", "ask"]

    async def test_pausing_only_for_host_functions(self, session: SandboxSession) -> None:
        """Any other name is a NameError as CPython words it."""
        for code in ("nothing_here(1)", "nothing_here", "def f():\n    return nothing_here(1)\nf()"):
            event = await session.run(code)
            assert isinstance(event, Raised)
            assert (event.type, event.message) == ("NameError", "name 'nothing_here' is not defined")

    async def test_pausing_missing_name_is_catchable(self, session: SandboxSession) -> None:
        """The guest can catch the NameError."""
        code = "try:\n    nothing_here(1)\nexcept NameError as e:\n    print('caught', e)"
        assert (await drive(session, code)).stdout == "caught name 'nothing_here' is not defined\n"

    async def test_pausing_tells_what_was_printed(self, session: SandboxSession) -> None:
        """Each event carries what was printed since the one before."""
        event = await session.run("print('one')\nask(1)\nprint('two')")
        assert isinstance(event, HostCalls)
        assert event.stdout == "one\n"
        event = await session.resume({event.calls[0].id: Returned()})
        assert event == Finished(stdout="two\n")

    async def test_pausing_ids_rise(self, session: SandboxSession) -> None:
        """Call ids are unique in the session and rise, also from block to block."""
        ids = [call.id for code in ("ask(1)\nask(2)", "ask(3)") for call in (await drive(session, code)).calls]
        assert len(ids) == 3
        assert ids == sorted(set(ids))

    async def test_pausing_many_times(self, session: SandboxSession) -> None:
        """Thousands of calls in one block are no limit by themselves."""
        ended = await drive(session, "n = 0\nfor i in range(3000):\n    n += ask(i)\nprint(n)")
        assert ended.stdout == f"{sum(range(3000))}\n", ended.event

    async def test_pausing_without_host_functions(self, engine: Engine) -> None:
        """A session opened without host functions has none."""
        session = await engine.open()
        event = await session.run("ask(1)")
        await session.close()
        assert isinstance(event, Raised)
        assert event.type == "NameError"

    async def test_pausing_shadowed_by_the_guest(self, session: SandboxSession) -> None:
        """A guest's own definition under a host function's name is the guest's."""
        ended = await drive(session, "def ask(x):\n    return 'mine'\nprint(ask(1))")
        assert (ended.stdout, ended.calls) == ("mine\n", ())


class AbandonClauses(SandboxBinding):
    """Giving a paused block up."""

    async def test_abandon_keeps_bindings(self, session: SandboxSession) -> None:
        """An abandoned block does not run on; what it bound stays and the session runs further blocks."""
        await session.run("x = 1\nask(1)\nx = 2\nprint('never')")
        await session.abandon()
        assert session.pending is None
        ended = await drive(session, "print(x)")
        assert (ended.stdout, ended.event) == ("1\n", Finished(stdout="1\n"))

    async def test_abandon_of_a_guest_that_catches_everything(self, session: SandboxSession) -> None:
        """A block can't hold on by catching exceptions."""
        code = "x = 0\nwhile True:\n    try:\n        ask(x)\n        x = 5\n    except BaseException:\n        pass"
        await session.run(code)
        await session.abandon()
        assert session.pending is None
        assert (await drive(session, "print('on', x)")).stdout == "on 0\n"

    async def test_abandon_of_gather(self, session: SandboxSession) -> None:
        """A block with several calls in flight can be given up."""
        await session.run("import asyncio\nx = 7\nawait asyncio.gather(ask(1), ask(2))\nx = 8")
        await session.abandon()
        assert (await drive(session, "print(x)")).stdout == "7\n"

    async def test_abandon_when_idle(self, session: SandboxSession) -> None:
        """Without a paused block nothing happens."""
        await drive(session, "x = 3")
        await session.abandon()
        assert (await drive(session, "print(x)")).stdout == "3\n"


class MisuseClauses(SandboxBinding):
    """Clause 10."""

    async def test_misuse_while_pending(self, session: SandboxSession) -> None:
        """While a call is pending the session takes only answers."""
        await session.run("x = 1\nask(1)")
        with pytest.raises(SandboxMisuse):
            await session.run("print(1)")
        with pytest.raises(SandboxMisuse):
            await session.set("x", 1)
        with pytest.raises(SandboxMisuse):
            await session.get("x")
        with pytest.raises(SandboxMisuse):
            await session.describe()
        assert session.pending is not None
        assert [call.name for call in session.pending.calls] == ["ask"]

    async def test_misuse_when_idle(self, session: SandboxSession) -> None:
        """There is nothing to answer when idle."""
        with pytest.raises(SandboxMisuse):
            await session.resume({0: Returned()})

    async def test_misuse_of_ids(self, session: SandboxSession) -> None:
        """An id that does not wait is refused, and the call goes on waiting."""
        event = await session.run("print(ask(1))")
        assert isinstance(event, HostCalls)
        waiting = event.calls[0].id
        with pytest.raises(SandboxMisuse):
            await session.resume({waiting + 1: Returned()})
        assert (await session.resume({waiting: Returned(value="ok")})).stdout == "ok\n"

    async def test_misuse_after_close(self, engine: Engine) -> None:
        """A closed session takes nothing but another close."""
        session = await engine.open()
        await session.close()
        await session.close()
        with pytest.raises(SandboxMisuse):
            await session.run("1")
