"""Clauses 5 and 9: limits and isolation."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from greatwheel.core.errors import SandboxLost
from greatwheel.sandbox.port import Engine, Finished, HostCalls, Limits, Raised, Returned, SandboxSession
from greatwheel.testing.contracts.binding import HOST, SandboxBinding
from greatwheel.testing.driving import drive

ENDLESS = {
    "loop": "while True:\n    pass",
    "loop_that_catches": "while True:\n    try:\n        while True: pass\n    except BaseException:\n        pass",
    "loop_in_finally": "try:\n    1 / 0\nfinally:\n    while True:\n        pass",
    "function": "def f():\n    n = 0\n    while True:\n        n += 1\nf()",
    "comprehension": "[0 for i in range(10**12) if i < 0]",
}
"""Programs that never end by themselves."""


class LimitClauses(SandboxBinding):
    """Clause 5."""

    @pytest.mark.parametrize("program", ENDLESS)
    async def test_limits_seconds(self, engine: Engine, program: str) -> None:
        """A block that runs on is stopped within a second of its limit; the session keeps its variables."""
        session = await engine.open(host_functions=HOST, limits=Limits(seconds=0.5))
        await drive(session, "kept = [1, 2]")
        begun = time.monotonic()
        event = await session.run("print('begun')\n" + ENDLESS[program])
        assert time.monotonic() - begun < 1.5
        assert isinstance(event, Raised)
        assert (event.type, event.limit, event.stdout) == ("TimeoutError", "seconds", "begun\n")
        assert (await drive(session, "print(kept, ask(3))")).stdout == "[1, 2] 3\n"
        await session.close()

    async def test_limits_seconds_are_for_each_block(self, engine: Engine) -> None:
        """The clock starts anew with each block."""
        session = await engine.open(limits=Limits(seconds=1.0))
        for _ in range(4):
            event = await session.run("import time\nt = time.time()\nwhile time.time() - t < 0.35:\n    pass")
            assert isinstance(event, Finished), event
        await session.close()

    async def test_limits_seconds_stand_still_while_a_call_waits(self, engine: Engine) -> None:
        """Waiting for the host is free."""
        session = await engine.open(host_functions=HOST, limits=Limits(seconds=0.4))
        event = await session.run("print(ask(1))")
        assert isinstance(event, HostCalls)
        await asyncio.sleep(0.8)
        event = await session.resume({event.calls[0].id: Returned(value="late")})
        assert event == Finished(stdout="late\n")
        await session.close()

    async def test_limits_seconds_count_over_calls(self, engine: Engine) -> None:
        """The clock is the block's: a block that calls the host again and again is stopped too."""
        session = await engine.open(host_functions=HOST, limits=Limits(seconds=0.5))
        begun = time.monotonic()
        ended = await drive(session, "while True:\n    for i in range(20000):\n        pass\n    ask(1)")
        assert isinstance(ended.event, Raised)
        assert ended.event.limit == "seconds"
        assert time.monotonic() - begun < 5
        await session.close()

    async def test_limits_memory(self, engine: Engine) -> None:
        """A block that takes too much memory is stopped; the session runs on."""
        session = await engine.open(limits=Limits(memory_bytes=64 * 1024 * 1024, seconds=5))
        await drive(session, "kept = 1")
        event = await session.run("print('begun')\nxs = []\nwhile True:\n    xs.append('x' * 1000000 + str(len(xs)))")
        assert isinstance(event, Raised)
        assert (event.type, event.limit, event.stdout) == ("MemoryError", "memory", "begun\n")
        assert (await drive(session, "xs = None\nprint(kept)")).stdout == "1\n"
        await session.close()

    async def test_limits_memory_counts_injected_values(self, engine: Engine) -> None:
        """A value that does not fit is refused or stops the guest; the session stays."""
        session = await engine.open(limits=Limits(memory_bytes=64 * 1024 * 1024))
        await session.set("small", "x" * 1000)
        assert (await drive(session, "print(len(small))")).stdout == "1000\n"
        await session.close()

    async def test_limits_recursion(self, engine: Engine) -> None:
        """Endless recursion is a RecursionError that the guest can meet too; the session runs on."""
        session = await engine.open(limits=Limits(recursion=200))
        event = await session.run("def f(n):\n    return f(n + 1)\nf(0)")
        assert isinstance(event, Raised)
        assert (event.type, event.limit) == ("RecursionError", "recursion")
        ended = await drive(session, "def g(n):\n    return 0 if n == 0 else 1 + g(n - 1)\nprint(g(100))")
        assert ended.stdout == "100\n"
        await session.close()

    async def test_limits_output_is_cut(self, engine: Engine) -> None:
        """Output beyond the limit is dropped and a line says so; the block runs on."""
        session = await engine.open(limits=Limits(output_chars=100))
        ended = await drive(session, "for i in range(100):\n    print('line', i)\nx = 5")
        assert isinstance(ended.event, Finished)
        assert ended.stdout.startswith("line 0\nline 1\n")
        assert len(ended.stdout) < 300
        assert "100" in ended.stdout.splitlines()[-1]
        assert (await drive(session, "print(x)")).stdout == "5\n"
        await session.close()

    async def test_limits_output_counts_over_calls(self, engine: Engine) -> None:
        """The limit is the block's, whatever the number of pauses; the next block starts anew."""
        session = await engine.open(host_functions=HOST, limits=Limits(output_chars=100))
        ended = await drive(session, "for i in range(20):\n    print('x' * 19)\n    ask(i)")
        assert ended.stdout.count("x") <= 100
        assert (await drive(session, "print('y' * 50)")).stdout == "y" * 50 + "\n"
        await session.close()

    async def test_limits_output_without_end(self, engine: Engine) -> None:
        """A block that prints without end is stopped, and the host holds none of it."""
        session = await engine.open(limits=Limits(output_chars=1000, seconds=1))
        begun = time.monotonic()
        try:
            event = await session.run("while True:\n    print('x' * 100000)")
        except SandboxLost:
            pass  # killed: on a busy machine a guest that waits for its output to be taken does not stop by itself
        else:
            assert isinstance(event, Raised)
            assert event.limit in ("output", "seconds")
            assert len(event.stdout) < 2000
            assert (await drive(session, "print('on')")).stdout == "on\n"
        assert time.monotonic() - begun < 2.5
        await session.close()

    async def test_limits_host_calls(self, engine: Engine) -> None:
        """A block that calls the host too often is stopped; the next block may call again."""
        session = await engine.open(host_functions=HOST, limits=Limits(host_calls=20))
        ended = await drive(
            session, "n = 0\nwhile True:\n    try:\n        ask(1)\n        n += 1\n    except Exception:\n        pass"
        )
        assert isinstance(ended.event, Raised)
        assert ended.event.limit == "host_calls"
        assert len(ended.calls) == 20
        assert (await drive(session, "print(n, ask(2))")).stdout == "20 2\n"
        await session.close()

    async def test_limits_host_calls_in_gather(self, engine: Engine) -> None:
        """Calls in flight count as well."""
        session = await engine.open(host_functions=HOST, limits=Limits(host_calls=20))
        ended = await drive(session, "import asyncio\nawait asyncio.gather(*[ask(i) for i in range(50)])")
        assert isinstance(ended.event, Raised)
        assert ended.event.limit == "host_calls"
        assert (await drive(session, "print(ask(2))")).stdout == "2\n"
        await session.close()

    async def test_limits_leave_other_sessions(self, engine: Engine) -> None:
        """While one guest spins, others run."""
        spinning = await engine.open(limits=Limits(seconds=1.0))
        other = await engine.open(host_functions=HOST)
        task = asyncio.create_task(spinning.run("while True:\n    pass"))
        await asyncio.sleep(0.05)
        begun = time.monotonic()
        assert (await drive(other, "print(ask(1))")).stdout == "1\n"
        assert time.monotonic() - begun < 0.7
        assert isinstance(await task, Raised)
        await spinning.close()
        await other.close()

    async def test_limits_sleep_is_not_a_way_out(self, engine: Engine) -> None:
        """A guest that sleeps does not hold its worker for longer than its limit."""
        session = await engine.open(limits=Limits(seconds=0.5))
        begun = time.monotonic()
        await session.run("import time\ntime.sleep(60)")
        assert time.monotonic() - begun < 1.5
        await session.close()


