"""Programs that try to harm the host, and the clauses that no engine may break whatever a guest runs.

Each program has a category and a name. It runs under a second and 128 MiB; it may end in any way, but in time, and
nothing of the host may show. `MARK` stands in an environment variable, a file and a variable of another session.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar

import pytest
import pytest_asyncio

from greatwheel.core.errors import SandboxLost
from greatwheel.sandbox.port import Engine, Event, Finished, HostCalls, Limits, Raised, Returned
from greatwheel.testing.contracts.binding import HOST, open_named

MARK = "gw-mark-7c1e55"
LIMITS = Limits(seconds=1.0, memory_bytes=128 * 1024 * 1024, output_chars=10_000, host_calls=500)
GRACE = 1.0
"""Seconds that a program may take beyond its limit where each process that is ready has a core."""
HOST_GROWTH = 256 * 1024 * 1024
"""Bytes by which the host's peak memory may rise over a program."""

LOOPS = {
    "while": "while True: pass",
    "while_counting": "n = 0\nwhile True:\n    n += 1",
    "catch_all": "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "catch_bare": "while True:\n    try:\n        1 / 0\n    except: pass",
    "in_finally": "try:\n    1 / 0\nfinally:\n    while True: pass",
    "in_except": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    while True: pass",
    "in_method": "class A:\n    def f(self):\n        while True: pass\nA().f()",
    "in_init": "class A:\n    def __init__(self):\n        while True: pass\nA()",
    "in_repr": "class A:\n    def __repr__(self):\n        while True: pass\nprint(A())",
    "in_eq": "class A:\n    def __eq__(self, o):\n        while True: pass\nA() == A()",
    "in_lambda": "f = lambda: [0 for i in range(10**12)]\nf()",
    "in_comprehension": "[0 for i in range(10**12) if i < 0]",
    "in_generator_argument": "sum(0 for i in range(10**12))",
    "in_key_function": "def f(x):\n    while True: pass\nsorted([1, 2], key=f)",
    "range_sum": "sum(range(10**13))",
    "range_in": "-1.5 in range(10**13)",
    "growing_iteration": "a = [1]\nfor x in a:\n    a.append(x)",
    "itertools": "import itertools\nfor i in itertools.count(): pass",
    "itertools_consumed": "import itertools\nlist(itertools.islice(itertools.repeat(1), 10**12))",
    "product": "import itertools\nn = 0\nfor x in itertools.product(range(1000), repeat=8): n += 1",
    "asyncio": "import asyncio\nasync def f():\n    while True:\n        await asyncio.sleep(0)\nasyncio.run(f())",
    "sleep": "import time\ntime.sleep(3600)",
    "sleep_repeated": "import time\nwhile True: time.sleep(1)",
    "busy_clock": "import time\nt = time.time()\nwhile time.time() - t < 60: pass",
}
TEXT_BOMBS = {
    "text_times": "x = 'x' * 10**12",
    "text_doubling": "x = 'x'\nwhile True: x += x",
    "text_join": "x = ','.join(['x' * 10**6] * 10**6)",
    "text_join_long": "x = ('y' * 10**7).join(['x'] * 10**6)",
    "text_replace": "x = ('a' * 10**6).replace('a', 'b' * 10**6)",
    "text_replace_empty": "x = ('a' * 10**6).replace('', 'b' * 10**6)",
    "text_pad": "x = 'a'.ljust(10**12)",
    "text_center": "x = 'a'.center(10**11, '*')",
    "text_zfill": "x = '1'.zfill(10**12)",
    "text_expandtabs": "x = ('\\t' * 10**6).expandtabs(10**6)",
    "format_width": "x = f'{1:>{10**12}}'",
    "format_method_width": "x = '{:>1000000000000}'.format(1)",
    "format_precision": "x = f'{1.5:.1000000000f}'",
    "percent_width": "x = '%1000000000000d' % 1",
    "percent_star": "x = '%*d' % (10**11, 1)",
    "splitlines": "x = ('a\\n' * 50000000).splitlines()",
    "split": "x = list('a,' * 100000000)",
    "translate": "x = ('a' * 10**7).translate({97: 'b' * 10**4})",
    "bytes_size": "x = bytes(10**11)",
    "bytes_times": "x = b'x' * 10**12",
    "encode": "x = ('é' * 60000000).encode('utf-8')",
    "repr_text": "x = repr('\\x00' * 60000000)",
}
CONTAINER_BOMBS = {
    "list_times": "x = [0] * 10**11",
    "list_append": "x = []\nwhile True: x.append(x[:])",
    "list_extend_itself": "x = [1]\nwhile True: x.extend(x)",
    "list_of_range": "x = list(range(10**11))",
    "list_slices": "x = list(range(10**6))\ny = [x[:] for i in range(10**6)]",
    "tuple_times": "x = (1,) * 10**11",
    "dict_growing": "x = {}\nn = 0\nwhile True:\n    x[n] = 'v' * 100 + str(n)\n    n += 1",
    "dict_comprehension": "x = {i: i for i in range(10**10)}",
    "set_growing": "x = set()\nn = 0\nwhile True:\n    x.add(n)\n    n += 1",
    "caught_memory_error": "x = []\nwhile True:\n    try: x.append('x' * 10**6 + str(len(x)))\n    except: pass",
    "shared_tree": "x = []\nfor i in range(60): x = [x, x]\nx",
    "shared_tree_printed": "x = []\nfor i in range(60): x = [x, x]\nprint(x)",
    "shared_tree_compared": "x, y = [], []\nfor i in range(60):\n    x, y = [x, x], [y, y]\nx == y",
    "shared_tree_asked": "x = []\nfor i in range(60): x = [x, x]\nask(x)",
    "combinations": "import itertools\nx = list(itertools.permutations(range(12)))",
    "counter": "from collections import Counter\nx = Counter(range(10**10))",
    "deque": "from collections import deque\nx = deque(range(10**10))",
}
NUMBER_BOMBS = {
    "power": "x = 9**9**9",
    "power_nested": "x = 10**10**10**10",
    "pow_function": "x = pow(7, 10**9)",
    "shift": "x = 1 << 10**12",
    "multiplying": "x = 3\nwhile True: x *= x",
    "factorial": "import math\nx = math.factorial(10**8)",
    "comb": "import math\nx = math.comb(10**9, 5 * 10**8)",
    "text_of_int": "x = str(1 << 10**7)",
    "int_of_text": "x = int('9' * 10**7)",
    "division": "x = (10**300000) // 7\ny = 0\nwhile True: y = (x * x) % (x + 1)",
    "float_power": "x = 1e308 ** 1e308",
    "decimal": "from decimal import Decimal, getcontext\ngetcontext().prec = 10**9\nx = Decimal(1) / Decimal(7)",
    "fraction": "from fractions import Fraction\nx = Fraction(1, 3)\nwhile True: x = x * x + 1",
    "round": "x = round(12345, -10**10)",
}
NESTING = {
    "call_recursion": "def f(): return f()\nf()",
    "mutual_recursion": "def f(): return g()\ndef g(): return f()\nf()",
    "caught_recursion": "def f():\n    try:\n        return f()\n    except RecursionError:\n        return f()\nf()",
    "repr_recursion": "class A:\n    def __repr__(self): return repr(self)\nrepr(A())",
    "str_recursion": "class A:\n    def __str__(self): return str(self)\nprint(A())",
    "getattr_recursion": "class A:\n    def __getattr__(self, n): return getattr(self, n + 'x')\nA().y",
    "eq_recursion": "class A:\n    def __eq__(self, o): return o == self\nA() == A()",
    "source_parentheses": "(" * 5000 + "1" + ")" * 5000,
    "source_lists": "x = " + "[" * 3000 + "]" * 3000,
    "source_minuses": "x = " + "-" * 20000 + "1",
    "source_nots": "x = " + "not " * 20000 + "1",
    "source_additions": "x = " + "1+" * 20000 + "1",
    "source_attributes": "x = a" + ".b" * 20000,
    "source_calls": "x = a" + "()" * 10000,
    "source_ifs": "".join("  " * i + "if 1:\n" for i in range(150)) + "  " * 150 + "pass",
    "source_lambdas": "x = " + "lambda: " * 5000 + "1",
    "source_f_strings": "x = " + "f'{" * 50 + "1" + "}'" * 50,
    "source_conditionals": "x = " + "1 if 1 else " * 5000 + "1",
    "source_elifs": "if 0: pass\n" + "elif 0: pass\n" * 5000,
    "list_deep": "x = []\nfor i in range(500000): x = [x]\nx",
    "list_deep_printed": "x = []\nfor i in range(500000): x = [x]\nprint(x)",
    "list_deep_compared": "x, y = [], []\nfor i in range(300000):\n    x, y = [x], [y]\nx == y",
    "list_deep_asked": "x = []\nfor i in range(300000): x = [x]\nask(x)",
    "tuple_deep_hashed": "x = ()\nfor i in range(300000): x = (x,)\nhash(x)",
    "dict_deep_copied": "import copy\nx = {}\nfor i in range(300000): x = {1: x}\ncopy.deepcopy(x)",
    "list_in_itself": "x = []\nx.append(x)\nprint(x)\nx == x\nask(x)",
    "json_deep": "import json\njson.loads('[' * 300000 + ']' * 300000)",
    "json_deep_objects": "import json\njson.loads('{\"a\":' * 100000 + '1' + '}' * 100000)",
    "json_dumps_deep": "import json\nx = []\nfor i in range(300000): x = [x]\njson.dumps(x)",
    "json_dumps_cycle": "import json\nx = []\nx.append(x)\njson.dumps(x)",
    "eval_deep": "eval('(' * 10000 + ')' * 10000)",
    "exec_recursion": "s = 'exec(s)'\nexec(s)",
    "literal_deep": "import ast\nast.literal_eval('[' * 10000 + ']' * 10000)",
    "instance_chain": "class N:\n    def __init__(self, n): self.n = n\nx = None\nfor i in range(300000): x = N(x)\nx",
}
PATTERNS = {
    "backtracking": "import re\nre.match('(a+)+$', 'a' * 40 + 'b')",
    "backtracking_alternatives": "import re\nre.match('(a|aa)+$', 'a' * 60 + 'b')",
    "backtracking_groups": "import re\nre.search('(x+x+)+y', 'x' * 60)",
    "repeat_huge": "import re\nre.compile('(a{1,30000}){1,30000}')",
    "nested_repeats": "import re\nre.compile('((((a{100}){100}){100}){100})')",
    "pattern_deep": "import re\nre.compile('(' * 50000 + ')' * 50000)",
    "pattern_long": "import re\nre.compile('|'.join('a' * i for i in range(5000)))",
    "sub_growing": "import re\nx = re.sub('a', 'b' * 10**6, 'a' * 10**6)",
    "sub_empty": "import re\nx = re.sub('', 'b' * 10**5, 'a' * 10**7)",
    "findall_many": "import re\nx = re.findall('', 'a' * 10**8)",
    "split_many": "import re\nx = re.split('', 'a' * 10**8)",
}
OUTPUT = {
    "print_long": "print('x' * 100000000)",
    "print_without_end": "while True: print('x' * 1000)",
    "print_lines": "while True: print()",
    "print_caught": "while True:\n    try:\n        print('x' * 10**6)\n    except BaseException: pass",
    "print_separator": "print(*range(100000), sep='x' * 10000)",
    "print_end": "for i in range(10**9): print('', end='y' * 10000)",
    "print_surrogate": "print('\\ud800' * 1000)",
    "print_in_recursion": "def f():\n    print('x' * 10**5)\n    f()\nf()",
    "error_long": "raise ValueError('x' * 50000000)",
    "value_long": "'x' * 100000000",
    "name_long": "x" * 100000 + " = 1\n1 / 0",
}
HOST_CALLS = {
    "calls_without_end": "while True: ask(1)",
    "calls_caught": "while True:\n    try:\n        ask(1)\n    except BaseException: pass",
    "calls_recursive": "def f(n):\n    ask(n)\n    return f(n + 1)\nf(0)",
    "calls_in_gather": "import asyncio\nawait asyncio.gather(*[ask(i) for i in range(100000)])",
    "calls_large": "while True: ask('x' * 10**7)",
    "call_with_150_mb": "ask(['x' * 10**6 + str(i) for i in range(100)])",
    "call_with_many_arguments": "ask(*range(10**6))",
    "call_with_itself": "x = {}\nx['x'] = x\nask(x, k=x)",
    "call_with_a_lambda": "ask(lambda: ask(1))",
    "call_odd_names": "ask(**{'a b': 1, '__class__': 2, '': 3})",
}
REACH = {
    "file_read": "print(open('SECRET_FILE').read())",
    "file_read_pathlib": "from pathlib import Path\nprint(Path('SECRET_FILE').read_text())",
    "file_read_relative": "print(open('../../../../../../../../../../..SECRET_FILE').read())",
    "file_proc": "print(open('/proc/self/environ').read())",
    "file_passwd": "print(open('/etc/passwd').read())",
    "file_write": "open('SECRET_FILE', 'w').write('gone')",
    "file_write_pathlib": "from pathlib import Path\nPath('SECRET_FILE').write_text('gone')",
    "file_remove": "import os\nos.remove('SECRET_FILE')",
    "file_remove_pathlib": "from pathlib import Path\nPath('SECRET_FILE').unlink()",
    "folder_list": "import os\nprint(os.listdir('/'))",
    "folder_walk": "from pathlib import Path\nprint(list(Path('/').iterdir()))",
    "environment": "import os\nprint(os.environ)",
    "environment_get": "import os\nprint(os.getenv('GREATWHEEL_MARK'))",
    "environment_items": "import os\nfor k, v in os.environ.items(): print(k, v)",
    "command": "import os\nos.system('cat SECRET_FILE')",
    "subprocess": "import subprocess\nprint(subprocess.check_output(['cat', 'SECRET_FILE']))",
    "fork": "import os\nwhile True: os.fork()",
    "kill": "import os, signal\nos.kill(os.getppid(), 9)",
    "exit": "import os\nos._exit(0)",
    "system_exit": "raise SystemExit(7)",
    "sys_exit": "import sys\nsys.exit(3)",
    "quit": "quit()",
    "socket": "import socket\nsocket.create_connection(('127.0.0.1', 22))",
    "url": "import urllib.request\nprint(urllib.request.urlopen('http://127.0.0.1').read())",
    "http": "import http.client\nhttp.client.HTTPConnection('127.0.0.1').request('GET', '/')",
    "ctypes": "import ctypes\nctypes.string_at(0)",
    "import_host": "import greatwheel\nprint(greatwheel.__path__)",
    "import_dunder": "print(__import__('os').environ)",
    "importlib": "import importlib\nprint(importlib.import_module('os').environ)",
    "builtins": "print(__builtins__)",
    "builtins_of_function": "def f(): pass\nprint(f.__globals__['__builtins__'])",
    "subclasses": "print([c for c in ().__class__.__bases__[0].__subclasses__()])",
    "subclasses_popen": "print([c for c in object.__subclasses__() if 'Popen' in c.__name__])",
    "mro": "print(''.__class__.__mro__)",
    "frames": "import sys\nprint(sys._getframe().f_back.f_locals)",
    "frames_of_traceback": "try:\n    1 / 0\nexcept Exception as e:\n    print(e.__traceback__.tb_frame.f_globals)",
    "frames_of_generator": "g = (i for i in [1])\nprint(g.gi_frame.f_globals)",
    "modules": "import sys\nprint(sys.modules['os'].environ)",
    "code_object": "def f(): pass\nf.__code__ = f.__code__.replace(co_code=b'\\x00' * 100)\nf()",
    "format_attributes": "print('{0.__class__.__init__.__globals__}'.format(ask))",
    "host_function_attributes": "print(ask.__globals__, ask.__code__, ask.__self__)",
    "gc": "import gc\nprint(gc.get_objects())",
    "inspect": "import inspect\nprint(inspect.stack())",
    "pickle": "import pickle\npickle.loads(b\"cos\\nsystem\\n(S'cat SECRET_FILE'\\ntR.\")",
    "marshal": "import marshal\nmarshal.loads(b'\\xff' * 100)",
    "compile": "exec(compile('import os; print(os.environ)', 'x', 'exec'))",
    "eval_import": "print(eval(\"__import__('os').environ\"))",
    "thread": "import threading\nwhile True: threading.Thread(target=lambda: None).start()",
    "other_session": "print(mark_of_another_session)",
    "stdin": "print(input())",
    "breakpoint": "breakpoint()",
    "open_descriptor": "import os\nprint(os.read(0, 100), os.read(3, 100))",
    "type_forging": "type('X', (), {'__del__': lambda s: ask(1)})()",
    "wrapper_forging": "ask({'$tuple': [1]}, {'__gw__': 'x'}, '<function f at 0x1>')",
}

