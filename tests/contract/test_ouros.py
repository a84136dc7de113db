"""The sandbox contract, held by the Ouros engine, and what is particular to it."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
from collections.abc import Mapping
from typing import ClassVar

import pytest

from greatwheel.core.errors import DumpInvalid, SandboxLost
from greatwheel.sandbox.ouros import OurosEngine, OurosSession
from greatwheel.sandbox.port import Finished, HostCalls, Raised, SandboxSession
from greatwheel.testing.contracts.binding import HOST
from greatwheel.testing.contracts.sandbox import SandboxContract
from greatwheel.testing.driving import drive

CALLBACKS: dict[str, tuple[str, str]] = {
    "map": ("print(list(map(ask, [1, 2])))", "[1, 2]\n"),
    "map_of_two": ("print(list(map(lambda a, b: ask(a + b), [1, 2], [3, 4])))", "[4, 6]\n"),
    "filter": ("print(list(filter(ask, [1, 0, 2])))", "[1, 2]\n"),
    "sorted": ("print(sorted([3, 1, 2], key=ask, reverse=True))", "[3, 2, 1]\n"),
    "sort": ("xs = [3, 1, 2]\nxs.sort(key=lambda x: ask(-x))\nprint(xs)", "[3, 2, 1]\n"),
    "max": ("print(max([1, 3, 2], key=ask), min([3, 1], key=ask, default=0))", "3 1\n"),
    "all": ("print(all(ask(i) for i in [1, 0, 1]))", "False\n"),
    "join": ("print('-'.join(str(ask(i)) for i in range(3)))", "0-1-2\n"),
    "star": ("print(*(ask(i) for i in range(3)))", "0 1 2\n"),
    "unpacking": ("a, b = (ask(i) for i in range(2))\nprint(a, b)", "0 1\n"),
    "generator_function": ("def g():\n    yield ask(1)\n    yield ask(2)\nprint(list(g()), sum(g()))", "[1, 2] 3\n"),
    "defaultdict": ("from collections import defaultdict\nprint(defaultdict(lambda: ask(5))['k'])", "5\n"),
    "reduce": ("import functools\nprint(functools.reduce(lambda a, b: ask(a + b), [1, 2, 3]))", "6\n"),
}
"""Built-ins that call back → (program, what it prints when `ask` returns its argument)."""

HOST_PROGRAM = """
import asyncio
from greatwheel.sandbox.ouros import OurosEngine

async def main():
    engine = OurosEngine(spares=0)
    session = await engine.open()
    print(session.worker_pid, flush=True)
    await session.run("while True: pass")

asyncio.run(main())
"""


class TestOuros(SandboxContract):
    """Every clause, but for the known gaps."""

    FACTORY = "greatwheel.sandbox.ouros:OurosEngine"
    KNOWN_GAPS: ClassVar[Mapping[str, str]] = {
        "test_pausing_in_gather_goes_on_where_it_can": "the engine loses coroutines when only some futures are "
        "resolved, so answers wait until all calls in flight have theirs",
    }

    def worker_pid(self, session: SandboxSession) -> int:
        assert isinstance(session, OurosSession)
        return session.worker_pid

    @pytest.mark.parametrize("place", CALLBACKS)
    async def test_pausing_inside_a_callback(self, session: SandboxSession, place: str) -> None:
        """A host call pauses also where a built-in function calls back, which the engine gets wrong by itself."""
        code, expected = CALLBACKS[place]
        ended = await drive(session, code)
        assert ended.stdout == expected, ended.event

    async def test_pausing_leaves_a_function_that_uses_a_later_global(self, session: SandboxSession) -> None:
        """A function finds a global that a later block binds, and the error before that names it."""
        await drive(session, "def f():\n    return later + 1")
        early = await session.run("f()")
        assert isinstance(early, Raised)
        assert (early.type, early.message) == ("NameError", "name 'later' is not defined")
        await drive(session, "later = 1")
        assert (await drive(session, "f()")).event == Finished(value=2)

    async def test_failure_under_the_guests_own_name(self, session: SandboxSession) -> None:
        """An exception class of the guest is named in the failure, with the author's lines in the traceback."""
        await drive(session, "class Odd(ValueError): pass\ndef f(x):\n    raise Odd(f'no {x}')")
        event = await session.run("print('a')\nf(3)")
        assert isinstance(event, Raised)
        assert (event.type, event.message, event.stdout) == ("Odd", "no 3", "a\n")
        assert "_ouros_" not in event.traceback
        assert "raise Odd(f'no {x}')" in event.traceback

    async def test_limits_allocations_do_not_add_up(self, session: SandboxSession) -> None:
        """The engine's budget of a million allocations for a session's whole life is lifted."""
        for _ in range(3):
            assert isinstance(await session.run("xs = []\nfor i in range(600000): xs.append(i)"), Finished)

    async def test_dump_that_takes_another_path_is_refused(self, engine: OurosEngine, session: SandboxSession) -> None:
        """A block that depends on chance can't be run again: loading it says so instead of answering the wrong call."""
        event = await session.run("import random\nask(random.random())")
        assert isinstance(event, HostCalls)
        with pytest.raises(DumpInvalid, match="another path"):
            await engine.load(await session.dump(), host_functions=HOST)

    async def test_loss_of_the_host_ends_the_workers(self) -> None:
        """A worker dies with its host, even in the middle of an endless block."""
        host = await asyncio.create_subprocess_exec(sys.executable, "-c", HOST_PROGRAM, stdout=asyncio.subprocess.PIPE)
        assert host.stdout is not None
        worker = int(await host.stdout.readline())
        watched = os.pidfd_open(worker)
        os.kill(host.pid, signal.SIGKILL)
        await host.wait()
        ended, _, _ = await asyncio.to_thread(select.select, [watched], [], [], 5)
        os.close(watched)
        assert ended

    async def test_loss_by_cancelling_the_caller(self, engine: OurosEngine) -> None:
        """A caller that is cancelled while the guest runs leaves a lost session, never one that is out of step."""
        session = await engine.open()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(session.run("while True: pass"), 0.2)
        with pytest.raises(SandboxLost):
            await session.run("1")
        await session.close()
