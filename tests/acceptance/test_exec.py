"""`greatwheel exec`, as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from greatwheel.channels.cli.exec import exec_command, split_blocks
from greatwheel.core.errors import BadInput

ENGINES = ("monty", "ouros")


def run(*arguments: str, stdin: str | bytes = "") -> subprocess.CompletedProcess[str]:
    """The command's end."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    command = [sys.executable, "-m", "greatwheel.channels.cli.app", "exec", *arguments]
    done = subprocess.run(command, input=data, capture_output=True, timeout=60, check=False)
    return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize("engine", ENGINES)
def test_exec_prints_what_the_guest_prints(engine: str, tmp_path: Path) -> None:
    """A file runs, its output is printed and nothing else; the exit code is 0."""
    program = tmp_path / "program.py"
    program.write_text("print('héllo')\nfor i in range(3):\n    print(i)\n'a value'\n")
    done = run("--engine", engine, str(program))
    assert (done.returncode, done.stdout, done.stderr) == (0, "héllo\n0\n1\n2\n", "")


@pytest.mark.parametrize("engine", ENGINES)
def test_exec_runs_blocks_in_one_session(engine: str) -> None:
    """Blocks share variables."""
    done = run("--engine", engine, "-", stdin="x = 1\n# %%\nx += 1\n# %% third\nprint(x)\n")
    assert (done.returncode, done.stdout) == (0, "2\n")


def test_exec_stops_at_the_first_block_that_fails() -> None:
    """A block that raises ends the run with its traceback on stderr, in the file's own line numbers."""
    done = run("-", stdin="print(1)\n# %%\n\ndef f():\n    return 1 / 0\nf()\n# %%\nprint(2)\n")
    assert (done.returncode, done.stdout) == (1, "1\n")
    assert "line 6" in done.stderr
    assert "line 5, in f" in done.stderr
    assert done.stderr.rstrip().endswith("ZeroDivisionError: division by zero")
    assert "greatwheel" not in done.stderr


@pytest.mark.parametrize("engine", ENGINES)
def test_exec_ends_with_final(engine: str) -> None:
    """FINAL ends the run, even in a loop that catches everything, and its argument is printed."""
    code = "while True:\n    try:\n        FINAL({'answer': [1, 'é']})\n    except BaseException:\n        pass\n"
    code += "# %%\nprint('never')"
    done = run("--engine", engine, "-", stdin=code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "{'answer': [1, 'é']}\n", "")


def test_exec_serves_stand_ins(tmp_path: Path) -> None:
    """Host calls return what the answers file has for their names, SDK names and others."""
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps({"llm_query": "four", "llm.complete": "five", "look_up": {"a": [1]}}))
    code = "print(llm_query('2+2?'), llm.complete(prompt='x'), look_up('k', n=1)['a'])"
    done = run("--answers", str(answers), "-", stdin=code)
    assert (done.returncode, done.stdout) == (0, "four five [1]\n"), done.stderr


def test_exec_refuses_calls_without_stand_in() -> None:
    """A host call without a stand-in raises NotAvailable in the guest, which can catch it."""
    done = run(
        "-", stdin="try:\n    llm_query('x')\nexcept NotAvailable as e:\n    print('caught', e)\nmemory.recall('x')"
    )
    assert done.returncode == 1
    assert done.stdout.startswith("caught llm_query has no stand-in")
    assert "NotAvailable" in done.stderr


def test_exec_binds_the_context(tmp_path: Path) -> None:
    """The file given with --context is the variable `context`."""
    text = tmp_path / "text"
    text.write_text("één\ntwee", encoding="utf-8")
    done = run("--context", str(text), "-", stdin="print(len(context), context.splitlines())")
    assert (done.returncode, done.stdout) == (0, "8 ['één', 'twee']\n")


@pytest.mark.parametrize("engine", ENGINES)
def test_exec_limit_of_seconds(engine: str) -> None:
    """A program that runs longer than --seconds exits with 3, and what it printed is there."""
    done = run("--engine", engine, "--seconds", "0.5", "-", stdin="print('begun')\nwhile True:\n    pass")
    assert (done.returncode, done.stdout) == (3, "begun\n"), done.stderr
    assert done.stderr.count("\n") >= 1


