"""`greatwheel chat` and `greatwheel sessions`, as users run them."""

from __future__ import annotations

import codecs
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest

from .conftest import SECONDS, Installation

pytestmark = pytest.mark.heavy


def rows(text: str) -> list[dict[str, Any]]:
    """Lines of JSON."""
    return [json.loads(line) for line in text.splitlines()]


class Terminal:
    """A command at a terminal, as a person has it."""

    def __init__(self, pid: int, handle: int) -> None:
        self.pid = pid
        self._handle = handle
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._seen = ""

    def interrupt(self, wanted: str) -> None:
        """Ctrl-C; a second time if need be, for readline sees one that comes while it draws only with the next key."""
        self.type("\x03")
        try:
            self.until(wanted, 5.0)
        except AssertionError:
            self.type("\x03")
            self.until(wanted)

    def until(self, wanted: str, seconds: float = SECONDS) -> str:
        """What is shown up to the first match, and that."""
        end = time.monotonic() + seconds
        while (found := re.search(wanted, self._seen)) is None:
            assert time.monotonic() < end, f"no {wanted!r} in {self._seen!r}"
            if select.select([self._handle], [], [], 0.2)[0]:
                self._seen += self._decoder.decode(os.read(self._handle, 65_536))
        shown, self._seen = self._seen[: found.end()], self._seen[found.end() :]
        return shown

    def type(self, text: str) -> None:
        """Type it."""
        os.write(self._handle, text.encode())

    def end(self, leave: str = "") -> int:
        """The exit code. `leave` is typed, and every few seconds again."""
        end = time.monotonic() + SECONDS
        typed = -SECONDS
        while True:
            assert time.monotonic() < end, "it does not end"
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if not ended and time.monotonic() > typed + 5.0:
                typed = time.monotonic()
                self.type(leave)
            if ended:
                return os.waitstatus_to_exitcode(status)
            if select.select([self._handle], [], [], 0.05)[0]:
                with suppress(OSError):  # the other side is closed
                    os.read(self._handle, 65_536)


@contextmanager
def at_terminal(installation: Installation, *arguments: str, **environment: str) -> Iterator[Terminal]:
    """A command at a terminal; killed at the end if it is still there."""
    pid, handle = pty.fork()
    if pid == 0:
        command = [sys.executable, "-m", "greatwheel.channels.cli.app", *arguments]
        os.execvpe(command[0], command, {**installation.environment, "TERM": "xterm", **environment})
    terminal = Terminal(pid, handle)
    try:
        yield terminal
    finally:
        with suppress(ProcessLookupError, ChildProcessError):  # it has ended
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(handle)


