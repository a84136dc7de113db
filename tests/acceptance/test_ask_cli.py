"""`greatwheel ask`, `replay`, `fork` and `rewind` as people run them: processes, what they print, their exit codes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from greatwheel.testing.server_formats import FakeRequest
from greatwheel.testing.servers import Die, FakeModelServer, Slow, Status

COMMAND = (sys.executable, "-c", "from greatwheel.channels.cli.app import main; main()")
CLOSED = "http://127.0.0.1:9"
TEXT = "In May the depot was moved from Turin to Genoa.\n" + "Nothing happened on that day.\n" * 300
CALL = "```python\nfound = llm_query('which city?')\nprint(found)\n```"
FINAL = "```python\nFINAL(found)\n```"


class Script:
    """What the fake model says: `which city?` gets a city, other requests the next block."""

    def __init__(self) -> None:
        self.blocks = [CALL, FINAL]
        self.city = "Genoa"

    def __call__(self, request: FakeRequest) -> str:
        if request.body["messages"][-1]["content"] == "which city?":
            return self.city
        return self.blocks.pop(0)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def server(script: Script) -> Iterator[FakeModelServer]:
    with FakeModelServer(script) as server:
        yield server


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A machine with an empty cache, no model server and trajectories in a folder of their own."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "GREATWHEEL_CACHE": str(tmp_path / "cache"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "GREATWHEEL_RUNS": str(tmp_path / "runs"),
        "OLLAMA_HOST": CLOSED,
        "COLUMNS": "200",
    }


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "big.txt"
    path.write_text(TEXT)
    return path


def spec(server: FakeModelServer) -> str:
    return f"{server.openai_url}#fake"


def run(environment: dict[str, str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90, check=False)


def trajectories(environment: dict[str, str]) -> list[Path]:
    return sorted(Path(environment["GREATWHEEL_RUNS"]).glob("*.jsonl"))


def assert_one_clear_line(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    last = done.stderr.strip().splitlines()[-1]
    for word in words:
        assert word in last


def test_the_answer_is_on_stdout_and_the_rest_on_stderr(
    environment: dict[str, str], server: FakeModelServer, text: Path
) -> None:
    """stdout has the answer and nothing else; stderr shows the model, each step, its host calls and the usage."""
    done = run(environment, "ask", "Where is the depot?", "--file", text, "--model", spec(server))
    assert (done.returncode, done.stdout) == (0, "Genoa\n")
    for word in ("using fake", "step 1", "step 2", "llm_query", "Genoa", "3 model calls", "trajectory: "):
        assert word in done.stderr
    assert "Nothing happened on that day.\nNothing happened" not in str(server.requests[0].body)
    assert len(trajectories(environment)) == 1


def test_quiet_shows_no_steps(environment: dict[str, str], server: FakeModelServer, text: Path) -> None:
    """--quiet leaves the steps out."""
    done = run(environment, "ask", "Where?", "--file", text, "--model", spec(server), "--quiet")
    assert (done.returncode, done.stdout) == (0, "Genoa\n")
    assert "step 1" not in done.stderr


def test_json_lines(environment: dict[str, str], server: FakeModelServer, text: Path) -> None:
    """With --json every line of stdout is JSON: the events in order, and the result last."""
    done = run(environment, "ask", "Where?", "--file", text, "--model", spec(server), "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["type"] for line in lines] == [
        "run.started", "step.started", "model.replied", "host_call.started", "host_call.served", "step.completed",
        "step.started", "model.replied", "step.completed", "run.completed", "result",
    ]  # fmt: skip
    assert lines[-1]["answer"] == "Genoa"
    assert Path(lines[-1]["trajectory"]).exists()
    assert lines[-1]["usage"]["model_calls"] == 3


def test_folders_and_several_files(
    environment: dict[str, str], server: FakeModelServer, script: Script, tmp_path: Path
) -> None:
    """Several files and folders are one context, by name."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.txt").write_text("alpha")
    other = tmp_path / "b.txt"
    other.write_text("beta")
    script.blocks = ["```python\nFINAL(sorted(context.values()))\n```"]
    done = run(
        environment, "ask", "What is in them?", "-f", folder, "-f", other, "--model", spec(server), "-e", "ouros"
    )
    assert (done.returncode, done.stdout) == (0, "alpha, beta\n")


