"""Clause 7: dump and load."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from greatwheel.core.errors import DumpInvalid
from greatwheel.sandbox.port import Engine, Failed, Finished, HostCalls, Limits, Raised, Returned, SandboxSession
from greatwheel.testing.contracts.binding import HOST, SandboxBinding
from greatwheel.testing.driving import drive

ELSEWHERE = """
import asyncio, json, sys
from greatwheel.testing.contracts.binding import HOST, open_named
from greatwheel.testing.driving import drive, drive_on

async def main(factory, path, code):
    engine = open_named(factory)
    session = await engine.load(open(path, "rb").read(), host_functions=HOST)
    calls = [(c.id, c.name, list(c.args), dict(c.kwargs)) for c in session.pending.calls] if session.pending else []
    ended = await drive_on(session, session.pending) if session.pending else await drive(session, "")
    after = await drive(session, code)
    await session.close()
    await engine.close()
    end = type(ended.event).__name__
    print(json.dumps({"calls": calls, "stdout": ended.stdout, "end": end, "after": after.stdout}))

asyncio.run(main(*sys.argv[1:]))
"""
"""Loads a dump in a process of its own, answers what is pending, runs one more block and tells."""


async def elsewhere(factory: str, dump: bytes, folder: Path, code: str) -> dict[str, Any]:
    """What `ELSEWHERE` tells of a dump."""
    path = folder / "dump"
    path.write_bytes(dump)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ELSEWHERE, factory, str(path), code, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    told: dict[str, Any] = json.loads(out)
    return told


class DumpClauses(SandboxBinding):
    """Clause 7."""

    async def test_dump_of_an_idle_session_in_a_new_process(self, session: SandboxSession, tmp_path: Path) -> None:
        """Variables, functions, classes and imports go on in another process."""
        await session.set("big", "é" * 10_000)
        await drive(
            session,
            "import math\nxs = [1, (2, {3})]\nn = 2**90\ndef f(x):\n    return math.floor(x) + ask(1)\n"
            "class A:\n    def __init__(self): self.v = xs\na = A()",
        )
        code = "print(f(2.5), a.v, a.v is xs, n, len(big), type(A().v).__name__)"
        told = await elsewhere(self.FACTORY, await session.dump(), tmp_path, code)
        assert told["after"] == f"3 [1, (2, {{3}})] True {2**90} 10000 list\n"

    async def test_dump_while_a_call_waits_in_a_new_process(self, session: SandboxSession, tmp_path: Path) -> None:
        """A block paused in a function in a loop goes on in another process."""
        event = await session.run(
            "def f(x):\n    y = ask('q', x, key=[x])\n    return y\n"
            "out = []\nfor i in range(3):\n    out.append(f(i))\nprint(out)"
        )
        assert isinstance(event, HostCalls)
        event = await session.resume({event.calls[0].id: Returned(value="first")})
        assert isinstance(event, HostCalls)
        told = await elsewhere(self.FACTORY, await session.dump(), tmp_path, "print(out, i)")
        assert told["calls"] == [[event.calls[0].id, "ask", ["q", 1], {"key": [1]}]]
        assert (told["stdout"], told["end"]) == ("['first', 'q', 'q']\n", "Finished")
        assert told["after"] == "['first', 'q', 'q'] 2\n"

    async def test_dump_while_gather_waits_in_a_new_process(self, session: SandboxSession, tmp_path: Path) -> None:
        """Calls in flight, some of them answered, go on in another process."""
        code = "import asyncio\nasync def go(p):\n    return await ask(p)\n"
        code += "r = await asyncio.gather(*[go(p) for p in 'abc'])\nprint(r)"
        event = await session.run(code)
        assert isinstance(event, HostCalls)
        event = await session.resume({event.calls[1].id: Returned(value="B")})
        assert isinstance(event, HostCalls)
        told = await elsewhere(self.FACTORY, await session.dump(), tmp_path, "print(r)")
        assert [call[2] for call in told["calls"]] == [["a"], ["c"]]
        assert told["stdout"] == "['a', 'B', 'c']\n"
        assert told["after"] == "['a', 'B', 'c']\n"

    async def test_dump_leaves_the_session_as_it_is(self, session: SandboxSession) -> None:
        """A session goes on after its dump, idle and while calls wait."""
        await drive(session, "x = 1")
        await session.dump()
        event = await session.run("y = ask(x)\nprint(x, y)")
        assert isinstance(event, HostCalls)
        await session.dump()
        await session.dump()
        assert session.pending is not None
        assert session.pending.calls == event.calls
        assert (await session.resume({event.calls[0].id: Returned(value=2)})).stdout == "1 2\n"

    async def test_dump_is_loaded_many_times(self, engine: Engine, session: SandboxSession) -> None:
        """Copies of one dump are independent sessions."""
        event = await session.run("x = [0]\nx.append(ask(1))\nprint(x)")
        assert isinstance(event, HostCalls)
        dump = await session.dump()
        copies = [await engine.load(dump, host_functions=HOST) for _ in range(3)]
        for number, copy in enumerate(copies):
            assert copy.pending is not None
            event = await copy.resume({copy.pending.calls[0].id: Returned(value=number)})
            assert event == Finished(stdout=f"[0, {number}]\n")
        for copy in copies:
            await copy.close()

    async def test_dump_keeps_ids_rising(self, engine: Engine, session: SandboxSession) -> None:
        """A loaded session's call ids go on rising."""
        before = (await drive(session, "ask(1)\nask(2)")).calls
        copy = await engine.load(await session.dump(), host_functions=HOST)
        after = (await drive(copy, "ask(3)")).calls
        await copy.close()
        assert after[0].id > before[-1].id

    async def test_dump_keeps_an_error_answer_working(self, engine: Engine, session: SandboxSession) -> None:
        """A call that waits in a loaded session can be answered by an error."""
        await session.run("try:\n    ask(1)\nexcept ValueError as e:\n    print('caught', e)")
        copy = await engine.load(await session.dump(), host_functions=HOST)
        assert copy.pending is not None
        event = await copy.resume({copy.pending.calls[0].id: Failed(type="ValueError", message="bad")})
        await copy.close()
        assert event == Finished(stdout="caught bad\n")

    async def test_dump_of_a_dump(self, engine: Engine, session: SandboxSession) -> None:
        """A loaded session can be dumped and loaded again, while its call still waits."""
        await session.run("x = ask(1)\nprint(x)")
        first = await engine.load(await session.dump(), host_functions=HOST)
        second = await engine.load(await first.dump(), host_functions=HOST)
        assert second.pending is not None
        event = await second.resume({second.pending.calls[0].id: Returned(value="ok")})
        await first.close()
        await second.close()
        assert event.stdout == "ok\n"

    async def test_dump_can_be_abandoned_after_load(self, engine: Engine, session: SandboxSession) -> None:
        """A loaded session's paused block can be given up."""
        await session.run("x = 1\ntry:\n    ask(1)\nexcept BaseException:\n    x = 2")
        copy = await engine.load(await session.dump(), host_functions=HOST)
        await copy.abandon()
        ended = await drive(copy, "print(x)")
        await copy.close()
        assert ended.stdout == "1\n"

    async def test_dump_takes_the_limits_of_load(self, engine: Engine, session: SandboxSession) -> None:
        """The limits given to load hold for the loaded session."""
        await drive(session, "x = 1")
        copy = await engine.load(await session.dump(), host_functions=HOST, limits=Limits(seconds=0.3))
        event = await asyncio.wait_for(copy.run("while True: pass"), 5)
        await copy.close()
        assert isinstance(event, Raised)
        assert event.limit == "seconds"

    @pytest.mark.parametrize("damage", ["empty", "garbage", "cut", "cut_short", "header_only", "other_engine"])
    async def test_dump_that_is_damaged_is_refused(self, engine: Engine, session: SandboxSession, damage: str) -> None:
        """Bytes that are no whole dump of this engine are refused, and the engine goes on."""
        await drive(session, "x = 1")
        dump = await session.dump()
        broken = {
            "empty": b"",
            "garbage": b"\x00\xff" * 500,
            "cut": dump[: len(dump) // 2],
            "cut_short": dump[:-1],
            "header_only": dump[:16],
            "other_engine": dump.replace(engine.name.encode(), b"x" * len(engine.name)),
        }[damage]
        with pytest.raises(DumpInvalid):
            await engine.load(broken, host_functions=HOST)
        fresh = await engine.open()
        assert (await drive(fresh, "1 + 1")).event == Finished(value=2)
        await fresh.close()

    async def test_dump_keeps_a_large_variable(self, engine: Engine, session: SandboxSession) -> None:
        """Megabytes of variables go through a dump."""
        await session.set("big", "0123456789" * 500_000)
        copy = await engine.load(await session.dump(), host_functions=HOST)
        ended = await drive(copy, "print(len(big), big[-3:])")
        await copy.close()
        assert ended.stdout == "5000000 789\n"