def test_exec_limit_of_memory() -> None:
    """A program that takes more than --memory exits with 3."""
    done = run("--memory", "50000000", "-", stdin="x = []\nwhile True:\n    x.append('x' * 1000000 + str(len(x)))")
    assert done.returncode == 3
    assert "MemoryError" in done.stderr


def test_exec_prints_one_json_object() -> None:
    """With --json stdout is one object that tells of each block."""
    done = run("--json", "-", stdin="print('a')\n# %%\nprint('b')\n1 / 0")
    told = json.loads(done.stdout)
    assert [block["outcome"] for block in told["blocks"]] == ["finished", "raised"]
    assert [block["stdout"] for block in told["blocks"]] == ["a\n", "b\n"]
    assert told["blocks"][0]["error"] is None
    assert told["blocks"][1]["error"]["type"] == "ZeroDivisionError"
    assert (told["exit_code"], done.returncode, told["final"]) == (1, 1, None)


def test_exec_json_of_final() -> None:
    """With --json the final answer is a field; what JSON lacks is told as lists and texts."""
    done = run("--json", "-", stdin="FINAL({'t': (1, 2), 'b': b'x'})")
    told = json.loads(done.stdout)
    assert (told["final"], told["exit_code"], done.returncode) == ({"t": [1, 2], "b": "b'x'"}, 0, 0)


BAD = {
    "missing_file": (["/nonexistent/program.py"], "can't be read"),
    "folder": (["/tmp"], "can't be read"),
    "unknown_engine": (["--engine", "cpython", "-"], "no engine 'cpython'"),
    "missing_answers": (["--answers", "/nonexistent.json", "-"], "can't be read"),
    "missing_context": (["--context", "/nonexistent.txt", "-"], "can't be read"),
    "answers_no_json": (["--answers", "NO_JSON", "-"], "is not JSON"),
    "answers_no_object": (["--answers", "LIST", "-"], "one JSON object"),
    "context_no_text": (["--context", "BINARY", "-"], "not text"),
    "binary_program": (["BINARY"], "not text"),
}


@pytest.mark.parametrize("case", BAD)
def test_exec_bad_input_is_refused(case: str, tmp_path: Path) -> None:
    """Bad input is an error with exit code 2 that names what is wrong."""
    (tmp_path / "NO_JSON").write_text("{")
    (tmp_path / "LIST").write_text("[1]")
    (tmp_path / "BINARY").write_bytes(b"\xff\xfe\x00")
    arguments, expected = BAD[case]
    arguments = [str(tmp_path / a) if a in ("NO_JSON", "LIST", "BINARY") else a for a in arguments]
    app = typer.Typer()
    app.command()(exec_command)
    result = CliRunner().invoke(app, arguments, input="print(1)")
    assert isinstance(result.exception, BadInput)
    assert result.exception.exit_code == 2
    assert expected in str(result.exception)
    assert result.stdout == ""


def test_exec_bad_input_is_one_line() -> None:
    """Bad input is told in one line on stderr."""
    done = run("/nonexistent/program.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "greatwheel: /nonexistent/program.py can't be read: No such file or directory.\n"


def test_exec_lost_sandbox() -> None:
    """When the guest's process dies the exit code is 4 and one line says so."""
    command = [sys.executable, "-m", "greatwheel.channels.cli.app", "exec", "--seconds", "30", "-"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"print('ready')\nllm_query\nwhile True:\n    pass")
    process.stdin.close()
    process.stdin = None
    for child in _children_that_spin(process.pid):
        os.kill(child, signal.SIGKILL)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 4, (out, err)
    assert err.decode().startswith("greatwheel: the sandbox was lost")
    assert err.count(b"\n") == 1


def _children_that_spin(pid: int) -> list[int]:
    """The process's child that uses the processor, once there is one."""
    for _ in range(2000):
        listed = subprocess.run(
            ["ps", "-o", "pid=,times=", "--ppid", str(pid)], capture_output=True, text=True, check=False
        ).stdout.split()
        spinning = [int(child) for child, seconds in zip(listed[::2], listed[1::2], strict=True) if int(seconds) >= 1]
        if spinning:
            return spinning
    return []


def test_exec_splits_blocks_with_their_line_numbers() -> None:
    """Separators are lines that begin with `# %%`; empty blocks are left out; lines keep their numbers."""
    assert split_blocks("a\n# %% x\n\n# %%\nb = '# %%'\n") == ("a\n", "\n\n\n\nb = '# %%'\n")
    assert split_blocks("") == ("",)
