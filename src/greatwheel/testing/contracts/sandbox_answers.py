"""Clauses 3 and 4: answers, failures, output."""

from __future__ import annotations

import os
import signal

import pytest

from greatwheel.core.errors import SandboxLost
from greatwheel.sandbox.port import (
    Answer,
    Engine,
    Failed,
    Finished,
    HostCall,
    HostCalls,
    Raised,
    Returned,
    SandboxSession,
)
from greatwheel.testing.contracts.binding import HOST, SandboxBinding
from greatwheel.testing.driving import drive

BUILT_IN_ERRORS = (
    "Exception",
    "ValueError",
    "TypeError",
    "KeyError",
    "IndexError",
    "LookupError",
    "RuntimeError",
    "NotImplementedError",
    "TimeoutError",
    "OSError",
    "FileNotFoundError",
    "PermissionError",
    "AttributeError",
    "ArithmeticError",
    "ZeroDivisionError",
    "AssertionError",
    "StopIteration",
)


class AnswerClauses(SandboxBinding):
    """Clause 3."""

    @pytest.mark.parametrize("name", BUILT_IN_ERRORS)
    async def test_answers_error_is_caught_by_its_type(self, session: SandboxSession, name: str) -> None:
        """An error from the host is caught at the call site by its type."""
        code = f"try:\n    ask(1)\nexcept {name} as e:\n    print(type(e).__name__, 'no such' in str(e))"
        ended = await drive(session, code, lambda call: Failed(type=name, message="no such thing"))
        assert ended.stdout == f"{name} True\n", ended.event

    async def test_answers_error_is_caught_by_a_parent(self, session: SandboxSession) -> None:
        """An error is caught as its parent class too, and not by a stranger."""
        code = "try:\n    try:\n        ask(1)\n    except KeyError:\n        print('wrong')\n"
        code += "except Exception as e:\n    print(e)"
        ended = await drive(session, code, lambda call: Failed(type="ValueError", message="here"))
        assert ended.stdout == "here\n"

    async def test_answers_uncaught_error_ends_the_block(self, session: SandboxSession) -> None:
        """An error that nobody catches ends the block and names the line of the call."""
        ended = await drive(session, "x = 1\ny = ask(x)", lambda call: Failed(type="ValueError", message="bad"))
        assert isinstance(ended.event, Raised)
        assert (ended.event.type, ended.event.message, ended.event.limit) == ("ValueError", "bad", None)
        assert "line 2" in ended.event.traceback

    async def test_answers_unknown_error_is_a_runtime_error(self, session: SandboxSession) -> None:
        """A type that the guest does not have arrives as RuntimeError with the name before the message."""
        code = "try:\n    ask(1)\nexcept RuntimeError as e:\n    print(e)"
        ended = await drive(session, code, lambda call: Failed(type="QuotaError", message="all used"))
        assert ended.stdout == "QuotaError: all used\n", ended.event

    async def test_answers_error_in_gather(self, session: SandboxSession) -> None:
        """An error of one of several calls in flight is caught around the gather."""
        code = "import asyncio\ntry:\n    await asyncio.gather(ask(1), ask(2))\n"
        code += "except ValueError as e:\n    print('caught', e)"

        def serve(call: HostCall) -> Answer:
            return Failed(type="ValueError", message="two")

        ended = await drive(session, code, serve)
        assert ended.stdout == "caught two\n", ended.event

    async def test_answers_error_runs_finally(self, session: SandboxSession) -> None:
        """Handlers and finally clauses of the guest run."""
        code = "def f():\n    try:\n        return ask(1)\n    finally:\n        print('cleaned')\n"
        code += "try:\n    f()\nexcept ValueError:\n    print('caught')"
        ended = await drive(session, code, lambda call: Failed(type="ValueError", message=""))
        assert ended.stdout == "cleaned\ncaught\n", ended.event

    async def test_answers_error_then_the_next_call_works(self, session: SandboxSession) -> None:
        """A guest that caught an error can call again."""

        def serve(call: HostCall) -> Answer:
            return Failed(type="TimeoutError", message="late")

        event = await session.run("try:\n    ask(1)\nexcept TimeoutError:\n    tell(2)")
        assert isinstance(event, HostCalls)
        event = await session.resume({event.calls[0].id: serve(event.calls[0])})
        assert isinstance(event, HostCalls)
        assert event.calls[0].name == "tell"