@dataclass(frozen=True, kw_only=True)
class Served:
    """An installation with a server."""

    installation: Installation
    process: subprocess.Popen[str]
    reach: dict[str, str]
    """What commands need to reach it."""

    def run(self, *arguments: str, stdin: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
        """A command against the server."""
        return self.installation.run(*arguments, stdin=stdin, code=code, **self.reach)


@contextmanager
def serving(installation: Installation, port: int = 0, key: str = "") -> Iterator[Served]:
    """A server on that port, or on any."""
    with installation.started("serve", "--port", str(port), "--websocket-port", "0") as process:
        said = ""
        assert process.stderr is not None
        for line in process.stderr:
            said += line
            if "listening on" in line:
                break
        first = re.search(r"gwk_[\w-]+", said)
        reach = {
            "GREATWHEEL_URL": re.search(r"http://\S+", said)[0],  # type: ignore[index]
            "GREATWHEEL_API_KEY": first[0] if first else key,
        }
        yield Served(installation=installation, process=process, reach=reach)


def test_a_pipe_gets_answers(installation: Installation) -> None:
    """Without a server, lines of a pipe are messages and orders; the answers are on stdout, the rest on stderr."""
    told = installation.run("chat", "--agent", "loop", stdin="which colour?\n/vars\n/nonsense\n", code=5)
    assert told.stdout == "blue!\n"
    assert "colour: str" in told.stderr
    assert "… 24 more lines" in told.stderr
    assert "There is no order /nonsense" in told.stderr


def test_a_pipe_answers_questions(installation: Installation) -> None:
    """Against a server, a question takes the next line, a choice its number; with --json each event is a line."""
    with serving(installation) as served:
        asked = served.run("chat", "--agent", "asker", stdin="paint\n7\n2\n")
        assert asked.stdout == "you chose green\n"
        assert "says: working on paint" in asked.stderr
        assert "1. red" in asked.stderr
        assert "must be one of" in asked.stderr

        events = rows(served.run("chat", "--agent", "asker", "--json", stdin="paint\n", code=5).stdout)
        kinds = [event["type"] for event in events]
        assert (kinds[0], kinds[-2]) == ("task.submitted", "question.asked")
        assert events[-1] == {"type": "question.open", "task_id": events[0]["task_id"]}
        whole = served.run("chat", "--agent", "loop", "--verbose", stdin="which colour?\n")
        assert "line 29" in whole.stderr
        wrong = served.run("chat", "--agent", "nobody", stdin="hello\n", code=2)
        assert wrong.stderr.startswith("greatwheel: There is no agent 'nobody'")


def test_sessions_are_forked_and_brought_back(installation: Installation) -> None:
    """A chat's session is listed with its history, forked and rewound at the end of a task, and ended."""
    with serving(installation) as served:
        done = rows(served.run("chat", "--agent", "loop", "--json", stdin="one\ntwo\n").stdout)
        first, second = (event["task_id"] for event in done if event["type"] == "task.submitted")
        session = next(event["session_id"] for event in done)

        def sessions(*arguments: str) -> Any:
            return json.loads(served.run("sessions", *arguments, "--json").stdout)

        assert [each["session_id"] for each in sessions("list", "--agent", "loop")] == [session]
        assert [each["asked"] for each in sessions("history", session)] == ["one", "two"]
        assert "colour" in [each["name"] for each in sessions("vars", session)]
        assert [each["task_id"] for each in sessions("points", session)] == [first, second]
        fork = sessions("fork", session, "--after", first)["session_id"]
        assert [each["asked"] for each in sessions("history", fork)] == ["one"]
        assert [each["session_id"] for each in sessions("show", session)["lineage"]["forks"]] == [fork]
        sessions("rewind", session, "--after", first)
        assert served.run("sessions", "history", session).stdout == "› one\nblue!\n\n"
        assert sessions("end", fork) == {"session_id": fork, "ended": True}
        assert sessions("revoke-key", session)["revoked"] is True
        refused = served.run("sessions", "show", "ses_none", code=2)
        assert len(refused.stderr.splitlines()) == 1
    assert session in installation.run("sessions", "list").stdout


def test_a_person_cancels_and_leaves(installation: Installation) -> None:
    """At a terminal Ctrl-C cancels the task, then leaves; what was typed is remembered, answers are not."""
    installation.model.delay = 0.2
    with at_terminal(installation, "chat", "--agent", "slow") as chat:
        chat.until("slow › ")
        chat.type("go\r")
        chat.until("starting")
        chat.type("\x03")
        chat.until("cancelling")
        chat.until("cancelled")
        chat.until("slow › ")
        chat.type("/agent asker\r")
        chat.until("asker › ")
        chat.type("paint\r")
        chat.until("answer › ")
        chat.type("red\r")
        chat.until("you chose red")
        chat.until("asker › ")
        chat.type("\x1b[A")
        chat.until("paint")
        chat.interrupt("again leaves")
        chat.until("asker › ")
        assert chat.end(leave="\x03") == 0
    history = installation.folder / "own" / "greatwheel" / "chat_history"
    assert history.read_text().split() == ["go", "/agent", "asker", "paint"]
    assert history.stat().st_mode & 0o077 == 0


def test_a_chat_goes_on_over_a_server_that_stops(installation: Installation) -> None:
    """A chat waits for a server that stopped in the middle of a task, and shows what came after, once."""
    port = free_port()
    with (
        serving(installation, port) as first,
        at_terminal(installation, "chat", "--agent", "asker", **first.reach) as chat,
    ):
        chat.until("asker › ")
        chat.type("paint\r")
        chat.until("answer › ")
        first.process.send_signal(signal.SIGTERM)
        first.process.wait(SECONDS)
        with serving(installation, port, first.reach["GREATWHEEL_API_KEY"]) as second:
            chat.type("2\r")
            shown = chat.until("you chose green")
            assert "Which?" not in shown
            chat.until("asker › ")
            chat.type("/quit\r")
            assert chat.end() == 0
            keyless = {**second.reach, "GREATWHEEL_API_KEY": ""}
            refused = installation.run("agents", "list", code=2, **keyless)
            assert "An API key is needed" in refused.stderr


def test_a_task_is_submitted_without_a_server_and_answered_by_a_command(installation: Installation) -> None:
    """`submit` works without a server; a task that waits is found, answered, watched and gone on with."""
    with serving(installation) as served:
        task = served.run("submit", "paint", "--agent", "asker", "--no-wait").stdout.strip()
        while not (waiting := json.loads(served.run("tasks", "questions", "--json").stdout)):
            time.sleep(0.2)
        assert [(each["task_id"], each["choices"]) for each in waiting] == [(task, ["red", "green"])]
        with at_terminal(installation, "chat", "--session", waiting[0]["session_id"], **served.reach) as chat:
            chat.until("answer › ")
            refused = served.run("tasks", "answer", task, "blue", code=2)
            assert "must be one of" in refused.stderr
            assert "Which?" in served.run("tasks", "answer", task, "green").stdout
            chat.type("red\r")
            chat.until("you chose green")
            chat.until("asker › ")
        assert json.loads(served.run("tasks", "questions", "--json").stdout) == []
        kinds = [event["type"] for event in rows(served.run("tasks", "watch", task, "--json").stdout)]
        assert kinds[-1] == "task.ended"
        assert "question.answered" in kinds
        assert json.loads(served.run("tasks", "show", task, "--json").stdout)["answer"] == "you chose green"
        assert served.run("tasks", "watch", "tsk_none", code=2).stderr.startswith("greatwheel: ")
    assert installation.run("submit", "which colour?", "--agent", "loop", "--embedded").stdout == "blue!\n"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
