"""Programs that try to harm the host, the engine or the adapter: each ends in time and leaves other sessions whole."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from greatwheel.core.errors import SandboxLost
from greatwheel.sandbox.ouros import OurosEngine, OurosSession
from greatwheel.sandbox.port import Finished, HostCalls, Limits, Raised
from greatwheel.testing.contracts.hostile import HostileContract
from greatwheel.testing.driving import drive

pytestmark = pytest.mark.hostile

LIMITS = Limits(seconds=0.3, memory_bytes=128 * 1024 * 1024, host_calls=200, output_chars=2000)
MARK = "TOPSECRET"

PROGRAMS = r"""
# %% list range 10 10
list(range(10**10))
# %% sum range 10 12
sum(range(10**12))
# %% x 10 12
"x" * 10**12
# %% bytes 10 11
bytes(10**11)
# %% f x 10 11
f"{'x':>{10**11}}"
# %% t expandtabs 10 11
"\t".expandtabs(10**11)
# %% class a def   getattr   self n return getattr se
class A:
    def __getattr__(self, n): return getattr(self, n+"x")
A().y
# %% x for   in range 100000 x x import copy copy dee
x = []
for _ in range(100000): x = [x]
import copy
copy.deepcopy(x)
# %% import pprint while true pprint pprint x 100000
import pprint
while True: pprint.pprint("x"*100000)
# %% from pathlib import path print list path iterdir
from pathlib import Path
print(list(Path("/").iterdir()))
# %% ouros host os system
_ouros_host("os.system", "[]")
# %% ouros host ask not json
_ouros_host("ask", "not json")
# %% ouros host ask i zz
_ouros_host("ask", '[[["i","zz"]],[]]')
# %% ouros host
_ouros_host()
# %% ouros take
_ouros_take()
# %% ouros defer ask
_ouros_defer("ask", "[[],[]]")
# %% ouros host none  ouros encode none ask 1
_ouros_host = None
_ouros_encode = None
ask(1)
# %% ouros json none  ouros value 5 1
_ouros_json = None
_ouros_value = 5
1
# %% def  ouros value v return 5
def _ouros_value(v): return ["[[[["]
5
# %% ouros out append 5  ouros room 0 10 12 print x 1
_ouros_out.append(5)
_ouros_room[0] = 10**12
print("x"*10**6)
# %% def  ouros tail n return x 10 7 1 0
def _ouros_tail(n): return "x"*10**7
1/0
# %% def  ouros describe n return 1
def _ouros_describe(n): return "[[1]]"
# %% int 9 10 7
int("9"*10**7)
# %% str 10 10 6
str(10**10**6)
# %% from decimal import decimal getcontext getcontex
from decimal import Decimal, getcontext
getcontext().prec = 10**9
Decimal(1)/Decimal(3)
# %% import itertools list itertools permutations ran
import itertools
list(itertools.permutations(range(20)))
# %% import itertools list itertools product range 10
import itertools
list(itertools.product(range(1000), repeat=4))
# %% sorted range 10 7 key lambda x x
sorted(range(10**7), key=lambda x: -x)
# %% memoryview b x 10 9
memoryview(b"x"*10**9)
# %% import statistics statistics mean range 10 9
import statistics
statistics.mean(range(10**9))
# %% import textwrap textwrap fill a 10 7 1
import textwrap
textwrap.fill("a "*10**7, 1)
# %% import difflib difflib sequencematcher none ab 1
import difflib
difflib.SequenceMatcher(None, "ab"*100000, "ba"*100000).ratio()
# %% import hashlib hashlib pbkdf2 hmac sha256 b a b
import hashlib
hashlib.pbkdf2_hmac("sha256", b"a", b"b", 10**9)
# %% import zlib zlib compress b x 10 9
import zlib
zlib.compress(b"x"*10**9)
# %% import base64 base64 b64encode b x 10 9
import base64
base64.b64encode(b"x"*10**9)
# %% import string string template x 10 6 substitute
import string
string.Template("$x"*10**6).substitute(x="y"*10**4)
# %% from concurrent futures import threadpoolexecuto
from concurrent.futures import ThreadPoolExecutor
list(ThreadPoolExecutor().map(ask, [1,2,3]))
# %% list zip range 10 7 100
list(zip(*[range(10**7)]*100))
"""
"""What kills this engine, or tries to reach through the adapter: blocks, each after a line with its name."""

SOURCES: dict[str, str] = {
    "parentheses": "(" * 100_000,
    "lists": "[" * 50_000 + "]" * 50_000,
    "calls": "f(" * 5_000 + ")" * 5_000,
    "minus_signs": "-" * 100_000 + "1",
    "long_sum": "+".join(["1"] * 200_000),
    "attributes": "a" + ".b" * 100_000,
    "indentation": "".join(" " * i + "if 1:\n" for i in range(99)) + " " * 99 + "pass",
    "lambdas": "lambda:" * 5_000 + "1",
    "lines": "x=1\n" * 300_000,
    "f_strings": "f'{" * 50,
    "long_name": "a" * 1_000_000,
    "null_byte": "x=1\x00",
    "names": "\n".join(f"v{i}=1" for i in range(70_000)),
    "branches": "if 0: pass\n" + "elif 0: pass\n" * 20_000,
    "digits": "x=" + "9" * 1_000_000,
    "surrogate": "x='\\ud800'\nprint(x)",
    "dict_items": "x={" + ",".join(f"{i}:{i}" for i in range(100_000)) + "}",
    "arguments": "print(" + ",".join("1" for i in range(100_000)) + ")",
    "comparisons": "1" + "<1" * 100_000,
    "decorators": "@f\n" * 10_000 + "def f(): pass",
    "subscripts": "a" + "[0]" * 20_000,
    "powers": "2" + "**2" * 3_000,
}
"""What is too much of → the source text."""


class TestHostileOuros(HostileContract):
    """Every program of the shared list."""

    FACTORY = "greatwheel.sandbox.ouros:OurosEngine"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> AsyncIterator[OurosEngine]:
    """One engine for all programs, so that harm done by one shows in the next."""
    engine = OurosEngine()
    yield engine
    await engine.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def neighbour(engine: OurosEngine) -> OurosSession:
    """A session that lives through all programs."""
    session = await engine.open()
    await session.run("kept = 1")
    return session


def programs() -> dict[str, str]:
    """Name → program."""
    blocks = [block.partition("\n") for block in PROGRAMS.split("# %% ")[1:]]
    return {name: block.rstrip("\n") for name, _, block in blocks}


async def survives(engine: OurosEngine, neighbour: OurosSession, program: str) -> None:
    """Run a program and check what has to hold of any."""
    session = await engine.open(host_functions=frozenset({"ask"}), limits=LIMITS)
    await engine.warm()
    begun = time.monotonic()
    try:
        ended = await drive(session, program)
    except SandboxLost:
        pass
    else:
        assert isinstance(ended.event, Finished | Raised)
        assert len(ended.stdout) < LIMITS.output_chars + 500
        assert "root:" not in repr(ended)
        assert len(ended.calls) <= LIMITS.host_calls
    assert time.monotonic() - begun < LIMITS.seconds + 1.0
    await session.close()
    assert await neighbour.run("print(kept)") == Finished(stdout="1\n")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", programs())
async def test_program_ends_in_time_and_harms_nothing(engine: OurosEngine, neighbour: OurosSession, name: str) -> None:
    """The program finishes, raises, or loses its own sandbox, within its limit and a second."""
    await survives(engine, neighbour, programs()[name])


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", SOURCES)
async def test_source_ends_in_time_and_harms_nothing(engine: OurosEngine, neighbour: OurosSession, name: str) -> None:
    """A source text that is too deep or too long does no more harm than a program."""
    await survives(engine, neighbour, SOURCES[name])


@pytest.mark.asyncio(loop_scope="module")
async def test_worker_has_no_environment_and_no_files(engine: OurosEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker's process inherits neither the host's environment nor its open files."""
    monkeypatch.setenv("GREATWHEEL_TEST_MARK", MARK)
    other = OurosEngine(spares=0)
    session = await other.open()
    process = Path(f"/proc/{session.worker_pid}")
    assert MARK.encode() not in (process / "environ").read_bytes()
    opened = {os.readlink(entry).partition(":")[0] for entry in (process / "fd").iterdir()}
    assert opened <= {"/dev/null", "socket"}
    await other.close()


@pytest.mark.asyncio(loop_scope="module")
async def test_adapter_names_can_not_reach_other_functions(engine: OurosEngine) -> None:
    """A guest that calls the adapter's own functions gets no further than its host functions."""
    session = await engine.open(host_functions=frozenset({"ask"}), limits=LIMITS)
    event = await session.run("""print(_ouros_host("os.system", "[[], []]"))""")
    assert event == Finished(stdout="(False, 'NameError', \"name 'os.system' is not defined\")\n")
    event = await session.run("""_ouros_host("ask", '[["id"], []]')""")
    assert isinstance(event, HostCalls)
    assert (event.calls[0].name, event.calls[0].args) == ("ask", ("id",))
    await session.close()