class FailureClauses(SandboxBinding):
    """Clause 4: a guest that fails is a value."""

    async def test_failure_is_a_value(self, session: SandboxSession) -> None:
        """An exception of the guest comes as `Raised`, with what was printed before."""
        event = await session.run("print('before')\ndef f():\n    return 1 / 0\nf()")
        assert isinstance(event, Raised)
        assert (event.type, event.stdout, event.limit) == ("ZeroDivisionError", "before\n", None)
        assert "division" in event.message
        assert "line 3" in event.traceback
        assert event.traceback.rstrip().splitlines()[-1].startswith("ZeroDivisionError")

    async def test_failure_of_syntax(self, session: SandboxSession) -> None:
        """A syntax error is a value too, and nothing of the block ran."""
        event = await session.run("print('never')\nx = = 1")
        assert isinstance(event, Raised)
        assert (event.type, event.stdout) == ("SyntaxError", "")
        assert "line 2" in event.traceback

    async def test_failure_message_of_a_key_error(self, session: SandboxSession) -> None:
        """The message of a KeyError names the key."""
        event = await session.run("{}['missing']")
        assert isinstance(event, Raised)
        assert event.type == "KeyError"
        assert "missing" in event.message

    @pytest.mark.parametrize("name", ["SystemExit", "KeyboardInterrupt", "BaseException"])
    async def test_failure_outside_exception(self, session: SandboxSession, name: str) -> None:
        """Exceptions that are not `Exception` are values as well and end only the block."""
        event = await session.run(f"print(1)\nraise {name}('x')")
        assert isinstance(event, Raised)
        assert (event.type, event.stdout) == (name, "1\n")
        assert (await drive(session, "print(2)")).stdout == "2\n"

    async def test_failure_names_no_file_of_the_host(self, session: SandboxSession) -> None:
        """A traceback shows nothing of the host's files."""
        event = await session.run("import json\njson.loads('{')")
        assert isinstance(event, Raised)
        for part in ("site-packages", "/usr", "/home", "/work", "greatwheel"):
            assert part not in event.traceback

    async def test_failure_keeps_the_session(self, session: SandboxSession) -> None:
        """After a failure the session runs further blocks."""
        for _ in range(3):
            assert isinstance(await session.run("x = 1\nraise ValueError('again')"), Raised)
        assert (await drive(session, "print(x)")).stdout == "1\n"

    async def test_failure_output_of_many_kinds(self, session: SandboxSession) -> None:
        """Everything printed arrives, in order, whatever its characters."""
        text = "é😀\t\x00 tab\r\n\u2028 end"
        ended = await drive(session, f"print({text!r}, end='')\nprint()\nprint('a', 'b', sep='|')")
        assert ended.stdout == text + "\na|b\n"


class LossClauses(SandboxBinding):
    """Clause 4: a sandbox that fails is an exception."""

    async def test_loss_of_an_idle_session(self, engine: Engine) -> None:
        """A session whose process died raises SandboxLost, and its last dump restores it."""
        session = await engine.open(host_functions=HOST)
        await drive(session, "x = 41")
        dump = await session.dump()
        os.kill(self.worker_pid(session), signal.SIGKILL)
        with pytest.raises(SandboxLost):
            await session.run("x")
        with pytest.raises(SandboxLost):
            await session.run("x")
        await session.close()
        restored = await engine.load(dump, host_functions=HOST)
        assert (await drive(restored, "x + 1")).event == Finished(value=42)
        await restored.close()

    async def test_loss_while_pending(self, engine: Engine) -> None:
        """A session whose process dies while a call waits is restored with the call waiting."""
        session = await engine.open(host_functions=HOST)
        event = await session.run("print(ask('q') + '!')")
        assert isinstance(event, HostCalls)
        dump = await session.dump()
        os.kill(self.worker_pid(session), signal.SIGKILL)
        with pytest.raises(SandboxLost):
            await drive_answer(session, event)
        await session.close()
        restored = await engine.load(dump, host_functions=HOST)
        assert restored.pending is not None
        assert restored.pending.calls == event.calls
        assert (await drive_answer(restored, restored.pending)).stdout.endswith("a!\n")
        await restored.close()

    async def test_loss_leaves_other_sessions(self, engine: Engine) -> None:
        """The death of one session's process touches no other session."""
        first, second = await engine.open(), await engine.open()
        await drive(second, "x = 1")
        os.kill(self.worker_pid(first), signal.SIGKILL)
        with pytest.raises(SandboxLost):
            await first.run("1")
        assert (await drive(second, "x + 1")).event == Finished(value=2)
        await first.close()
        third = await engine.open()
        assert (await drive(third, "1 + 1")).event == Finished(value=2)
        await second.close()
        await third.close()


async def drive_answer(session: SandboxSession, event: HostCalls) -> Finished | Raised | HostCalls:
    """Answer every waiting call with 'a'."""
    return await session.resume({call.id: Returned(value="a") for call in event.calls})
