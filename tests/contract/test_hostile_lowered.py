"""Hostile programs and sources on the lowered engines: lowering is no way to harm the host."""

from __future__ import annotations

import resource
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from greatwheel.core.errors import SandboxLost
from greatwheel.sandbox.port import Engine, Finished, Raised
from greatwheel.server.composition import open_engine
from greatwheel.testing.contracts.hostile import HOST_GROWTH, LIMITS, HostileContract

pytestmark = pytest.mark.hostile

SOURCES: dict[str, str] = {
    "megabyte": "x = 1\n" * 170_000,
    "parentheses": "(" * 100_000,
    "minus_signs": "-" * 100_000 + "1",
    "long_sum": "x = 1j" + "+1" * 60_000,
    "long_or": "x = {1}" + "|{1}" * 30_000,
    "attributes": "x" + ".keys" * 20_000,
    "calls": "x" + ".add(1)" * 15_000,
    "method_chains": "s = {1}\nfor y in s:\n" + (" s" + ".add(1)" * 90 + "\n") * 190,
    "lambdas": "lambda: " * 15_000 + "1",
    "comprehensions": "[" * 60 + "1" + " for x in {1, 2}]" * 60,
    "f_strings": "s = {1}\n" + "x = f'{s} {s} {s} {s} {s} {s}'\n" * 4_000,
    "displays": "x = {" + "1, " * 40_000 + "}",
    "nested_loops": "".join("  " * i + f"for x{i} in {{1, 2}}:\n" for i in range(90)) + "  " * 90 + "pass",
    "nested_finally": "def g():\n"
    + "".join(" " * (i + 1) + "while 1:\n" + " " * (i + 2) + "try:\n" for i in range(0, 36, 2))
    + " " * 40
    + "yield 1\n"
    + "".join(" " * (i + 2) + "finally: x = 1\n" for i in range(34, -1, -2)),
    "nested_classes": "".join(" " * i + f"class A{i}(Exception):\n" for i in range(90)) + " " * 90 + "pass",
    "derived_classes": "class A0: pass\n" + "".join(f"class A{i}(A{i - 1}): x{i} = 1\n" for i in range(1, 2_500)),
    "properties": "class A:\n" + " @property\n def p(self): return self.p\n" * 2_000,
    "generators": "def g():\n" + " x = yield 1\n" * 8_000,
    "deletions": "x = 1\n" + "del x\n" * 15_000,
    "imports": "import statistics, difflib, fractions, enum, heapq\n" * 2_000,
    "conditions": "class A:\n def __len__(self): return 1\n" + "x = " + "A() and " * 12_000 + "1",
    "comparisons": "class A:\n def __lt__(self, o): return 1\n" + "x = 1" + " < 2" * 20_000,
    "names_of_ours": "_gw_iter = _gw_py_isinstance = None\nfor x in {1, 2}: print(x)\nprint(isinstance(1, int))",
}
"""What is too much of → the source text."""

SECONDS = 8.0
"""What a source may cost the host on a busy machine, its run included."""


class TestHostileLoweredMonty(HostileContract):
    """Every program, lowered for monty."""

    FACTORY = "greatwheel.server.composition:open_engine:monty"


class TestHostileLoweredOuros(HostileContract):
    """Every program, lowered for ouros."""

    FACTORY = "greatwheel.server.composition:open_engine:ouros"


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["monty", "ouros"])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    """One lowered engine for all sources."""
    engine = open_engine(request.param)
    yield engine
    await engine.close()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", SOURCES)
async def test_a_source_costs_the_host_little(engine: Engine, name: str) -> None:
    """A source that is too deep, too long, or that rewriting could blow up, ends in time and memory."""
    session = await engine.open(limits=LIMITS)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    begun = time.process_time()
    try:
        event = await session.run(SOURCES[name])
    except SandboxLost:
        pass
    else:
        assert isinstance(event, Finished | Raised)
        assert "greatwheel" not in repr(event)
    assert time.process_time() - begun < SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before < HOST_GROWTH
    await session.close()
    fresh = await engine.open()
    assert (await fresh.run("print(1 + 1)")).stdout == "2\n"
    await fresh.close()