def test_a_run_without_an_answer_has_an_exit_code(
    environment: dict[str, str], server: FakeModelServer, script: Script, text: Path
) -> None:
    """A budget that is used up gives the best guess, says why, and exits with 5."""
    script.blocks = ["```python\nprint('perhaps Genoa')\n```"]
    done = run(environment, "ask", "Where?", "--file", text, "--model", spec(server), "--steps", "1")
    assert (done.returncode, done.stdout) == (5, "perhaps Genoa\n")
    assert "raise steps" in done.stderr


def test_answers_can_not_drive_the_terminal(
    environment: dict[str, str], server: FakeModelServer, script: Script, text: Path
) -> None:
    """Control characters in what a model or guest says are not passed on to the terminal."""
    script.blocks = ["```python\nprint('\\x1b[2J[bold]x[/]')\nFINAL('a' + chr(27) + ']0;owned' + chr(7))\n```"]
    done = run(environment, "ask", "Where?", "--file", text, "--model", spec(server))
    assert done.returncode == 0
    assert not {"\x1b", "\x07"} & set(done.stdout + done.stderr)
    assert "[bold]x[/]" in done.stderr
    assert "owned" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["ask", "Where?", "--file", "/no/such.txt"], 2, ["/no/such.txt", "check the path"]),
        (["ask", "", "--file", "TEXT"], 2, ["question is empty"]),
        (["ask", "  ", "--file", "TEXT"], 2, ["question is empty"]),
        (["ask", "Where?", "--file", "BINARY"], 2, ["not text"]),
        (["ask", "Where?", "--file", "EMPTY"], 2, ["empty"]),
        (["ask", "Where?", "--file", "TEXT", "--model", "gpt-9"], 2, ["gpt-9", "greatwheel models list"]),
        (["ask", "Where?", "--file", "TEXT", "--model", "qwen2.5-coder:1.5b"], 2, ["greatwheel models pull"]),
        (["ask", "Where?", "--file", "TEXT", "--model", "no/such.gguf"], 2, ["no/such.gguf"]),
        (["ask", "Where?", "--file", "TEXT"], 69, ["no model is pulled", "greatwheel models pull"]),
        (["ask", "Where?", "--file", "TEXT", "--model", f"{CLOSED}/v1#x"], 69, ["127.0.0.1:9"]),
        (["ask", "Where?", "--file", "TEXT", "--model", "SERVER", "--engine", "cpython"], 2, ["cpython", "monty"]),
        (["replay", "/no/such.jsonl"], 2, ["/no/such.jsonl"]),
        (["replay", "TEXT"], 2, ["not a trajectory"]),
        (["replay", "BINARY"], 2, ["BINARY"]),
        (["replay", "DEEP"], 2, ["not a trajectory"]),
        (["fork", "TEXT", "--step", "1"], 2, ["not a trajectory"]),
        (["rewind", "TEXT", "--call", "1"], 2, ["not a trajectory"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)  # fmt: skip
def test_bad_input_is_one_clear_line(
    environment: dict[str, str],
    server: FakeModelServer,
    tmp_path: Path,
    arguments: list[str],
    code: int,
    words: list[str],
) -> None:
    """What can't be used is answered by one line that says what to do; no traceback, no model call."""
    (tmp_path / "TEXT").write_text(TEXT)
    (tmp_path / "BINARY").write_bytes(b"GGUF\x00\x00\xff")
    (tmp_path / "EMPTY").write_text("")
    (tmp_path / "DEEP").write_text("[" * 200_000)
    given = [str(tmp_path / each) if each.isupper() and each != "SERVER" else each for each in arguments]
    done = run(environment, *[spec(server) if each == "SERVER" else each for each in given])
    assert_one_clear_line(done, code, *words)
    assert server.calls == 0


def test_half_a_character_in_the_data(
    environment: dict[str, str], server: FakeModelServer, script: Script, tmp_path: Path
) -> None:
    """JSON with half of a character in it is data like other, or refused in one line."""
    path = tmp_path / "half.json"
    path.write_text('{"name": "a\\ud800b", "rows": [{"n": 1}, {"n": 2}]}')
    script.blocks = ["```python\nFINAL(len(context['name']))\n```"]
    done = run(environment, "ask", "How long is the name?", "-f", path, "--model", spec(server))
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 2, 65)


