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
from greatwheel.testing.driving import drive

LIMITS = Limits(seconds=0.3, memory_bytes=128 * 1024 * 1024, host_calls=200, output_chars=2000)
MARK = "TOPSECRET"

PROGRAMS = r"""
# %% while true pass
while True: pass
# %% while true try while true pass except baseexcept
while True:
    try:
        while True: pass
    except BaseException: pass
# %% import itertools for   in itertools count pass
import itertools
for _ in itertools.count(): pass
# %% list range 10 10
list(range(10**10))
# %% sum range 10 12
sum(range(10**12))
# %% 9 9 9
9**9**9
# %% pow 7 10 9
pow(7, 10**9)
# %% x 10 5 while true x x x
x = 10**5
while True: x = x*x
# %% x 10 12
"x" * 10**12
# %% x 10 10
"x" * 10**10
# %% bytes 10 11
bytes(10**11)
# %% bytearray 10 11
bytearray(10**11)
# %% 0 10 10
[0] * 10**10
# %% x 1 while true x x x
x = [1]
while True: x = x + x
# %% x ab while true x x
x = "ab"
while True: x += x
# %% d i 0 while true d i str i 100 i 1
d = {}
i = 0
while True:
    d[i] = str(i)*100
    i += 1
# %% s set i 0 while true s add i str i i 1
s = set()
i = 0
while True:
    s.add((i, str(i)))
    i += 1
# %% join x 10 6 10 6
",".join(["x"*10**6]*10**6)
# %% a 10 6 replace a b 10 6
("a"*10**6).replace("a", "b"*10**6)
# %% 10000000000 format x
"{:>10000000000}".format("x")
# %% f x 10 11
f"{'x':>{10**11}}"
# %% 10000000000d 5
"%10000000000d" % 5
# %% a ljust 10 11
"a".ljust(10**11)
# %% a center 10 11
"a".center(10**11)
# %% a zfill 10 12
"a".zfill(10**12)
# %% t expandtabs 10 11
"\t".expandtabs(10**11)
# %% import re re match r a a 40 b
import re
re.match(r"(a+)+$", "a"*40 + "b")
# %% import re re sub x 10 6 y 10 6
import re
re.sub("", "x"*10**6, "y"*10**6)
# %% import re re compile 5000 5000
import re
re.compile("(" * 5000 + ")" * 5000)
# %% import re re findall a 0 1000 0 1000 0 1000 a 10
import re
re.findall("((a{0,1000}){0,1000}){0,1000}", "a"*1000)
# %% def f n return f n 1 f 0
def f(n): return f(n+1)
f(0)
# %% def f n try return f n 1 finally f n 1 f 0
def f(n):
    try: return f(n+1)
    finally: f(n+1)
f(0)
# %% class a def   repr   self return repr self repr
class A:
    def __repr__(self): return repr(self)
repr(A())
# %% class a def   getattr   self n return getattr se
class A:
    def __getattr__(self, n): return getattr(self, n+"x")
A().y
# %% class a def   eq   self o return self o a a
class A:
    def __eq__(self, o): return self == o
A() == A()
# %% class a def   str   self return str self print a
class A:
    def __str__(self): return str(self)
print(A())
# %% x for   in range 100000 x x repr x
x = []
for _ in range(100000): x = [x]
repr(x)
# %% x for   in range 200000 x x x x
x = []
for _ in range(200000): x = [x]
x == x
# %% x for   in range 200000 x x hash x
x = ()
for _ in range(200000): x = (x,)
hash(x)
# %% x for   in range 100000 x x import json json dum
x = []
for _ in range(100000): x = [x]
import json
json.dumps(x)
# %% import json json loads 200000
import json
json.loads("["*200000)
# %% import json json loads 1000000 1000000
import json
json.loads("["*1000000 + "]"*1000000)
# %% import json json loads a 100000
import json
json.loads('{"a":'*100000)
# %% x for   in range 100000 x x import copy copy dee
x = []
for _ in range(100000): x = [x]
import copy
copy.deepcopy(x)
# %% x for   in range 100000 x a x print x
x = {}
for _ in range(100000): x = {"a": x}
print(x)
# %% x for   in range 300000 x x x none
x = []
for _ in range(300000): x = [x]
x = None
# %% x x append x print x x x
x=[]
x.append(x)
print(x)
x == [x]
# %% x for   in range 100000 x x ask x
x = []
for _ in range(100000): x = [x]
ask(x)
# %% x for   in range 100000 x x x
x = []
for _ in range(100000): x = [x]
x
# %% while true print x 10 6
while True: print("x"*10**6)
# %% print x 10 8
print("x"*10**8)
# %% while true print
while True: print()
# %% import sys while true sys stdout write x 1000
import sys
while True: sys.stdout.write("x"*1000)
# %% import pprint while true pprint pprint x 100000
import pprint
while True: pprint.pprint("x"*100000)
# %% while true ask 1
while True: ask(1)
# %% while true try ask 1 except baseexception pass
while True:
    try: ask(1)
    except BaseException: pass
# %% ask x 10 8
ask("x"*10**8)
# %% import asyncio await asyncio gather ask i for i
import asyncio
await asyncio.gather(*[ask(i) for i in range(100000)])
# %% import asyncio async def f await f asyncio run f
import asyncio
async def f(): await f()
asyncio.run(f())
# %% import time time sleep 100
import time
time.sleep(100)
# %% import asyncio await asyncio sleep 100
import asyncio
await asyncio.sleep(100)
# %% open etc passwd read
open("/etc/passwd").read()
# %% open tmp x w write x
open("/tmp/x","w").write("x")
# %% from pathlib import path print list path iterdir
from pathlib import Path
print(list(Path("/").iterdir()))
# %% import os os system id
import os
os.system("id")
# %% import os print os environ
import os
print(os.environ)
# %% import os os kill os getppid 9
import os
os.kill(os.getppid(), 9)
# %% import os os  exit 0
import os
os._exit(0)
# %% import sys sys exit 0
import sys
sys.exit(0)
# %% raise systemexit
raise SystemExit
# %% import socket
import socket
# %% import ctypes
import ctypes
# %% import subprocess
import subprocess
# %% import   os system id
__import__("os").system("id")
# %% class     bases   0   subclasses
().__class__.__bases__[0].__subclasses__()
# %% lambda 0   globals
(lambda: 0).__globals__
# %% lambda 0   code
(lambda: 0).__code__
# %% import sys sys  getframe f back f globals
import sys
sys._getframe().f_back.f_globals
# %% import sys print sys modules
import sys
print(sys.modules)
# %% import gc gc get objects
import gc
gc.get_objects()
# %% import builtins builtins open etc passwd
import builtins
builtins.open("/etc/passwd")
# %% eval 1 1
eval("1+1")
# %% exec import os
exec("import os")
# %% compile 1 x eval
compile("1","x","eval")
# %% import importlib importlib import module os syst
import importlib
importlib.import_module("os").system("id")
# %% import pickle pickle loads b cos nsystem n s id
import pickle
pickle.loads(b"cos\nsystem\n(S'id'\ntR.")
# %% globals   builtins
globals()["__builtins__"]
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
# %% class e exception def   str   self while true pa
class E(Exception):
    def __str__(self):
        while True: pass
raise E()
# %% class e exception def   del   self while true pa
class E(Exception):
    def __del__(self):
        while True: pass
e = E(); del e
# %% join chr i for i in range 0x110000
"".join(chr(i) for i in range(0x110000))
# %% int 9 10 7
int("9"*10**7)
# %% str 10 10 6
str(10**10**6)
# %% import math math factorial 10 7
import math
math.factorial(10**7)
# %% import math math comb 10 7 5 10 6
import math
math.comb(10**7, 5*10**6)
# %% from fractions import fraction x fraction 1 3 wh
from fractions import Fraction
x = Fraction(1,3)
while True: x = x*x + 1
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
# %% import collections d collections deque while tru
import collections
d = collections.deque()
while True: d.append("x"*1000)
# %% x a for   in range 100 x x replace a aaaaaaaaaa
x = "a"
for _ in range(100): x = x.replace("a", "aaaaaaaaaa")
# %% class h def   hash   self return 1 def   eq   se
class H:
    def __hash__(self): return 1
    def __eq__(self, o): return False
s = {H() for _ in range(100000)}
# %% sorted range 10 7 key lambda x x
sorted(range(10**7), key=lambda x: -x)
# %% 0 1000 for   in range 10 6
[[0]*1000 for _ in range(10**6)]
# %% b x 10 11
b"x"*10**11
# %% memoryview b x 10 9
memoryview(b"x"*10**9)
# %% x range 10 18 x 10 17 index 10 18 1
x = range(10**18)
x[10**17:].index(10**18-1)
# %% 10 18 in range 0 10 19 7
(10**18) in range(0, 10**19, 7)
# %% a in a 10 9
"a" in "a"*10**9
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
# %% import random random random for   in range 10 9
import random
[random.random() for _ in range(10**9)]
# %% import datetime datetime datetime max datetime t
import datetime
datetime.datetime.max + datetime.timedelta(days=1)
# %% import zlib zlib compress b x 10 9
import zlib
zlib.compress(b"x"*10**9)
# %% import base64 base64 b64encode b x 10 9
import base64
base64.b64encode(b"x"*10**9)
# %% import string string template x 10 6 substitute
import string
string.Template("$x"*10**6).substitute(x="y"*10**4)
# %% import io s io stringio while true s write x 10
import io
s = io.StringIO()
while True: s.write("x"*10**6)
# %% x 1 10 11
x = 1 << 10**11
# %% x 1 10 30
x = -1 >> 10**30
# %% x 2 64 x x
x = 2**64
x << x
# %% divmod 10 1000000 3 100000
divmod(10**1000000, 3**100000)
# %% def g while true yield x list g
def g():
    while True: yield "x"
list(g())
# %% i i for i in range 10 9
{i: i for i in range(10**9)}
# %% import threading while true threading thread tar
import threading
while True: threading.Thread(target=print).start()
# %% from concurrent futures import threadpoolexecuto
from concurrent.futures import ThreadPoolExecutor
list(ThreadPoolExecutor().map(ask, [1,2,3]))
# %% list zip range 10 7 100
list(zip(*[range(10**7)]*100))
# %% x 0 for i in x x append i
x = [0]
for i in x: x.append(i)
# %% a x a   class   int
a = "x"
a.__class__ = int
# %% type x object
type("X", (object,), {})()
# %% class m type pass class c metaclass m pass
class M(type): pass
class C(metaclass=M): pass
# %% object   subclasses
object.__subclasses__()
# %% print   self
print.__self__
# %% ask   globals
ask.__globals__
# %% ask   closure
ask.__closure__
# %% del ask ask 1
del ask
ask(1)
"""
"""Blocks, each after a line with its name."""

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
