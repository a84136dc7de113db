"""How a block is changed before Ouros runs it."""

from __future__ import annotations

import pytest

from greatwheel.sandbox import ouros_world
from greatwheel.sandbox.ouros_code import rewrite
from greatwheel.sandbox.ouros_world import NAMES

HOST = frozenset({"ask"})


def code(text: str, host: frozenset[str] = HOST) -> str:
    return rewrite(text, host).code


@pytest.mark.parametrize(
    "block",
    ["", "x = 1", "def f(x):\n    return ask(x)", "for i in xs:\n    ask(i)", "import os", "x = ask(1)\ny = [ask(2)]"],
)
def test_most_blocks_pass_untouched(block: str) -> None:
    """Nothing is changed where nothing has to be."""
    assert code(block) == block


@pytest.mark.parametrize(
    ("block", "lowered"),
    [
        ("1", "_ouros_v=1"),
        ("x = 1; x", "x = 1; _ouros_v=x"),
        ("é = 'ü'; é", "é = 'ü'; _ouros_v=é"),
        ("f(\n  1,\n)  # done", "_ouros_v=f(\n  1,\n)  # done"),
        ("*a, b", "_ouros_v=*a, b"),
    ],
)
def test_a_trailing_expression_is_bound(block: str, lowered: str) -> None:
    """The value of the last expression gets a name, on its own line."""
    assert code(block) == lowered
    assert rewrite(block, HOST).has_value


@pytest.mark.parametrize(
    ("block", "lowered"),
    [
        ("x = await ask(1)", "x = await _ouros_a_ask(1)"),
        ("r = await gather(ask(1), f(2))", "r = await gather(_ouros_a_ask(1), f(2))"),
        ("t = asyncio.create_task(ask(1))", "t = asyncio.create_task(_ouros_a_ask(1))"),
        ("t = [ask(i) for i in x]\nawait gather(*t)", "t = [_ouros_a_ask(i) for i in x]\n_ouros_v=await gather(*t)"),
        ("t = []\nt.append(ask(1))\nr = await gather(*t)", "t = []\nt.append(_ouros_a_ask(1))\nr = await gather(*t)"),
        ("ts = [ask(1)]\nfor t in ts:\n    x = await t", "ts = [_ouros_a_ask(1)]\nfor t in ts:\n    x = await t"),
    ],
)
def test_awaited_calls_become_awaitable(block: str, lowered: str) -> None:
    """Calls of host functions whose results are awaited, directly or by way of a variable, are marked."""
    assert code(block) == lowered


@pytest.mark.parametrize(
    "block",
    [
        "async def f():\n    x = ask(1)\n    return x",
        "x = ask(1)\nr = await gather(f(x))",
        "r = await gather(f(ask(1)))",
        "r = await other(1)",
    ],
)
def test_plain_calls_stay_plain(block: str) -> None:
    """A call whose answer is used at once is left alone, also beside others that are awaited."""
    assert code(block) == block


@pytest.mark.parametrize(
    ("block", "lowered"),
    [
        ("x = sum(f(i) for i in y)", "x = sum([f(i) for i in y])"),
        ("x = ','.join((f(i) for i in y))", "x = ','.join(([f(i) for i in y]))"),
        ("f(*(g(i) for i in y)); x = 1", "f(*([g(i) for i in y])); x = 1"),
        ("a, b = (f(i) for i in y)", "a, b = ([f(i) for i in y])"),
        ("x = any(f(i) for i in y)", "x = any(f(i) for i in y)"),
        ("for i in (f(i) for i in y): pass", "for i in (f(i) for i in y): pass"),
        ("x = list(g())", "x = list(_ouros_drain(g()))"),
        ("xs.extend(g()); x = 1", "xs.extend(_ouros_drain(g())); x = 1"),
        ("x = list(y.items())", "x = list(y.items())"),
        ("a, b = range(2)", "a, b = range(2)"),
        ("xs.sort(key=f); x = 1", "_ouros_sort(xs, key=f); x = 1"),
        ("xs.sort(); x = 1", "xs.sort(); x = 1"),
        ("import a, b.c as d", "import a; import b.c as d"),
        ("if x: import a, b", "if x: import a; import b"),
    ],
)
def test_what_the_engine_gets_wrong_is_written_otherwise(block: str, lowered: str) -> None:
    """Generators that are consumed at once, sorting by a key and imports of several modules."""
    assert code(block) == lowered


@pytest.mark.parametrize(
    ("block", "lowered"),
    [
        ("raise X", "raise _ouros_raised(X)"),
        ("raise X(1) from e", "raise _ouros_raised(X(1)) from e"),
        ("raise ValueError(1)", "raise ValueError(1)"),
        ("raise m.X(1)", "raise _ouros_raised(m.X(1))"),
        ("try: pass\nexcept E: raise", "try: pass\nexcept E: raise"),
    ],
)
def test_own_exceptions_are_noted(block: str, lowered: str) -> None:
    """Only exceptions that are no built-ins are passed through the function that notes their names."""
    assert code(block) == lowered


def test_globals_declared_in_functions_are_told() -> None:
    """A global that only a function binds has to exist before the block runs."""
    assert rewrite("def f():\n    global n\n    n = 1\nf()", HOST).later_globals == ("n",)


def test_names_that_functions_use_and_nobody_binds_are_told() -> None:
    """Globals that a later block may bind, without built-ins, parameters and what the block binds."""
    block = "import m\nk = 1\ndef f(a, *b):\n    c = a\n    return [later(x, c, k, len) for x in b] + [m, f]"
    assert rewrite(block, HOST).later_globals == ("later",)


@pytest.mark.parametrize("block", ["x = (", "1 +", "x\x00", "-" * 100_000 + "1", "(" * 300])
def test_what_is_no_python_is_refused(block: str) -> None:
    """The engine never sees a text that Python's own parser refuses, such as one that is nested too deep."""
    with pytest.raises((SyntaxError, ValueError, RecursionError, MemoryError)):
        rewrite(block, HOST)


@pytest.mark.parametrize(
    ("block", "lowered"),
    [
        ("x = time.time()", "x = _ouros_at(time, 0)()"),
        ("f = t.time", "f = _ouros_at(t, 0)"),
        ("x = f'{time.time():.1f}'", "x = f'{_ouros_at(time, 0)():.1f}'"),
        ("x = dt.datetime.now()", f"x = _ouros_at(dt.datetime, {NAMES['now']})()"),
        ("x = list(uuid.uuid4())", f"x = list(_ouros_drain(_ouros_at(uuid, {NAMES['uuid4']})()))"),
        ("from time import time as t, sleep", "from time import time as t, sleep; t = _ouros_stand_in('time.time', t)"),
        ("x.time = 1", "x.time = 1"),
        ("x = f().now()", "x = f().now()"),
        ("x = a.b.c.d.e.now()", "x = a.b.c.d.e.now()"),
        ("from datetime import datetime", "from datetime import datetime"),
    ],
)
def test_time_and_chance_are_read_by_way_of_ours(block: str, lowered: str) -> None:
    """What tells time or makes random numbers is asked for by name, wherever it comes from; nothing else is changed."""
    assert code(block) == lowered


def test_every_stand_in_has_its_code() -> None:
    """The guest half defines what the rewriting promises."""
    source = ouros_world.source()
    for owner, names in ouros_world.FUNCTIONS.items():
        assert [name for name in names if f"'{owner}.{name}': " not in source] == []