PROGRAMS: dict[str, str] = {
    f"{category}.{name}": code
    for category, programs in {
        "loop": LOOPS,
        "text": TEXT_BOMBS,
        "container": CONTAINER_BOMBS,
        "number": NUMBER_BOMBS,
        "nesting": NESTING,
        "pattern": PATTERNS,
        "output": OUTPUT,
        "calls": HOST_CALLS,
        "reach": REACH,
    }.items()
    for name, code in programs.items()
}
"""`category.name` → program; SECRET_FILE stands for the path of a file that holds the mark."""


@pytest.mark.asyncio(loop_scope="class")
class HostileContract:
    """No program harms the host, leaks what is not its own, or takes longer than its limit and a second."""

    FACTORY: ClassVar[str]
    """`module:callable` of the engine."""

    @pytest_asyncio.fixture(scope="class", loop_scope="class")
    @classmethod
    async def engine(cls) -> AsyncIterator[Engine]:
        """One engine for all programs; another of its sessions holds the mark."""
        os.environ["GREATWHEEL_MARK"] = MARK
        engine = open_named(cls.FACTORY)
        neighbour = await engine.open(host_functions=HOST)
        await neighbour.set("mark_of_another_session", MARK)
        yield engine
        assert await neighbour.get("mark_of_another_session") == MARK
        await neighbour.close()
        await engine.close()
        del os.environ["GREATWHEEL_MARK"]

    @pytest.mark.parametrize("program", PROGRAMS)
    async def test_hostile(self, engine: Engine, tmp_path: Path, program: str) -> None:
        """The program ends in time, shows nothing of the host, and the engine goes on."""
        secret = tmp_path / "secret"
        secret.write_text(MARK)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        told, took = await run_hostile(engine, PROGRAMS[program].replace("SECRET_FILE", str(secret)))
        assert took < LIMITS.seconds + GRACE * _crowding(), f"took {took:.1f} s"
        assert MARK not in told
        assert "root:" not in told
        assert secret.read_text() == MARK
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before < HOST_GROWTH
        fresh = await engine.open(limits=LIMITS)
        assert await fresh.run("1 + 1") == Finished(value=2)
        await fresh.close()


def _crowding() -> float:
    """How many processes want each core, and one at least: by so much the host's own timers come later."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


async def run_hostile(engine: Engine, code: str) -> tuple[str, float]:
    """All that a program makes known: its output, its calls, its error; and the seconds that it took.

    It must end in one of the port's ways."""
    session = await engine.open(host_functions=HOST, limits=LIMITS)
    told: list[str] = []
    begun = time.monotonic()
    took = 0.0
    try:
        async with asyncio.timeout(30):
            event: Event = await session.run(code)
            while isinstance(event, HostCalls):
                told.append(event.stdout)
                told.extend(str(call.name) for call in event.calls)
                event = await session.resume({call.id: Returned(value=None) for call in event.calls})
        took = time.monotonic() - begun
        assert isinstance(event, Finished | Raised)
        told.append(event.stdout)
        told.append(event.message[:100_000] if isinstance(event, Raised) else type(event.value).__name__)
        with contextlib.suppress(SandboxLost):
            if isinstance(event, Raised):
                assert (await session.run("print('on')")).stdout == "on\n"
    except SandboxLost as error:
        took = time.monotonic() - begun
        told.append(str(error))
    finally:
        await session.close()
    return "".join(told), took
