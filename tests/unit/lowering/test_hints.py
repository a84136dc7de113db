"""What can't be lowered tells what to write instead."""

from __future__ import annotations

import pydantic_monty
import pytest

from greatwheel.sandbox.lowering import guest
from greatwheel.sandbox.lowering.pipeline import Lowered, lower
from greatwheel.sandbox.lowering.state import State


@pytest.mark.parametrize(
    ("code", "line", "words"),
    [
        ("x = 1\nclass A(dict): pass", 2, "keep a dict in an attribute"),
        ("\n\nclass A(Unknown): pass", 3, "base class Unknown is not known here"),
        ("class A:\n    for i in range(2): pass", 1, "`for` in a class body is not available here"),
        (
            "async def g():\n    yield 1\nasync def m():\n    await g()\nimport asyncio\nasyncio.run(m())",
            1,
            "return a list",
        ),
        ("def g():\n    print((yield 1) + 2)\ng()", 2, "yield inside an expression is not available here"),
        ("class A: pass\na = A()\na.x = 1\ndel a.x", 4, "set it to None instead"),
        ("class A:\n    def __new__(cls): return 1", 1, "make the object in a function"),
        (
            "class A:\n    def f(self): return super().f()\nclass B: pass\nclass C(A, B): pass",
            4,
            "super() across several base classes",
        ),
        ("globals()['a b'] = 1", 1, "bind the name, or use a dict"),
    ],
)
def test_a_construct_that_is_refused_names_itself(code: str, line: int, words: str, pool: pydantic_monty.Monty) -> None:
    """The guest gets a NotImplementedError at the construct's line, with what to write instead."""
    state = State(engine="monty")
    with pool.checkout() as session:
        session.feed_run(guest.source("core"))
        lowered = lower(code, state)
        assert isinstance(lowered, Lowered)
        for setup in lowered.setups:
            session.feed_run(setup.source)
        with pytest.raises(pydantic_monty.MontyRuntimeError, match="NotImplementedError") as raised:
            session.feed_run(lowered.source)
    frames = [frame for frame in raised.value.traceback() if f"-{len(lowered.setups) + 1}>" in frame.filename]
    told = lowered.lines[frames[-1].line - 1] if lowered.lines else frames[-1].line
    assert words in str(raised.value)
    assert told == line