def test_a_server_that_dies_is_retried_and_named(
    environment: dict[str, str], server: FakeModelServer, script: Script, text: Path
) -> None:
    """A server that dies in the middle ends the run with its name; the run can be replayed and gone on with."""
    server.faults.extend([Slow(0.0), Status(500), Die()])
    done = run(environment, "ask", "Where?", "--file", text, "--model", spec(server))
    assert_one_clear_line(done, 69, server.openai_url, "given up after 4 attempts")
    [path] = trajectories(environment)
    shown = run(environment, "replay", path)
    assert shown.returncode == 0
    assert "step 1" in shown.stderr
    assert "failed" in shown.stderr
    assert "Traceback" not in shown.stderr
    with FakeModelServer(script) as second:
        script.blocks = [FINAL]
        forked = run(environment, "fork", path, "--call", "1", "--model", spec(second))
        assert (forked.returncode, forked.stdout) == (0, "Genoa\n")
        assert second.calls == 2
        script.blocks, script.city = [FINAL], "Rome"
        rewound = run(environment, "rewind", path, "--call", "1", "--model", spec(second), "--json")
        assert json.loads(rewound.stdout.splitlines()[-1])["answer"] == "Rome"
    assert path.with_suffix(".old.jsonl").exists()
    assert run(environment, "replay", path).stdout == "Rome\n"
    shown = run(environment, "replay", path, "--json")
    assert json.loads(shown.stdout.splitlines()[-1])["answer"] == "Rome"


def test_a_fork_says_what_it_has(environment: dict[str, str], server: FakeModelServer, text: Path) -> None:
    """A point that is not there, none and two are refused in one line."""
    assert run(environment, "ask", "Where?", "--file", text, "--model", spec(server)).returncode == 0
    [path] = trajectories(environment)
    calls = server.calls
    for arguments, words in (
        (["--call", "9"], ["no host call 9"]),
        (["--step", "9"], ["no step 9"]),
        ([], ["--call N or --step N"]),
        (["--call", "1", "--step", "1"], ["--call N or --step N"]),
    ):
        assert_one_clear_line(run(environment, "fork", path, *arguments, "--model", spec(server)), 2, *words)
    assert server.calls == calls


@pytest.mark.parametrize("engine", ["monty", "ouros"])
def test_ctrl_c_ends_a_run_cleanly(environment: dict[str, str], text: Path, engine: str) -> None:
    """Ctrl-C ends a run within seconds, with 130, no traceback, and a trajectory that says it was stopped."""
    with FakeModelServer("late", delay=60) as server:
        command = [*COMMAND, "ask", "Where?", "--file", str(text), "--model", spec(server), "--engine", engine]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with process:
            while server.calls == 0:
                assert process.poll() is None
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            began = time.monotonic()
            stdout, stderr = process.communicate(timeout=30)
            assert time.monotonic() - began < 8
    assert process.returncode == 130
    assert stdout == ""
    assert "Traceback" not in stderr
    [path] = trajectories(environment)
    last: dict[str, Any] = json.loads(path.read_text().splitlines()[-1])
    assert (last["type"], last["outcome"]) == ("run.completed", "cancelled")


def test_ctrl_c_stops_a_guest_that_runs(
    environment: dict[str, str], server: FakeModelServer, script: Script, text: Path
) -> None:
    """Ctrl-C also ends a run whose guest is in an endless loop."""
    script.blocks = ["```python\nprint(llm_query('which city?'))\nwhile True:\n    pass\n```"]
    command = [*COMMAND, "ask", "Where?", "--file", str(text), "--model", spec(server)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        while server.calls < 2:
            assert process.poll() is None
            time.sleep(0.02)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, stderr = process.communicate(timeout=30)
        assert time.monotonic() - began < 8
    assert process.returncode == 130
    assert "Traceback" not in stderr