class IsolationClauses(SandboxBinding):
    """Clause 9."""

    async def test_isolation_of_names(self, engine: Engine) -> None:
        """Sessions share no names, not even by way of modules or built-ins."""
        first, second = await engine.open(), await engine.open()
        await drive(first, "secret = 'mine'\nimport math\ntry:\n    math.pi = 3\nexcept Exception:\n    pass")
        event = await second.run("secret")
        assert isinstance(event, Raised)
        assert event.type == "NameError"
        assert (await drive(second, "import math\nprint(math.pi > 3.1)")).stdout == "True\n"
        await first.close()
        await second.close()

    async def test_isolation_of_workers_used_again(self, engine: Engine) -> None:
        """A session opened after another was closed sees nothing of it."""
        for _ in range(5):
            session = await engine.open(host_functions=HOST)
            event = await session.run("leftover")
            assert isinstance(event, Raised)
            await drive(session, "leftover = 1\ndef ask2(): return 1")
            await session.close()

    async def test_isolation_from_files_and_environment(self, session: SandboxSession, tmp_path: Path) -> None:
        """The host's files and environment can't be reached, nor written."""
        secret = tmp_path / "secret"
        secret.write_text("TOPSECRET")
        os.environ["GREATWHEEL_TEST_MARK"] = "TOPSECRET"
        for code in (
            f"print(open({str(secret)!r}).read())",
            f"from pathlib import Path\nprint(Path({str(secret)!r}).read_text())",
            f"open({str(tmp_path / 'new')!r}, 'w').write('x')",
            "import os\nprint(os.environ['GREATWHEEL_TEST_MARK'])",
            "import os\nprint(os.getenv('GREATWHEEL_TEST_MARK'))",
            f"import os\nprint(os.listdir({str(tmp_path)!r}))",
        ):
            event = await session.run(code)
            assert "TOPSECRET" not in repr(event)
            assert "secret" not in event.stdout
        assert not (tmp_path / "new").exists()

    @pytest.mark.parametrize(
        "module", ["socket", "subprocess", "ctypes", "urllib.request", "multiprocessing", "shutil"]
    )
    async def test_isolation_from_the_machine(self, session: SandboxSession, module: str) -> None:
        """Modules that reach the machine are not there."""
        event = await session.run(f"import {module}")
        assert isinstance(event, Raised)
        assert event.type in ("ModuleNotFoundError", "ImportError")
